'use strict'

const { test } = require('node:test')
const { EventEmitter } = require('node:events')
const { assert, hmrPackage, node, root, scenario, steps } = require('./support')

const functions = {
  createModule: 2,
  createPersist: undefined,
  createRunner: undefined,
  createRuntime: 1,
  createSyntheticRequire: undefined
}
const classes = [
  'HMRRuntime',
  'Watcher',
  'FSWatcher',
  'NoopWatcher',
  'ContentWatcher',
  'Runner',
  'AsyncRunner',
  'PersistManager'
]
const methods = {
  HMRRuntime: { import: 1, unimport: 1, closeAll: 0 },
  FSWatcher: { watch: 1 },
  NoopWatcher: { watch: 1 },
  Runner: { execute: 2, clean: 2 },
  AsyncRunner: { execute: 2, clean: 2 },
  PersistManager: { generate: 0, cleanup: 1 }
}
const statics = {
  setLogging: 1,
  loggingEnabled: 0,
  suppressWarnings: 1,
  shouldSuppressWarnings: 0,
  followDependencies: 1,
  dependenciesFollowed: 0,
  disableReloading: undefined,
  reloadDisabled: 0
}

// [node-hmr 2, 4]
test('the exports, and nothing else', () => {
  assert.deepEqual(
    Object.keys(hmrPackage).sort(),
    [...Object.keys(functions), ...classes, 'hmr', 'synthetic', 'default', 'updates'].sort()
  )
  assert.equal(hmrPackage.__esModule, true, '"`require` also gives `__esModule: true`"')
})

test('the addon makes no function at its load that the entries do not name, but for the one that makes the others', () => {
  const named = { ...hmrPackage, ...require('../vite-node.js') }
  const binding = require('../load-binding.js')
  const others = Object.getOwnPropertyNames(binding).filter(
    (name) => typeof binding[name] === 'function' && !named[name]
  )
  assert.deepEqual(others.sort(), ['addonVersion', 'internals'])
  assert.equal(binding.internals(), binding.internals())
})

// [node-hmr 2]
test('"`createModule` = `hmr`", "`createSyntheticRequire` = `synthetic`", "`HMRRuntime` (also `default`, and `HMRRuntime.HMRRuntime`)"', () => {
  assert.equal(hmrPackage.createModule, hmrPackage.hmr)
  assert.equal(hmrPackage.createSyntheticRequire, hmrPackage.synthetic)
  assert.equal(hmrPackage.default, hmrPackage.HMRRuntime)
  assert.equal(hmrPackage.HMRRuntime.HMRRuntime, hmrPackage.HMRRuntime)
})

// [node-hmr 2, 12, 23]
test('functions and classes have their names, and methods their `length`', () => {
  for (const [name, length] of Object.entries(functions)) {
    assert.equal(typeof hmrPackage[name], 'function')
    assert.equal(hmrPackage[name].name, name)
    if (length !== undefined) assert.equal(hmrPackage[name].length, length)
  }
  for (const name of classes) assert.equal(hmrPackage[name].name, name)
  for (const [name, own] of Object.entries(methods)) {
    const { prototype } = hmrPackage[name]
    for (const [method, length] of Object.entries(own)) {
      assert.ok(Object.hasOwn(prototype, method), `${name}.prototype.${method}`)
      assert.deepEqual([prototype[method].name, prototype[method].length], [method, length])
    }
  }
  for (const [name, length] of Object.entries(statics)) {
    assert.equal(hmrPackage.HMRRuntime[name].name, name)
    if (length !== undefined) assert.equal(hmrPackage.HMRRuntime[name].length, length)
  }
})

test('native methods and statics are not enumerable, but writable and configurable as a class has them', () => {
  for (const name of classes) {
    const Class = hmrPackage[name]
    assert.deepEqual(Object.keys(Class.prototype), [])
    assert.deepEqual(Object.keys(Class), [])
    for (const method of Object.keys(methods[name] ?? {})) {
      const { value, ...attributes } = Object.getOwnPropertyDescriptor(Class.prototype, method)
      assert.equal(typeof value, 'function')
      assert.deepEqual(attributes, { writable: true, enumerable: false, configurable: true })
    }
    assert.equal(Class.prototype.constructor, Class)
    assert.equal(Object.prototype.propertyIsEnumerable.call(Class.prototype, 'constructor'), false)
  }
})

// [node-hmr 3, 23, 26]
test('the prototypes: "`Watcher` and `HMRRuntime` are EventEmitters", "`Runner` and `AsyncRunner` are unrelated classes"', () => {
  const { HMRRuntime, Watcher, FSWatcher, ContentWatcher, NoopWatcher, Runner, AsyncRunner, PersistManager } =
    hmrPackage
  const chain = [
    [HMRRuntime, EventEmitter],
    [Watcher, EventEmitter],
    [FSWatcher, Watcher],
    [NoopWatcher, Watcher],
    [ContentWatcher, FSWatcher]
  ]
  for (const [Class, Parent] of chain) {
    assert.equal(Object.getPrototypeOf(Class), Parent)
    assert.equal(Object.getPrototypeOf(Class.prototype), Parent.prototype)
  }
  for (const Class of [Runner, AsyncRunner, PersistManager]) {
    assert.equal(Object.getPrototypeOf(Class), Function.prototype)
    assert.equal(Object.getPrototypeOf(Class.prototype), Object.prototype)
  }
  assert.equal(HMRRuntime.defaultMaxListeners, EventEmitter.defaultMaxListeners)
  assert.equal(HMRRuntime.once, EventEmitter.once)
})

