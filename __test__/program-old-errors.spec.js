'use strict'
// A report shows the line that threw, or none: an old version's error may come when its file has another text.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { makeFolder } = require('./support/files')
const { hmr } = require('./support/process')

const FILES = {
  'main.mjs': ['export {}', '.mjs'],
  'main.cjs': ['"use strict"', '.cjs'],
  'main.ts': ['export const kind: string = "ts"', '.ts']
}

/** A version that leaves functions that fail, unless an earlier one has; a line on stdin calls one. */
const version = (first, number) => `${first}
globalThis.fail ??= () => { throw new Error('of version ${number}') }
globalThis.reject ??= () => Promise.reject(new Error('rejected by version ${number}'))
process.stdin.on('data', (data) => globalThis[String(data).trim()]())
console.log('runs', ${number})
`

for (const [file, [first, kind]] of Object.entries(FILES)) {
  // [hot 125]
  test(`an error of a replaced version is reported without a line of the new text (${kind})`, async (t) => {
    const { dir, write } = makeFolder(t, {
      files: { 'package.json': '{ "type": "module" }', [file]: `${first}\nconsole.log('runs', 0)` }
    })
    const run = hmr(t, ['-l', file], { cwd: dir, stdio: ['pipe', 'pipe', 'pipe'] })
    await run.printed('its saves are taken')
    write(file, version(first, 1))
    await run.printed('reloaded')
    run.child.stdin.write('reject\n')
    const [shown] = await run.printed(/.*an unhandled rejection\n[\s\S]*?\nError: rejected by version 1\n/, 'stderr')
    assert.match(shown, /\n {2}> 3 \| globalThis\.reject \?\?= /)
    write(file, version(first, 2))
    await run.printed('runs 2')
    await run.printed('reloaded')
    for (const [word, text] of [
      ['fail', /.*an uncaught exception\n[\s\S]*?\n?Error: of version 1\n.*at .*/],
      ['reject', /.*an unhandled rejection\n[\s\S]*?\n?Error: rejected by version 1\n.*at .*/]
    ]) {
      run.child.stdin.write(`${word}\n`)
      const [block] = await run.printed(text, 'stderr')
      assert.doesNotMatch(block, / \| /, block)
      assert.match(block, new RegExp(`main${kind.replace('.', '\\.')}:${word === 'fail' ? 2 : 3}:\\d+`))
    }
  })
}

// [hot 125]
test('a saved text that is not taken is not shown for the running one', async (t) => {
  const { dir, write } = makeFolder(t, {
    files: { 'package.json': '{ "type": "module" }', 'main.mjs': version('export {}', 1) }
  })
  const run = hmr(t, ['-l', 'main.mjs'], { cwd: dir, stdio: ['pipe', 'pipe', 'pipe'] })
  await run.printed('its saves are taken')
  write('main.mjs', `export {\n// another\n// text\n`)
  await run.printed('kept its last good version')
  run.child.stdin.write('fail\n')
  const [block] = await run.printed(/.*an uncaught exception\n[\s\S]*?\n?Error: of version 1\n/, 'stderr')
  assert.doesNotMatch(block, / \| /, block)
})

// [hot 125]
test('a version that fails is shown with its own line, also an old one whose file has not changed', async (t) => {
  const { dir, write } = makeFolder(t, {
    files: {
      'package.json': '{ "type": "module" }',
      'main.mjs': 'import "./a.mjs"\nimport "./b.mjs"\nglobalThis.ran = true',
      'a.mjs': version('export {}', 1),
      'b.mjs': 'export const b = 1'
    }
  })
  const run = hmr(t, ['-l', 'main.mjs'], { cwd: dir, stdio: ['pipe', 'pipe', 'pipe'] })
  await run.printed('its saves are taken')
  write('b.mjs', 'export const b = 2')
  await run.printed('reloaded')
  run.child.stdin.write('fail\n')
  const [block] = await run.printed(/.*an uncaught exception\n[\s\S]*?\nError: of version 1\n/, 'stderr')
  assert.match(block, / {2}> 2 \| globalThis\.fail \?\?= /)
  write('b.mjs', '\n\nthrow new Error("new")')
  const [failed] = await run.printed(/\[hmr\] b\.mjs[\s\S]*?\nError: new\n/, 'stderr')
  assert.match(failed, / {2}> 3 \| throw new Error\("new"\)/)
})
