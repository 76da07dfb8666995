'use strict'

// What docs/command.md shows of a terminal is what a terminal shows: the blocks of one section, one after another.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { test } = require('node:test')
const { makeFolder } = require('./support/files')
const { bin, start } = require('./support/process')
const { readmeBlocks, textOf } = require('./support/readme.js')

const SECTION = 'A hot module as the program'
const markdown = textOf('docs/command.md')

test('the transcripts of a start, an update, a broken edit, a recovery and a Ctrl-C', async (t) => {
  const [server] = readmeBlocks(markdown).filter(({ section, file }) => section === SECTION && file === 'server.js')
  const { dir, file } = makeFolder(t, { files: { 'server.js': server.code } })
  const command = `exec '${process.execPath}' '${bin}' -l -f server.js 2>&1`
  const run = start(t, ['bash', '-c', command], { cwd: dir, env: { PORT: '0' } })
  const edit = (before, after) => {
    const text = fs.readFileSync(file('server.js'), 'utf8')
    assert.ok(text.includes(before))
    fs.writeFileSync(file('server.js'), text.replaceAll(before, after))
  }
  await run.printed('running the first version')
  edit('first', 'second')
  await run.printed(/updated in .*\n/)
  edit('console.log("running', 'consol.log("running')
  await run.printed(/using the last good version\n/)
  edit('consol.log', 'console.log')
  await run.printed(/recovered in .*\n/)
  run.kill('SIGINT')
  const { code, stdout } = await run.ended()
  assert.equal(code, 130)
  assert.equal(neutral(shown()), neutral(stdout.replaceAll(dir, '/app')))
})

/** The section's terminal blocks, without what is typed. */
function shown() {
  const [section] = markdown.split(`\n## ${SECTION}\n`)[1].split('\n## ')
  const blocks = [...section.matchAll(/^```console\n([\s\S]*?)^```$/gm)].map(([, block]) => block)
  assert.equal(blocks.length, 5)
  return blocks.join('').replace(/^(\$ .*|\^C)\n/gm, '')
}

/** Without the time of day, the durations, and what this version of Node calls a function. */
function neutral(text) {
  const named = text.replace(/^ {4}at .* \(/gm, '    at FUNCTION (')
  return named.replace(/^\d\d:\d\d:\d\d /gm, 'TIME ').replace(/ in \d+\.\d ms$/gm, ' in SOME ms')
}
