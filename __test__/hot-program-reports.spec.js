// What is reported of a version that fails: one block, with the line of code, once.
const assert = require('node:assert/strict')
const fs = require('node:fs')
const { describe, test } = require('node:test')
const { runHot } = require('./support/hot')

describe('"reported with the line of code; nothing was touched"', () => {
  // [hot 117, 125]
  test('an import that leads nowhere', async (t) => {
    const program = await runHot(
      t,
      { 'package.json': '{"type":"module"}', 'main.ts': 'import "./a.ts"', 'a.ts': 'import.meta.hot?.accept()' },
      { entry: 'main.ts' }
    )
    const told = await program.edit({
      'a.ts': 'import.meta.hot?.accept()\nimport { x } from "./nope"\nlet y: number = x\n'
    })
    assert.equal(told.event, 'failed')
    await program.until(() => program.out.includes('kept its last good version'))
    const block = `[hmr] a.ts: the new version cannot be loaded
  a.ts:2:19
    1 | import.meta.hot?.accept()
  > 2 | import { x } from "./nope"
      |                   ^
    3 | let y: number = x
Error [ERR_MODULE_NOT_FOUND]: Cannot find module '${program.path('nope')}' imported from ${program.path('a.ts')}`
    assert.equal(program.out.slice(0, block.length), block)
  })

  // [hot 101, 117]
  test('a name that is gone: the block names the file that was saved and shows the import', async (t) => {
    const program = await runHot(t, {
      'main.mjs': 'import { x } from "./a.mjs"',
      'a.mjs': 'export const x = 1; import.meta.hot.accept()'
    })
    await program.edit({ 'a.mjs': 'import.meta.hot.accept()' })
    await program.until(() => program.out.includes('kept its last good version'))
    assert.match(
      program.out,
      /^\[hmr\] a\.mjs: the new version cannot be loaded\n {2}main\.mjs:1:10\n {2}> 1 \| import \{ x \} from "\.\/a\.mjs"\n {6}\| {10}\^\nSyntaxError: The requested module '\.\/a\.mjs' does not provide an export named 'x'/
    )
  })

  // [hot 117]
  test('a file that ends too early', async (t) => {
    const program = await runHot(t, { 'main.mjs': 'import "./a.mjs"', 'a.mjs': 'import.meta.hot.accept()' })
    await program.edit({ 'a.mjs': 'import.meta.hot.accept()\nlet x = {\n' })
    await program.until(() => program.out.includes('kept its last good version'))
    assert.match(
      program.out,
      /^\[hmr\] a\.mjs: the new version cannot be loaded\n {2}a\.mjs:2:\d+\n.*> 2 \| let x = \{\n.*SyntaxError: /s
    )
  })

  // [hot 118, 125]
  test('what CommonJS requires in vain: the stack is the user’s alone', async (t) => {
    const program = await runHot(
      t,
      { 'main.cjs': 'require("./a.cjs")', 'a.cjs': 'module.hot.accept()' },
      { entry: 'main.cjs' }
    )
    await program.edit({ 'a.cjs': 'module.hot.accept()\nrequire("./nope.cjs")' })
    await program.until(() => program.out.includes('kept its last good version'))
    assert.match(program.out, /> 2 \| require\("\.\/nope\.cjs"\)/)
    assert.doesNotMatch(program.out, /glue\.js|node:internal/)
  })
})

describe('"the entry file, a module or its folder is deleted"', () => {
  // [hot 124]
  test('a module: the block names it, the last good version goes on until it is back', async (t) => {
    const program = await runHot(t, {
      'main.mjs': 'import "./mid.mjs"',
      'mid.mjs': 'import "./a.mjs"; say("mid")',
      'a.mjs': ''
    })
    program.remove('a.mjs')
    assert.equal((await program.next()).event, 'failed')
    await program.until(() => program.out.includes('kept its last good version'))
    assert.match(program.out, /^\[hmr\] a\.mjs: the new version cannot be loaded\n {2}mid\.mjs:1:8\n/)
    assert.equal((await program.edit({ 'a.mjs': 'say("back")' })).event, 'reloaded')
    assert.deepEqual(program.said, ['back', 'mid'])
    await program.until(() => program.out.includes('(recovered)'))
  })

  // [hot 124]
  test('the entry', async (t) => {
    const program = await runHot(t, { 'main.mjs': 'import "./a.mjs"; globalThis.answer = () => 1', 'a.mjs': '' })
    program.remove('main.mjs')
    assert.equal((await program.next()).event, 'failed')
    assert.equal(await program.ask('answer()'), 1)
    assert.equal((await program.edit({ 'main.mjs': 'globalThis.answer = () => 2' })).event, 'reloaded')
    assert.equal(await program.ask('answer()'), 2)
  })

  // [hot 124]
  test('a folder', async (t) => {
    const program = await runHot(t, {
      'main.mjs': 'import { n } from "./d/a.mjs"; globalThis.read = () => n',
      'd/a.mjs': 'import "./b.mjs"; import.meta.hot.accept(); export const n = 1',
      'd/b.mjs': ''
    })
    fs.rmSync(program.path('d'), { recursive: true })
    assert.equal((await program.next()).event, 'failed')
    assert.equal(await program.ask('read()'), 1)
    program.write('d/b.mjs', '')
    program.write('d/a.mjs', 'import "./b.mjs"; import.meta.hot.accept(); export const n = 2')
    await program.until(() => program.out.includes('(recovered)'))
    assert.equal(await program.ask('read()'), 2)
  })
})

// [hot 120]
test('"the last good version fails as well": the old bindings stay, the process lives, the next save is taken', async (t) => {
  const program = await runHot(t, {
    'main.mjs': 'import { n } from "./a.mjs"; globalThis.read = () => n',
    'a.mjs': `if (globalThis.broken) throw new Error("old fails"); export const n = 1
      import.meta.hot.accept(); import.meta.hot.dispose(() => {})`
  })
  const told = await program.edit({
    'a.mjs': 'globalThis.broken = true; throw new Error("new fails"); export const n = 2'
  })
  assert.equal(told.event, 'failed')
  await program.until(() => /the last good version failed as well.*old fails/s.test(program.out))
  assert.equal(await program.ask('read()'), 1)
  assert.equal((await program.edit({ 'a.mjs': 'export const n = 3; import.meta.hot.accept()' })).event, 'updated')
  assert.equal(await program.ask('read()'), 3)
})

// [hot 121]
test('"a disposer, accept callback, listener, prune callback" that fails is "reported with the module; the rest goes on"', async (t) => {
  const fail = (what) => `() => Promise.reject(new Error("in ${what}"))`
  const program = await runHot(t, {
    'main.mjs': 'import "./a.mjs"; import.meta.hot.on("vite:afterUpdate", () => say("after"))',
    'a.mjs': `import "./b.mjs"; const { hot } = import.meta
      hot.dispose(${fail('disposer')}); hot.accept(${fail('accept')}); hot.on("vite:beforeUpdate", ${fail('listener')})`,
    'b.mjs': `import.meta.hot.prune(${fail('prune')})`
  })
  const told = await program.edit({ 'a.mjs': 'import.meta.hot.accept()' })
  assert.equal(told.event, 'updated')
  assert.deepEqual(program.said, ['after'])
  for (const [file, what, word] of [
    ['a', 'a listener of "vite:beforeUpdate"', 'listener'],
    ['a', 'a disposer', 'disposer'],
    ['b', 'a prune callback', 'prune'],
    ['a', 'an accept callback', 'accept']
  ]) {
    const at = program.out.indexOf(`[hmr] ${file}.mjs: ${what} failed\n`)
    assert.notEqual(at, -1, what)
    assert.match(program.out.slice(at), new RegExp(`^.*\\n[^[]*Error: in ${word}`))
  }
})
