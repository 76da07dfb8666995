'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { describe, test } = require('node:test')
const { makeFolder } = require('./support/files')
const { hmr } = require('./support/process')

const head = "const { createPersist, createRunner, hmr } = require('@upvotr/node-hmr')\n"
const made = (persist, runner, force = false) => `${head}module.exports = hmr(${persist}, ${runner}, ${force})`
const running = (word, rest = '') => `createRunner(() => console.log('version ${word} runs')${rest})`

// [node-hmr 65, 91]
describe('"a failing update never ends the process (mended)"', () => {
  const failing = {
    'an error while it is evaluated': "throw new Error('evaluated')",
    'undefined while it is evaluated': 'throw undefined',
    'a syntax error': 'const = 5',
    'an empty file': '',
    'no hot module': 'module.exports = null',
    'a getter that throws': "module.exports = { get runner() { throw new Error('looked at') } }",
    'a runner that throws': made('null', "createRunner(() => { throw new Error('runs') })"),
    'a runner that throws undefined': made('null', 'createRunner(() => { throw undefined })'),
    'an AsyncRunner that rejects': made('null', 'createRunner(async () => { throw null }, undefined, true)'),
    'a Runner that returns a rejected promise': made('null', "createRunner(async () => { throw new Error('late') })"),
    '`generate` that throws': made("createPersist(() => { throw new Error('no values') })", running('bad'), true),
    '`generate` that rejects': made('createPersist(() => Promise.reject())', running('bad'), true)
  }
  for (const [kind, text] of Object.entries(failing))
    test(kind, async (t) => {
      const { run, save } = await started(t)
      save(text)
      await run.printed(/^\[hmr\] server\.js: /m, 'stderr')
      await goesOn(run, save)
    })

  test('a file that goes away', async (t) => {
    const { run, save, file } = await started(t)
    fs.rmSync(file('server.js'))
    await run.printed(/^\[hmr\] server\.js: /m, 'stderr')
    await goesOn(run, save)
  })

  for (const [kind, persist, runner] of [
    ['a cleanup that throws', 'null', running('one', ", () => { throw new Error('clean') }")],
    ['a cleanup that rejects', 'null', running('one', ', () => Promise.reject()')],
    ['a persistent cleanup that throws', 'createPersist(() => ({}), () => { throw 0 })', running('one')],
    ['a persistent cleanup that rejects', "createPersist(() => ({}), async () => { throw 'no' })", running('one')]
  ])
    test(kind, async (t) => {
      const { run, save } = await started(t, made(persist, runner))
      save(made('null', running('two'), true))
      await run.printed(/^\[hmr\] server\.js: /m, 'stderr')
      await run.printed('version two runs')
      await goesOn(run, save)
    })
})

async function started(t, text = made('null', running('one'))) {
  const { dir, file } = makeFolder(t, { files: { 'server.js': text } })
  const run = hmr(t, ['-f', 'server.js'], { cwd: dir })
  await run.printed('version one runs')
  return { run, file, save: (text) => fs.writeFileSync(file('server.js'), text) }
}

/** The next save is taken, and only a signal ends the process. */
async function goesOn(run, save) {
  save(made('null', running('last')))
  await run.printed('version last runs')
  assert.equal(run.child.exitCode, null)
  run.kill('SIGTERM')
  assert.equal((await run.ended()).code, 143)
}
