// Importers that stay while modules below them are replaced: which names are missed, and where bindings lead.
const assert = require('node:assert/strict')
const { describe, test } = require('node:test')
const { startStaged } = require('./support/stage')

/** The entry has three imports. The second re-exports by two stars what `one` and `two` export. */
const barrel = {
  'main.mjs': `import { a } from './a.mjs'; import { x } from './barrel.mjs'; import { c } from './c.mjs'
    export const read = () => [a, x, c]`,
  'a.mjs': 'export let a = 1',
  'barrel.mjs': "export * from './one.mjs'; export * from './two.mjs'",
  'one.mjs': "export let x = 'one'; export let own = 1",
  'two.mjs': 'export let other = 1',
  'c.mjs': 'export let c = 3'
}

describe('importers that stay', () => {
  test('a name that moves from one star of a barrel to another is followed', async (t) => {
    const { main, update } = await startStaged(t, barrel)
    await update({ 'one.mjs': 'export let own = 1', 'two.mjs': "export let x = 'two'" })
    assert.deepEqual(main.read(), [1, 'two', 3])
    await update({ 'two.mjs': "export let x = 'two again'" })
    await update({ 'a.mjs': 'export let a = 10', 'c.mjs': 'export let c = 30' })
    assert.deepEqual(main.read(), [10, 'two again', 30])
    await update({ 'one.mjs': "export let x = 'one again'", 'two.mjs': '' })
    assert.deepEqual(main.read(), [10, 'one again', 30])
  })

  test('a name that is gone, or that two stars bring now, fails; the old links stay, and the next update counts', async (t) => {
    const { main, update } = await startStaged(t, barrel)
    await assert.rejects(update({ 'one.mjs': 'export let own = 1' }), { name: 'SyntaxError', message: /named 'x'/ })
    assert.deepEqual(main.read(), [1, 'one', 3])
    await update({ 'one.mjs': "export let x = 'one more'" })
    assert.deepEqual(main.read(), [1, 'one more', 3])
    const both = update({ 'two.mjs': "export let x = 'two'", 'c.mjs': 'export let c = 30' })
    await assert.rejects(both, { name: 'SyntaxError', message: /conflicting star exports for name 'x'/ })
    assert.deepEqual(main.read(), [1, 'one more', 3])
    await update({ 'two.mjs': "export let y = 'two'", 'c.mjs': 'export let c = 300' })
    assert.deepEqual(main.read(), [1, 'one more', 300])
  })

  test('a circle of stars that an update closes, and one that moves a name within the circle', async (t) => {
    const { main, update } = await startStaged(t, {
      'main.mjs': "import { x } from './barrel.mjs'; export const read = () => x",
      'barrel.mjs': "export * from './one.mjs'; export * from './two.mjs'",
      'one.mjs': "export let x = 'one'",
      'two.mjs': 'export let other = 1'
    })
    await update({ 'two.mjs': "export * from './barrel.mjs'; export let other = 1" })
    assert.equal(main.read(), 'one')
    await update({
      'one.mjs': "export * from './two.mjs'",
      'two.mjs': "export * from './barrel.mjs'; export let x = 'two'"
    })
    assert.equal(main.read(), 'two')
    await update({
      'one.mjs': "export * from './barrel.mjs'; export let x = 'one'",
      'two.mjs': "export * from './one.mjs'"
    })
    assert.equal(main.read(), 'one')
  })

  test('a re-export by name that leads elsewhere is followed through a module that stays', async (t) => {
    const { main, update } = await startStaged(t, {
      'main.mjs': "import { x } from './outer.mjs'; import { z } from './two.mjs'; export const read = () => [x, z]",
      'outer.mjs': "export { w as x } from './inner.mjs'",
      'inner.mjs': "export { x as w } from './one.mjs'",
      'one.mjs': 'export let x = 1',
      'two.mjs': 'export let y = 2; export let z = 3'
    })
    await update({ 'inner.mjs': "export { y as w } from './two.mjs'" })
    assert.deepEqual(main.read(), [2, 3])
    await assert.rejects(update({ 'two.mjs': 'export let z = 30' }), { name: 'SyntaxError', message: /'y'/ })
    assert.deepEqual(main.read(), [2, 3])
    await update({ 'two.mjs': 'export let y = 20; export let z = 30' })
    assert.deepEqual(main.read(), [20, 30])
    await assert.rejects(update({ 'inner.mjs': 'export let v = 1' }), { name: 'SyntaxError', message: /'w'/ })
    assert.deepEqual(main.read(), [20, 30])
  })

  test('a name that is gone below a module that is evaluated again with the same text is missed above it', async (t) => {
    const { main, update } = await startStaged(t, {
      'main.mjs': "import { x, y } from './middle.mjs'; export const read = () => [x, y]",
      'middle.mjs': "export * from './leaf.mjs'",
      'leaf.mjs': 'export let x = 1; export let y = 2'
    })
    const gone = update({ 'leaf.mjs': 'export let x = 10' }, ['middle.mjs'])
    await assert.rejects(gone, { name: 'SyntaxError', message: /'y'/ })
    assert.deepEqual(main.read(), [1, 2])
    await update({ 'leaf.mjs': 'export let x = 10; export let y = 20; export let w = 30' }, ['middle.mjs'])
    assert.deepEqual(main.read(), [10, 20])
  })

  test('a name that two stars bring no longer can be imported later', async (t) => {
    const { main, update } = await startStaged(t, {
      'main.mjs': "import { n } from './user.mjs'; export const read = () => n",
      'user.mjs': "import * as ns from './outer.mjs'; export const n = typeof ns",
      'outer.mjs': "export * from './barrel.mjs'",
      'barrel.mjs': "export * from './one.mjs'; export * from './two.mjs'",
      'one.mjs': "export { x } from './a.mjs'",
      'two.mjs': "export { x } from './b.mjs'",
      'a.mjs': "export let x = 'a'",
      'b.mjs': "export let x = 'b'"
    })
    await update({ 'one.mjs': "export { x } from './b.mjs'" })
    await update({ 'user.mjs': "import { x } from './outer.mjs'; export { x as n }" })
    assert.equal(main.read(), 'b')
  })

  test('names that a star brings from CommonJS are checked once it ran', async (t) => {
    const { main, update } = await startStaged(t, {
      'main.mjs': "import { x } from './middle.mjs'; export const read = () => x",
      'middle.mjs': "export let x = 1; export * from './late.cjs'",
      'late.cjs': 'exports.y = 2'
    })
    const missing = update({ 'middle.mjs': "export * from './fresh.cjs'", 'fresh.cjs': 'exports.other = 1' })
    await assert.rejects(missing, { name: 'SyntaxError', message: /'x'/ })
    assert.equal(main.read(), 1)
    await update({ 'middle.mjs': "export * from './fresh.cjs';", 'fresh.cjs': 'exports.x = 3' })
    assert.equal(main.read(), 3)
    await assert.rejects(update({ 'fresh.cjs': 'exports.w = 4' }), { name: 'SyntaxError', message: /'x'/ })
    assert.equal(main.read(), 3)
    await update({ 'fresh.cjs': 'exports.w = 4; exports.x = 5' })
    assert.equal(main.read(), 5)
  })

  test('names of JSON are checked as well', async (t) => {
    const { main, update } = await startStaged(t, {
      'main.mjs': "import { x } from './data.json'; import all from './data.json'; export const read = () => [x, all]",
      'data.json': '{ "x": 1 }'
    })
    await assert.rejects(update({ 'data.json': '{ "y": 2 }' }), { name: 'SyntaxError', message: /'x'/ })
    assert.deepEqual(main.read(), [1, { x: 1 }])
    await update({ 'data.json': '{ "x": 2, "y": 2 }' })
    assert.deepEqual(main.read(), [2, { x: 2, y: 2 }])
  })

  test('each way in which an importer names a module leads to the new version', async (t) => {
    const { main, update } = await startStaged(t, {
      'main.mjs': `import { n } from './a.mjs'; import { n as again, f } from './sub/../a.mjs'
        import * as ns from './a.mjs'; export * as own from './a.mjs'; export { n as re } from './a.mjs'
        import { kept } from './b.mjs'; export const read = () => [n, again, ns.n, f(), kept]`,
      'a.mjs': "export let n = 1; export const f = () => 'f' + n",
      'b.mjs': "export let kept = 'kept'"
    })
    await update({ 'a.mjs': "export let n = 2; export const f = () => 'f' + n" })
    assert.deepEqual(main.read(), [2, 2, 2, 'f2', 'kept'])
    assert.deepEqual([main.own.n, main.re], [2, 2])
  })

  test('a namespace that is made during an update hides no name that the update brings', async (t) => {
    const { main, update } = await startStaged(t, {
      'main.mjs':
        "import { n } from './user.mjs'; export const read = () => n; globalThis.load = (file) => import(file)",
      'user.mjs': "import { x } from './outer.mjs'; export const n = x",
      'outer.mjs': "export * from './barrel.mjs'",
      'barrel.mjs': "export * from './leaf.mjs'",
      'leaf.mjs': 'export let x = 1'
    })
    await update({ 'leaf.mjs': "export let x = 2; export let fresh = 3; await load('./barrel.mjs')" })
    await update({ 'user.mjs': "import { fresh } from './outer.mjs'; export const n = fresh" })
    assert.equal(main.read(), 3)
  })
})