test('a class called without `new` is a TypeError', () => {
  for (const name of classes) {
    const Class = hmrPackage[name]
    assert.throws(() => Class(), TypeError)
    assert.throws(() => Class.call({}, () => {}), TypeError)
    assert.throws(() => Class.call(Object.create(Class.prototype), require), TypeError)
    assert.throws(() => Reflect.apply(Class, hmrPackage, []), TypeError)
  }
})

// [node-hmr 5]
test('"`new createRuntime(…)` works too (mended: the README writes it)"', async (t) => {
  const { require, watcher } = steps(t)
  const runtime = new hmrPackage.createRuntime(require, watcher)
  assert.ok(runtime instanceof hmrPackage.HMRRuntime)
  assert.equal((await runtime.import('./module')).exports, 'v1')
})

test('functions work detached', async (t) => {
  const { createRuntime, hmr, createPersist, createRunner, synthetic } = hmrPackage
  const { require } = steps(t)
  const detached = [createRuntime, hmr, createPersist, createRunner, synthetic].map(
    (it) =>
      (...args) =>
        Reflect.apply(it, undefined, args)
  )
  assert.equal((await detached[0](require, false).import('./module')).exports, 'v1')
  assert.ok(
    detached[1](
      detached[2](),
      detached[3](() => {})
    ).runner instanceof hmrPackage.Runner
  )
  assert.equal(typeof detached[4](() => {}, require), 'function')
})

// [node-hmr 4]
test('"`require` and `import` give the same classes and the same global switches (mended)"', async (t) => {
  const esm = await import(`file://${root}/index.mjs`)
  assert.deepEqual(Object.keys(esm).sort(), Object.keys(hmrPackage).sort())
  for (const name of Object.keys(hmrPackage)) assert.equal(esm[name], hmrPackage[name])
  t.after(() => hmrPackage.HMRRuntime.setLogging(false))
  esm.HMRRuntime.setLogging(true)
  assert.equal(hmrPackage.HMRRuntime.loggingEnabled(), true)
})

// [node-hmr 4]
test('by its name: `import hmr, { … } from`, `import * as`, `require`, `import()`, and package.json', async (t) => {
  const { dir, edit } = scenario(t, 'steps')
  edit(
    'main.mjs',
    `import Default, { createRuntime, HMRRuntime } from '@upvotr/node-hmr'
     import * as all from '@upvotr/node-hmr'
     import { createRequire } from 'node:module'
     const require = createRequire(import.meta.url)
     const cjs = require('@upvotr/node-hmr')
     const dynamic = await import('@upvotr/node-hmr')
     const same = [Default === HMRRuntime, all.createRuntime === createRuntime, cjs.createRuntime === createRuntime, dynamic === all]
     const { exports } = await createRuntime(require, false).import('./module')
     console.log(JSON.stringify([...same, exports, require('@upvotr/node-hmr/package.json').version]))`
  )
  const { stdout, stderr } = await node(['main.mjs'], { cwd: dir })
  assert.equal(stderr, '')
  assert.deepEqual(JSON.parse(stdout), [true, true, true, true, 'v1', '3.1.0'])
})

// [node-hmr 6]
test('"The package may be dropped from `require.cache` and required again in one environment: a second copy, both work"', async (t) => {
  const { dir, edit } = scenario(t, 'steps')
  edit(
    'main.js',
    `const assert = require('node:assert/strict')
     const first = require('@upvotr/node-hmr')
     const watchers = []
     const start = async (copy) => {
       class Manual extends copy.Watcher { watch() { return () => {} } }
       const watcher = new Manual()
       const runtime = copy.createRuntime(require, watcher)
       for (const id of Object.keys(require.cache)) if (id.endsWith('hot.js')) delete require.cache[id]
       const imported = await runtime.import('./module')
       return { runtime, watcher, imported }
     }
     ;(async () => {
       const one = await start(first)
       for (const id of Object.keys(require.cache)) {
         if (/node-hmr|binding|index\\.js$/.test(id) || id.endsWith('.node')) delete require.cache[id]
       }
       const second = require('@upvotr/node-hmr')
       assert.notEqual(first, second)
       const two = await start(second)
       require('./plan').version = 2
       two.watcher.emit('update', './module')
       assert.equal(two.imported.exports, 'v2')
       assert.equal(first.createRunner(() => 'first').execute(), 'first')
       one.watcher.emit('update', './module')
       assert.equal(one.imported.exports, 'v2', 'a module of the second copy in a runtime of the first')
       one.runtime.closeAll()
       two.runtime.closeAll()
       console.log(first.createRuntime === second.createRuntime ? 'same' : 'another')
     })()`
  )
  const { stdout, stderr, code } = await node(['main.js'], { cwd: dir })
  assert.deepEqual({ stdout, stderr, code }, { stdout: 'another\n', stderr: '', code: 0 })
})
