// What importers see after an update of what they import.
const assert = require('node:assert/strict')
const { test } = require('node:test')
const { runHot } = require('./support/hot')

// [hot 94, 95]
test('"all at once, when the new versions have been evaluated and before accept callbacks are called"', async (t) => {
  const program = await runHot(t, {
    'main.mjs': 'import { a } from "./middle.mjs"; globalThis.read = () => a',
    'middle.mjs': `import { b } from "./leaf.mjs"; export const a = "a" + b; say("middle sees " + globalThis.read?.())
      import.meta.hot.accept(() => say("callback sees " + read()))`,
    'leaf.mjs': 'export const b = 1'
  })
  await program.edit({
    'leaf.mjs': 'export const b = 2; say("leaf sees " + read()); await null; say("later " + read())'
  })
  assert.deepEqual(program.said, ['leaf sees a1', 'later a1', 'middle sees a1', 'callback sees a2'])
})

// [hot 95, 96]
test('bindings are live in the new version as well, through `export *`, `export * as` and `export { default as }`; copies are theirs', async (t) => {
  const leaf = (n) =>
    `export let x = ${n}; export default () => "d" + x; globalThis.more = () => ++x; import.meta.hot.accept()`
  const program = await runHot(t, {
    'main.mjs':
      'import { x as y, ns, d } from "./middle.mjs"; const copy = y; globalThis.read = () => [y, ns.x, d(), copy]',
    'middle.mjs':
      'export * from "./leaf.mjs"; export * as ns from "./leaf.mjs"; export { default as d } from "./leaf.mjs"',
    'leaf.mjs': leaf(1)
  })
  await program.ask('more()')
  assert.deepEqual(await program.ask('read()'), [2, 2, 'd2', 1])
  assert.equal((await program.edit({ 'leaf.mjs': leaf(10) })).event, 'updated')
  await program.ask('more()')
  assert.deepEqual(await program.ask('read()'), [11, 11, 'd11', 1])
})

// [hot 94, 95]
test('bindings that are read thousands of times follow updates, also to another `export *`', async (t) => {
  const leaf = (n) => `export const x = ${n}, z = ${n}; import.meta.hot.accept()`
  const program = await runHot(t, {
    'main.mjs': `import { x, z, w, far } from "./middle.mjs"
      globalThis.read = () => { for (let n = 0; n < 3000; n++) x + z + w + far; return [x, z, w, far] }`,
    'middle.mjs': 'export * from "./one.mjs"; export * from "./two.mjs"; export { z as w } from "./one.mjs"',
    'one.mjs': leaf(1),
    'two.mjs': 'export const far = "two"; import.meta.hot.accept()'
  })
  assert.deepEqual(await program.ask('read()'), [1, 1, 1, 'two'])
  await program.edit({ 'one.mjs': leaf(2) })
  assert.deepEqual(await program.ask('read()'), [2, 2, 2, 'two'])
  // The first of the two may be taken alone: then `far` is ambiguous, and that version fails.
  program.write('one.mjs', `export const far = "one"; ${leaf(3)}`)
  program.write('two.mjs', 'import.meta.hot.accept()')
  await program.next('updated')
  assert.deepEqual(await program.ask('read()'), [3, 3, 3, 'one'])
})

// [hot 97]
test('"A namespace object obtained earlier shows the current version …; each version has a namespace of its own"', async (t) => {
  const program = await runHot(t, {
    'main.mjs': 'globalThis.load = () => import("./a.mjs"); globalThis.first = await load()',
    'a.mjs': 'export const n = 1, gone = 2; import.meta.hot.accept((module) => (globalThis.second = module))'
  })
  await program.edit({ 'a.mjs': 'export const n = 2, fresh = 3; import.meta.hot.accept()' })
  assert.deepEqual(await program.ask('[first.n, first.gone ?? null, "fresh" in first]'), [2, null, false])
  assert.deepEqual(await program.ask('[{ ...second }, Object.keys(second)]'), [{ n: 2, fresh: 3 }, ['fresh', 'n']])
  assert.deepEqual(await program.ask('load().then((now) => [now === second, now === first])'), [true, false])
  await program.edit({ 'a.mjs': 'export const n = 3, gone = 4; import.meta.hot.accept()' })
  assert.deepEqual(await program.ask('[first.n, first.gone, second.n, second.fresh ?? null]'), [3, 4, 3, null])
})

// [hot 98]
test('"CommonJS importers keep what `require` gave them"', async (t) => {
  const program = await runHot(
    t,
    {
      'main.cjs': 'const a = require("./a.cjs"); globalThis.read = () => [a.n, require("./a.cjs").n]',
      'a.cjs': 'exports.n = 1; module.hot.accept()'
    },
    { entry: 'main.cjs' }
  )
  await program.edit({ 'a.cjs': 'exports.n = 2; module.hot.accept()' })
  assert.deepEqual(await program.ask('read()'), [1, 2])
})

// [hot 116]
test('an export that moves to another module by two saves, in either order, arrives with the second', async (t) => {
  const version = (name, n, exported) =>
    `export const ${name} = ${n}; ${exported ? `export const far = "${name}"` : ''}; import.meta.hot.accept()`
  const program = await runHot(t, {
    'main.mjs': 'import { far, a, b, c } from "./middle.mjs"; globalThis.read = () => [far, a, b, c]',
    'middle.mjs': 'export * from "./a.mjs"; export * from "./b.mjs"; export * from "./c.mjs"',
    'a.mjs': version('a', 1, true),
    'b.mjs': version('b', 1, false),
    'c.mjs': 'export const c = 1; import.meta.hot.accept()'
  })
  assert.equal((await program.edit({ 'a.mjs': version('a', 2, false) })).event, 'failed')
  // What fails for itself holds up neither, and is held up by neither.
  program.write('c.mjs', 'import { none } from "./b.mjs"; export const c = none')
  await program.next('failed')
  await program.until(() => /does not provide an export named 'none'/.test(program.out))
  assert.equal((await program.edit({ 'c.mjs': 'export const c = 2; import.meta.hot.accept()' })).event, 'updated')
  assert.deepEqual(await program.ask('read()'), ['a', 1, 1, 2])
  assert.equal((await program.edit({ 'b.mjs': version('b', 2, true) })).event, 'updated')
  assert.deepEqual(await program.ask('read()'), ['b', 2, 2, 2])
  assert.equal((await program.edit({ 'a.mjs': version('a', 3, true) })).event, 'failed')
  assert.equal((await program.edit({ 'b.mjs': version('b', 3, false) })).event, 'updated')
  assert.deepEqual(await program.ask('read()'), ['a', 3, 3, 2])
})

test('a save that cannot be linked leaves an evaluation under way alone', async (t) => {
  const program = await runHot(t, {
    'main.mjs': 'import "./a.mjs"; import "./b.mjs"',
    'a.mjs': 'export const a = 1; globalThis.a = 1; import.meta.hot.accept()',
    'b.mjs': 'export const b = 1; import.meta.hot.accept()'
  })
  program.write('a.mjs', 'say("a waits"); await new Promise((go) => (globalThis.go = go)); globalThis.a = 2')
  await program.until(() => program.said.includes('a waits'))
  program.write('b.mjs', 'import { none } from "./a.mjs"; none')
  await program.next('failed')
  program.ask('go()')
  assert.equal((await program.next()).event, 'updated')
  assert.equal(await program.ask('a'), 2)
})
