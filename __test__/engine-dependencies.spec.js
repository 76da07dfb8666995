'use strict'

// What the hot modules of a runtime on the engine import is followed: static imports, `import()` and `require`, in any mix.

const { test } = require('node:test')
const { assert, captureConsole, createRuntime, ManualWatcher, scenario, turn, updatesOf } = require('./support')

const HOT = "import { createRunner, hmr } from '@upvotr/node-hmr'\n"
const FILES = {
  'package.json': '{ "type": "module" }',
  'a.ts': `${HOT}import { text } from './lib/mid.js'
    globalThis.evaluated.push('a')
    export default hmr(null, createRunner((): string => 'a ' + text()))`,
  'b.mjs': `${HOT}import { text } from './lib/mid.ts'
    globalThis.evaluated.push('b')
    export default hmr(null, createRunner(() => 'b ' + text()))`,
  'c.cjs': `const { createRunner, hmr } = require('@upvotr/node-hmr')
    const { text } = require('./lib/mid.ts')
    globalThis.evaluated.push('c')
    module.exports = hmr(null, createRunner(() => 'c ' + text()))`,
  'd.mts': `${HOT}globalThis.evaluated.push('d')
    export default hmr(null, createRunner(async () => (await import('./lib/lazy.ts')).text, undefined, true))`,
  'lib/mid.ts': `import leaf from './leaf.cjs'
    import data from './data.json' with { type: 'json' }
    globalThis.evaluated.push('mid')
    export const text = (): string => leaf.text + ' ' + data.text`,
  'lib/leaf.cjs': "const { deep } = require('./deep.mjs'); globalThis.evaluated.push('leaf'); exports.text = deep",
  'lib/deep.mjs': "globalThis.evaluated.push('deep'); export const deep = 'deep'",
  'lib/data.json': '{ "text": "data" }',
  'lib/lazy.ts':
    "import { deep } from './deep.mjs'; globalThis.evaluated.push('lazy'); export const text = 'lazy ' + deep"
}

function program(t, options) {
  const it = scenario(t, 'circle')
  for (const [name, text] of Object.entries(FILES)) it.edit(name, text)
  globalThis.evaluated = []
  const watcher = new ManualWatcher()
  const runtime = createRuntime(it.file('main.mjs'), watcher, options)
  t.after(() => runtime.closeAll())
  return {
    ...it,
    watcher,
    runtime,
    evaluated: () => globalThis.evaluated.splice(0),
    follows: (id) =>
      runtime
        .dependencies(id)
        .map((file) => file.slice(it.dir.length + 1))
        .sort(),
    /** Writes a file, tells of it, and waits for what comes of it. */
    async save(name, text) {
      it.edit(name, text)
      watcher.tell(it.file(name))
      for (let turns = 0; turns < 5; turns += 1) await turn()
    }
  }
}

// [hot 155]
test('"What a hot module of this kind imports is followed by default": ES → CommonJS → ES, and data', async (t) => {
  const it = program(t)
  const modules = [
    await it.runtime.import('./a.ts'),
    await it.runtime.import('./b.mjs'),
    await it.runtime.import('./c.cjs')
  ]
  assert.deepEqual(it.evaluated(), ['deep', 'leaf', 'mid', 'a', 'b', 'c'], 'each once')
  const files = ['lib/data.json', 'lib/deep.mjs', 'lib/leaf.cjs', 'lib/mid.ts']
  for (const id of ['./a.ts', './b.mjs', './c.cjs']) assert.deepEqual(it.follows(id), files)
  const updates = updatesOf(it.runtime)

  await it.save('lib/deep.mjs', "globalThis.evaluated.push('deep'); export const deep = 'deeper'")
  assert.deepEqual(it.evaluated(), ['deep', 'leaf', 'mid', 'a', 'b', 'c'], 'the slice, each once')
  assert.deepEqual(
    modules.map(({ exports }) => exports),
    ['a deeper data', 'b deeper data', 'c deeper data']
  )
  assert.deepEqual(updates.splice(0), ['./a.ts', './b.mjs', './c.cjs'])

  await it.save('lib/data.json', '{ "text": "numbers" }')
  assert.deepEqual(it.evaluated(), ['mid', 'a', 'b', 'c'], 'what is not affected keeps its instance')
  assert.equal(modules[0].exports, 'a deeper numbers')
})

// [hot 155]
test('"`{ dependencies: false }` does not"', async (t) => {
  const it = program(t, { dependencies: false })
  const a = await it.runtime.import('./a.ts')
  assert.deepEqual(it.watcher.watched, ['./a.ts'])
  assert.deepEqual(it.runtime.dependencies('./a.ts'), [])
  it.evaluated()
  it.edit('lib/deep.mjs', "export const deep = 'deeper'")
  it.watcher.tell('./a.ts')
  assert.deepEqual(it.evaluated(), ['a'])
  assert.equal(a.exports, 'a deep data')
})

