// Runs each JavaScript block of the README: the blocks of a section are laid out as the files they say they are, and
// the one that says `run` is run. What its comments say it prints has to be printed, before and after each edit.
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { describe, test } = require('node:test')
const { makeProject, root } = require('./support/project.js')
const { readmeBlocks } = require('./support/readme.js')

const markdown = fs.readFileSync(path.join(root, 'README.md'), 'utf8')
const all = readmeBlocks(markdown)
const blocks = all.filter((block) => block.as === undefined)
const sections = new Map()
for (const block of blocks) sections.set(block.section, [...(sections.get(block.section) ?? []), block])

for (const [section, files] of sections) {
  if (files.every((block) => block.language === 'ts')) continue // type-checked in __test__/types
  describe(`README, "${section}"`, () => {
    for (const entry of files.filter((block) => block.run))
      test(entry.run, async (t) => {
        const project = makeProject(t, { jiti: 'jiti' })
        for (const { file, code } of files) project.write(file, code)
        const command = entry.run.split(' ')
        const env = { PORT: '0', NODE_ENV: 'test' }
        const program = command[0] === 'hmr' ? project.hmr(command.slice(1), env) : project.run(command, env)
        for (const step of entry.steps)
          if (step.edit) project.edit(step.edit, step.before, step.after)
          else await program.line(step.prints)
      })
  })
}

test('every section with JavaScript is run, and says what it prints', () => {
  for (const [section, files] of sections) {
    if (files.every((block) => block.language === 'ts')) continue
    const entries = files.filter((block) => block.run)
    assert.notEqual(entries.length, 0, section)
    for (const entry of entries) assert.notEqual(entry.steps.length, 0, `${section}: ${entry.run}`)
  }
})

test('a block that another test runs is the whole of its file', () => {
  const copies = all.filter((block) => block.as !== undefined)
  assert.notEqual(copies.length, 0)
  for (const { as, code } of copies)
    assert.equal(code.slice(code.indexOf('\n') + 1), fs.readFileSync(path.join(root, as), 'utf8'), as)
})

test('links within the README, and to files of this repository, lead somewhere', () => {
  const anchors = new Set([...markdown.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchor(heading)))
  for (const [, target] of markdown.matchAll(/\]\(([^)\s]+)\)/g))
    if (target.startsWith('#')) assert.ok(anchors.has(target.slice(1)), target)
    else if (!target.startsWith('http')) assert.ok(fs.existsSync(path.join(root, target)), target)
})

/** As the sites that show a README make them. */
function anchor(heading) {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')
}
