// New versions of modules beside the running ones.
const assert = require('node:assert/strict')
const { describe, test } = require('node:test')
const { startStaged } = require('./support/stage')

describe('a stage', () => {
  test('importers see the new version at the next use, without being evaluated again', async (t) => {
    const { main, update, log } = await startStaged(t, {
      'main.mjs':
        "import { n } from './a.mjs'; import * as ns from './a.mjs'; export const read = () => [n, ns.n, ns]; log.push('main')",
      'a.mjs': "export let n = 1; log.push('a')"
    })
    const [, , ns] = main.read()
    await update({ 'a.mjs': "export let n = 2; export const more = 1; log.push('a2')" })
    assert.deepEqual(log, ['a', 'main', 'a2'])
    assert.equal(main.read()[0], 2)
    assert.equal(main.read()[1], 2)
    assert.equal(ns.n, 2, 'a namespace obtained earlier shows the current version')
    assert.equal('more' in ns, false)
    assert.equal('more' in main.read()[2], true, 'each version has a namespace of its own')
  })

  test('new versions see each other, and those outside the old ones until the commit', async (t) => {
    const { main, update, log } = await startStaged(t, {
      'main.mjs':
        "import { b } from './b.mjs'; import { a } from './a.mjs'; export const read = () => [a, b()]; globalThis.read = read",
      'a.mjs': 'export let a = 1',
      'b.mjs': "import { a } from './a.mjs'; export const b = () => a"
    })
    await update({
      'a.mjs': 'log.push(read()); export let a = 2; log.push(read())',
      'b.mjs': "import { a } from './a.mjs'; log.push(['b sees', a]); log.push(read()); export const b = () => a * 10"
    })
    assert.deepEqual(log, [
      [1, 1],
      [1, 1],
      ['b sees', 2],
      [1, 1]
    ])
    assert.deepEqual(main.read(), [2, 20])
  })

  test('a version that throws leaves everything as it was', async (t) => {
    const { main, update } = await startStaged(t, {
      'main.mjs': "import { n } from './a.mjs'; export const read = () => n",
      'a.mjs': 'export let n = 1'
    })
    await assert.rejects(update({ 'a.mjs': "export let n = 2; throw new Error('no')" }), /no/)
    assert.equal(main.read(), 1)
    await assert.rejects(update({ 'a.mjs': 'export let n = 2; await null; throw 5' }), (error) => error === 5)
    assert.equal(main.read(), 1)
    await update({ 'a.mjs': 'export let n = 3; await null' })
    assert.equal(main.read(), 3)
  })

  test('a name that is gone and that an importer still uses fails, also by way of re-exports', async (t) => {
    const { main, update, log } = await startStaged(t, {
      'main.mjs': "import { n } from './barrel.mjs'; export const read = () => n",
      'barrel.mjs': "export * from './a.mjs'",
      'a.mjs': 'export let n = 1'
    })
    await assert.rejects(update({ 'a.mjs': "log.push('must not run'); export let m = 2" }), {
      name: 'SyntaxError',
      message: "The requested module './barrel.mjs' does not provide an export named 'n'"
    })
    assert.deepEqual(log, [])
    assert.equal(main.read(), 1)
    await update({ 'a.mjs': 'export let n = 2, later = 3' })
    assert.equal(main.read(), 2)
    assert.equal(Object.keys(await import('node:module')).length > 0, true)
  })

  test('barrels gain names, and a new module is loaded', async (t) => {
    const { main, update } = await startStaged(t, {
      'main.mjs':
        "import * as all from './barrel.mjs'; export const read = () => all; export const load = () => import('./user.mjs')",
      'barrel.mjs': "export * from './a.mjs'",
      'a.mjs': 'export let n = 1'
    })
    await update({ 'new.mjs': 'export const added = 5', 'a.mjs': "export let n = 2; export * from './new.mjs'" })
    await update({ 'user.mjs': "import { added } from './barrel.mjs'; export { added }" })
    assert.equal((await main.load()).added, 5)
    assert.equal(main.read().n, 2)
  })

  test('a long chain of re-exports leads to the new version of what is at its end, or on its way', async (t) => {
    const link = (n) => (n % 3 ? `export * from './${n + 1}.mjs'` : `export { n, o } from './${n + 1}.mjs'`)
    const files = {
      'main.mjs':
        "import { n } from './0.mjs'; import * as ns from './0.mjs'; export const read = () => [n, ns.n, ns.o]"
    }
    for (let n = 0; n < 1_000; n++) files[`${n}.mjs`] = link(n)
    const { main, update } = await startStaged(t, { ...files, '1000.mjs': 'export let n = 1; export const o = 1' })
    assert.deepEqual(main.read(), [1, 1, 1])
    await update({ '1000.mjs': 'export let n = 2; export const o = 2' })
    assert.deepEqual(main.read(), [2, 2, 2])
    await update({ '500.mjs': "export * from './501.mjs'; export let n = 3" })
    assert.deepEqual(main.read(), [3, 3, 2])
    await assert.rejects(update({ '1000.mjs': 'export let n = 4' }), { name: 'SyntaxError', message: /named 'o'/ })
    await update({ '501.mjs': 'export const o = 5' })
    assert.deepEqual(main.read(), [3, 3, 5])
  })

  test('a cycle is evaluated again as a whole; what does not change keeps its instance', async (t) => {
    const { update, log, main } = await startStaged(t, {
      'main.mjs': "import { a } from './a.mjs'; export const read = () => a()",
      'a.mjs': "import { b } from './b.mjs'; import './c.mjs'; export const a = () => b(); log.push('a')",
      'b.mjs': "import { a } from './a.mjs'; export function b() { return typeof a }; log.push('b')",
      'c.mjs': "log.push('c')"
    })
    await update({ 'b.mjs': "import { a } from './a.mjs'; export function b() { return a.name }; log.push('b2')" }, [
      'a.mjs'
    ])
    assert.deepEqual(log, ['b', 'c', 'a', 'b2', 'a'])
    assert.equal(main.read(), 'a')
  })

  test('CommonJS is evaluated again, and put back when it throws', async (t) => {
    const { update, main, at } = await startStaged(t, {
      'main.mjs': "import c, { n } from './c.cjs'; export const read = () => [c.n, n]",
      'c.cjs': 'exports.n = 1'
    })
    const before = require.cache[at('c.cjs')]
    await assert.rejects(update({ 'c.cjs': "exports.n = 2; throw 'no'" }), (error) => error === 'no')
    assert.equal(require.cache[at('c.cjs')], before)
    assert.deepEqual(main.read(), [1, 1])
    await update({ 'c.cjs': 'exports.n = 3' })
    assert.deepEqual(main.read(), [3, 3])
    assert.notEqual(require.cache[at('c.cjs')], before)
  })

  // [hot 29]
  test('a module may change its kind', async (t) => {
    const { update, main } = await startStaged(t, {
      'package.json': '{}',
      'main.mjs': "import { n } from './a.js'; export const read = () => n",
      'a.js': 'exports.n = 1'
    })
    assert.equal(main.read(), 1)
    await update({ 'a.js': 'export const n = 2' })
    assert.equal(main.read(), 2)
    await update({ 'a.js': 'exports.n = 3' })
    assert.equal(main.read(), 3)
  })

  // [hot 27]
  test('JSON is hot', async (t) => {
    const { update, main } = await startStaged(t, {
      'main.mjs': "import d, { n } from './a.json'; export const read = () => [d.n, n]",
      'a.json': '{ "n": 1 }'
    })
    await update({ 'a.json': '{ "n": 2 }' })
    assert.deepEqual(main.read(), [2, 2])
    await assert.rejects(update({ 'a.json': '{ "n": }' }), { name: 'SyntaxError' })
    assert.deepEqual(main.read(), [2, 2])
  })

  test('old versions are collected', async (t) => {
    const { update } = await startStaged(t, {
      'main.mjs': "import { big } from './a.mjs'; import * as ns from './a.mjs'; export const read = () => [big, ns]",
      'a.mjs': 'export const big = {}; globalThis.refs = [new WeakRef(big)]'
    })
    for (let n = 0; n < 50; n++) {
      await update({ 'a.mjs': `export const big = { n: ${n} }; refs.push(new WeakRef(big)); import.meta.url` })
    }
    const v8 = require('node:v8')
    v8.setFlagsFromString('--expose-gc')
    const gc = require('node:vm').runInNewContext('gc')
    for (let n = 0; n < 5; n++) {
      await new Promise(setImmediate)
      gc()
    }
    const alive = globalThis.refs.filter((ref) => ref.deref()).length
    assert.ok(alive <= 2, `${alive} of ${globalThis.refs.length} are alive`)
  })
})
