'use strict'

const fs = require('node:fs')
const { once } = require('node:events')
const { test } = require('node:test')
const { hotText, makeFolder } = require('./support/files')
const {
  assert,
  captureConsole,
  createRuntime,
  ManualWatcher,
  node,
  scenario,
  steps,
  synthetic,
  last
} = require('./support')

const childrenOf = (cache, ending) =>
  Object.values(cache)
    .flatMap((module) => module.children ?? [])
    .filter((child) => child.id.endsWith(ending))

// [node-hmr 46]
test('"also take the old module out of every `children` array that holds it"', async (t) => {
  const { require, file } = scenario(t, 'eviction')
  const watcher = new ManualWatcher()
  const runtime = createRuntime(require, watcher)
  for (const parent of ['first', 'second', 'third']) require(`./${parent}-parent`)
  await runtime.import('./module')
  const version = require.cache[file('module.js')]
  for (let save = 0; save < 5; save += 1) watcher.tell('./module')
  assert.notEqual(require.cache[file('module.js')], version)
  const held = childrenOf(require.cache, '/module.js')
  assert.ok(held.every((child) => child === require.cache[file('module.js')]))
  assert.ok(held.length <= 1)
})

test('a version that is no hot module, or throws, leaves no children either', async (t) => {
  captureConsole(t)
  const { runtime, save, require } = steps(t)
  await runtime.import('./module')
  const holder = require.cache[require.resolve('./module')].parent
  const count = () => holder.children.filter((child) => child.id.endsWith('/module.js')).length
  for (let version = 2; version < 20; version += 1) {
    save({ version, exported: () => 'no hot module' })
    save({
      version,
      evaluate() {
        throw 'not evaluated'
      }
    })
  }
  assert.ok(count() <= 1, `${count()} versions are held`)
})

test('… nor in the module of `createRequire`, which stands in no cache', async (t) => {
  const { dir, edit } = scenario(t, 'steps')
  edit(
    'main.mjs',
    `import { createRequire } from 'node:module'
     import { createRuntime, Watcher } from '@upvotr/node-hmr'
     const require = createRequire(import.meta.url)
     class Manual extends Watcher { watch() { return () => {} } }
     const watcher = new Manual()
     await createRuntime(require, watcher).import('./module')
     const holder = require.cache[require.resolve('./module')].parent
     for (let save = 0; save < 50; save += 1) watcher.emit('update', './module')
     console.log(holder.children.filter((child) => child.id.endsWith('module.js')).length)`
  )
  const { stdout, stderr } = await node(['main.mjs'], { cwd: dir })
  assert.equal(stderr, '')
  assert.ok(Number(stdout) <= 1, `${stdout.trim()} versions are held`)
})

test('a save that our own watcher tells of leaves them when `update` has been emitted', async (t) => {
  const folder = makeFolder(t, { files: { 'module.js': hotText('v0'), 'broken.js': hotText('v0') } })
  const runtime = createRuntime(folder.require)
  t.after(() => runtime.closeAll())
  await runtime.import('./module')
  await runtime.import('./broken')
  const { parent } = folder.require.cache[folder.file('module.js')]
  for (let save = 1; save < 5; save += 1) {
    // Its update comes first, and ends without an event.
    fs.writeFileSync(folder.file('broken.js'), 'module.exports = "no hot module"')
    fs.writeFileSync(folder.file('module.js'), hotText(`v${save}`))
    await once(runtime, 'update')
    const held = parent.children.map((child) => child.filename)
    assert.deepEqual(new Set(held).size, held.length, `twice among the children: ${held}`)
    assert.ok(parent.children.includes(folder.require.cache[folder.file('module.js')]))
  }
})

test('a cache that cannot be searched for parents keeps nothing from being updated', async (t) => {
  const { require, watcher, save } = steps(t)
  const cache = new Proxy(require.cache, {
    ownKeys() {
      throw new Error('not to be listed')
    }
  })
  const custom = Object.assign((id) => require(id), { resolve: require.resolve, cache })
  const imported = await createRuntime(custom, watcher).import('./module')
  save({ version: 2 })
  assert.equal(imported.exports, 'v2')
})