test('what a runner loads by `import()` is followed', async (t) => {
  const it = program(t)
  const d = await it.runtime.import('./d.mts')
  assert.equal(d.exports, 'lazy deep')
  assert.deepEqual(it.follows('./d.mts'), ['lib/deep.mjs', 'lib/lazy.ts'])
  assert.ok(it.watcher.watched.includes(it.file('lib/lazy.ts')))
  it.evaluated()
  await it.save('lib/lazy.ts', "globalThis.evaluated.push('lazy'); export const text: string = 'lazier'")
  assert.deepEqual(it.evaluated(), ['d', 'lazy'])
  assert.equal(d.exports, 'lazier')
  assert.deepEqual(it.follows('./d.mts'), ['lib/lazy.ts'], 'what is no longer imported is let go')
})

test('a dependency that fails is reported once, nothing is lost, and the next good save is taken', async (t) => {
  const printed = captureConsole(t)
  const it = program(t)
  const modules = [await it.runtime.import('./a.ts'), await it.runtime.import('./b.mjs')]
  const cached = { ...it.require.cache }
  for (const broken of [
    "throw new Error('broken')",
    'let = ;',
    "import './absent.mjs'",
    "import { no } from './lib.mjs'"
  ]) {
    it.edit('lib/lib.mjs', '')
    await it.save('lib/deep.mjs', broken)
    const errors = printed.taken().filter(({ method }) => method === 'error')
    assert.equal(errors.length, 1, errors.map(({ text }) => text).join('\n'))
    assert.deepEqual(
      modules.map(({ exports }) => exports),
      ['a deep data', 'b deep data']
    )
    const changed = Object.keys(cached).filter((file) => it.require.cache[file] !== cached[file])
    assert.deepEqual(changed, [], broken)
  }
  await it.save('lib/deep.mjs', "export const deep = 'mended'")
  assert.deepEqual(
    modules.map(({ exports }) => exports),
    ['a mended data', 'b mended data']
  )
  assert.deepEqual(printed.of('error'), [])
})

test('a file that was missing is taken when it appears', async (t) => {
  captureConsole(t)
  const it = program(t)
  const a = await it.runtime.import('./a.ts')
  await it.save('lib/mid.ts', "export { text } from './new.js'")
  assert.equal(a.exports, 'a deep data')
  await it.save('lib/new.ts', "export const text = (): string => 'new'")
  assert.equal(a.exports, 'a new')
})

test('a top-level await, of a hot module or below it, is waited for, in imports and updates', async (t) => {
  const it = program(t)
  it.edit('lib/deep.mjs', "globalThis.evaluated.push('deep'); export const deep = await Promise.resolve('awaited')")
  it.edit('lib/leaf.cjs', "exports.text = 'leaf'")
  it.edit('lib/mid.ts', "import { deep } from './deep.mjs'; export const text = () => deep")
  const [a, b] = await Promise.all([it.runtime.import('./a.ts'), it.runtime.import('./b.mjs')])
  assert.deepEqual([a.exports, b.exports], ['a awaited', 'b awaited'])
  assert.equal(it.evaluated().filter((name) => name === 'a').length, 1)
  await it.save('lib/deep.mjs', "export const deep = await new Promise((resolve) => setImmediate(resolve, 'later'))")
  for (let turns = 0; turns < 20 && b.exports !== 'b later'; turns += 1) await turn()
  assert.deepEqual([a.exports, b.exports], ['a later', 'b later'])
  const printed = captureConsole(t)
  await it.save('lib/deep.mjs', "export const deep = await Promise.reject(new Error('rejected'))")
  for (let turns = 0; turns < 20; turns += 1) await turn()
  assert.deepEqual([a.exports, b.exports], ['a later', 'b later'])
  assert.match(printed.of('error')[0].text, /rejected/)
  await it.save('lib/deep.mjs', "export const deep = 'none'")
  assert.deepEqual([a.exports, b.exports], ['a none', 'b none'])
})

test('a first import that is rejected by a top-level await leaves nothing watched', async (t) => {
  const it = program(t)
  it.edit('a.ts', `${HOT}await Promise.reject('thrown'); export default hmr(null, createRunner(() => 1))`)
  await assert.rejects(it.runtime.import('./a.ts'), (thrown) => thrown === 'thrown')
  assert.deepEqual(it.watcher.watched, [])
  it.edit('a.ts', `${HOT}export default hmr(null, createRunner(() => await2)); const await2 = await 2`)
  assert.equal((await it.runtime.import('./a.ts')).exports, 2)
})
