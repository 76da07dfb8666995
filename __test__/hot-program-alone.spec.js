// Updates of a module that imports nothing: it is evaluated by itself, in a shorter form of its code than at the start.
const assert = require('node:assert/strict')
const { test } = require('node:test')
const { runHot } = require('./support/hot')

const accept = 'import.meta.hot.accept()'

// [hot 65, 95]
test('its exports are all there, and those that it assigns to stay live', async (t) => {
  const leaf = (n) => `export const one = ${n}
    export let count = ${n * 10}, late
    export const more = () => ++count
    export function set(value) { late = value }
    export class Point { x = ${n} }
    export default () => one
    const own = ${n}
    export { own as 'a b', own as __proto__, own as then }
    { for (count of [${n * 10}]); }
    ${accept} // the end`
  const program = await runHot(t, {
    'main.mjs': `import d, { one, count, late, more, set, Point } from './leaf.mjs'
      import * as ns from './leaf.mjs'
      globalThis.read = () => [one, count, late ?? null, new Point().x, d(), ns['a b'], ns.__proto__, ns.count, ns.late ?? null]
      Object.assign(globalThis, { more: () => more(), set: (it) => set(it), names: () => [d.name, Point.name, more.name, Object.keys(ns)] })`,
    'leaf.mjs': leaf(1)
  })
  const names = await program.ask('names()')
  assert.deepEqual(names.slice(0, 3), ['default', 'Point', 'more'])
  for (const n of [1, 2, 3]) {
    if (n > 1) assert.equal((await program.edit({ 'leaf.mjs': leaf(n) })).event, 'updated')
    assert.deepEqual(await program.ask('read()'), [n, n * 10, null, n, n, n, n, n * 10, null])
    await program.ask('[more(), set("late")]')
    assert.deepEqual(await program.ask('read()'), [n, n * 10 + 1, 'late', n, n, n, n, n * 10 + 1, 'late'])
    assert.deepEqual(await program.ask('names()'), names)
  }
})

// [hot 58]
test('nobody reads its exports before it has run, and whoever got them meanwhile follows updates', async (t) => {
  const leaf = (n, then = '') => `globalThis.load?.(${n}); export const n = ${n}; ${then}${accept}`
  const reader = (name) => `import { n } from './leaf.mjs'; import * as ns from './leaf.mjs'
    say('${name} sees ' + n + ns.n); globalThis.${name} = () => [n, ns.n]`
  const program = await runHot(t, {
    'package.json': '{ "type": "module" }',
    'main.mjs': `import { createRequire } from 'node:module'
      import './leaf.mjs'
      const require = createRequire(import.meta.url)
      globalThis.load = (n) => {
        if (n !== 2) return
        try { require('./required.mjs') } catch (error) { say(error.code) }
        import('./imported.mjs').then(() => say('imported'))
        say('loads')
      }`,
    'leaf.mjs': leaf(1),
    'required.mjs': reader('required'),
    'imported.mjs': reader('imported')
  })
  await program.edit({ 'leaf.mjs': leaf(2) })
  await program.hears('imported')
  assert.deepEqual(program.said, ['ERR_REQUIRE_CYCLE_MODULE', 'loads', 'imported sees 22', 'imported'])
  assert.deepEqual(await program.ask('imported()'), [2, 2])
  assert.equal((await program.edit({ 'leaf.mjs': leaf(3, 'throw new Error("no"); ') })).event, 'failed')
  assert.deepEqual(await program.ask('imported()'), [2, 2])
  await program.edit({ 'leaf.mjs': leaf(4) })
  assert.deepEqual(await program.ask('imported()'), [4, 4])
})

// [hot 58, 92]
test('in a reload its functions are hoisted again, for a cycle that calls them before it runs', async (t) => {
  const leaf = (n) => `export function name() { return 'leaf ${n}' } say('runs ${n}'); ${accept}`
  const program = await runHot(t, {
    'main.mjs': "import { early } from './a.mjs'; import './leaf.mjs'; say('early: ' + early)",
    'a.mjs':
      "import { call } from './b.mjs'; import { name } from './leaf.mjs'; export const early = call(); export { name }",
    'b.mjs': "import { early } from './c.mjs'; export const call = () => early",
    'c.mjs': "import { hoisted } from './d.mjs'; export const early = hoisted()",
    'd.mjs': "import './c.mjs'; import { name } from './leaf.mjs'; export function hoisted() { return name() }",
    'leaf.mjs': leaf(1)
  })
  await program.edit({ 'leaf.mjs': leaf(2) })
  assert.deepEqual(program.said, ['runs 2'])
  const main = "import './d.mjs'; import { early } from './a.mjs'; say('early: ' + early)"
  assert.equal((await program.edit({ 'main.mjs': main })).event, 'reloaded')
  assert.deepEqual(program.said, ['runs 2', 'early: leaf 2'])
})

// [hot 73]
test('its stacks name the places of the version that made them', async (t) => {
  const leaf = (n) => `${'\n'.repeat(n)}interface Some { a: number }
    export function where(this: unknown, a: Some | null): string { const it: unknown = a; return it === null ? new Error('x').stack! : '' }
    globalThis.top${n} = (<any>new Error('x')).stack
    ${accept}`
  const program = await runHot(t, {
    'main.mjs': `import { where } from './leaf.mts'; import * as ns from './leaf.mts'
      globalThis.kept = []
      globalThis.keep = () => kept.push(ns.where)
      globalThis.frame = (stack) => stack.split('\\n')[1].trim().replace(/^(at .*?)\\(?file:.*leaf/, '$1')
      globalThis.now = () => frame(where(null))`,
    'leaf.mts': leaf(0)
  })
  const column =
    '    export function where(this: unknown, a: Some | null): string { const it: unknown = a; return it === null ? '
      .length + 1
  for (const n of [0, 1, 2]) {
    if (n > 0) await program.edit({ 'leaf.mts': leaf(n) })
    assert.equal(await program.ask('now()'), `at where .mts:${n + 2}:${column})`)
    assert.match(await program.ask(`frame(top${n})`), new RegExp(`^at .mts:${n + 3}:\\d+$`))
    await program.ask('keep()')
  }
  for (const n of [0, 1, 2]) {
    assert.equal(await program.ask(`frame((0, kept[${n}])(null))`), `at where .mts:${n + 2}:${column})`)
  }
})