test('a hot module that plainly requires another hot module is not kept for it', async (t) => {
  const { dir, edit } = scenario(t, 'leak')
  edit(
    'main.js',
    `const { createRuntime, Watcher } = require('@upvotr/node-hmr')
     class Manual extends Watcher { watch() { return () => {} } }
     const watcher = new Manual()
     const runtime = createRuntime(require, watcher)
     let alive = 0
     globalThis.registry = new FinalizationRegistry(() => (alive -= 1))
     globalThis.count = (thing) => { alive += 1; registry.register(thing) }
     ;(async () => {
       await runtime.import('./outer')
       await runtime.import('./inner')
       for (let save = 0; save < 100; save += 1) {
         watcher.emit('update', './outer')
         watcher.emit('update', './inner')
       }
       for (let turn = 0; turn < 10; turn += 1) {
         await new Promise((resolve) => setImmediate(resolve))
         gc()
       }
       console.log(alive)
     })()`
  )
  const { stdout, stderr } = await node(['--expose-gc', 'main.js'], { cwd: dir })
  assert.equal(stderr, '')
  assert.ok(Number(stdout) <= 4, `${stdout.trim()} versions of two modules are alive`)
})

test('"Never evict, walk or watch `node_modules`": its modules and their children stay as they are', async (t) => {
  const { require } = scenario(t, 'eviction')
  const watcher = new ManualWatcher()
  const runtime = createRuntime(require, watcher)
  const dependency = require('dependency')
  const entry = require.cache[require.resolve('dependency')]
  Object.defineProperty(entry, 'children', {
    get() {
      throw new Error('walked')
    }
  })
  const imported = await runtime.import('./module')
  assert.equal(imported.exports, dependency)
  watcher.tell('./module')
  assert.equal(imported.exports, dependency)
  assert.equal(require.cache[require.resolve('dependency')], entry)
})

test('"`require.cache` … may be a user\'s Proxy: use ordinary property operations"', async (t) => {
  const { require, watcher, save, file } = steps(t)
  const operations = new Set()
  const cache = new Proxy(require.cache, {
    has: (target, key) => last(operations.add('has'), Reflect.has(target, key)),
    get: (target, key) => last(operations.add('get'), Reflect.get(target, key)),
    deleteProperty: (target, key) => last(operations.add(`delete ${String(key)}`), Reflect.deleteProperty(target, key)),
    ownKeys: (target) => last(operations.add('ownKeys'), Reflect.ownKeys(target))
  })
  const custom = Object.assign((id) => require(id), { resolve: require.resolve, cache })
  const imported = await createRuntime(custom, watcher).import('./module')
  save({ version: 2 })
  assert.equal(imported.exports, 'v2')
  assert.deepEqual(
    [...operations].filter((operation) => operation.startsWith('delete')),
    [`delete ${file('module.js')}`]
  )
})

for (const [name, cache] of [
  ['no cache', undefined],
  ['null', null],
  ['a primitive', 7],
  ['an empty object', {}],
  ['a Map', new Map()],
  [
    'entries that are no modules',
    { a: null, b: 7, c: { children: 'none' }, d: { children: [] }, e: Object.create(null) }
  ]
]) {
  test(`a custom require with ${name} for a cache`, async (t) => {
    const { require, watcher, save, file } = steps(t)
    const custom = Object.assign(
      (path) => {
        delete require.cache[path]
        return require(path)
      },
      { resolve: require.resolve, cache }
    )
    if (typeof cache === 'object' && cache && !(cache instanceof Map)) cache[file('module.js')] = 'something odd'
    const imported = await createRuntime(custom, watcher).import('./module')
    save({ version: 2 })
    assert.equal(imported.exports, 'v2')
  })
}

test('a module that another required plainly before its first import is evaluated for the runtime', async (t) => {
  const { runtime, require, taken } = steps(t)
  const plain = require('./module')
  const imported = await runtime.import('./module')
  assert.equal(imported.exports, 'v1')
  assert.deepEqual(taken(), ['v1 evaluate', 'v1 evaluate', 'v1 generate', 'v1 run with v1'])
  assert.notEqual(require('./module'), plain)
})

test('the results that a synthetic require keeps are evicted by path', async (t) => {
  const { require, watcher, save, file } = steps(t)
  const made = synthetic((id) => {
    delete require.cache[id]
    return require(id)
  }, require)
  const imported = await createRuntime(made, watcher).import('./module')
  assert.deepEqual(Object.keys(made.cache), [file('module.js')])
  save({ version: 2 })
  assert.equal(imported.exports, 'v2')
})
