'use strict'

const { test, describe } = require('node:test')
const { EventEmitter } = require('node:events')
const {
  assert,
  captureConsole,
  ContentWatcher,
  createRuntime,
  FSWatcher,
  HMRRuntime,
  ManualWatcher,
  NoopWatcher,
  nothingUnhandled,
  PlainWatcher,
  scenario,
  steps,
  turn,
  updatesOf,
  Watcher
} = require('./support')

function warnings(t) {
  const seen = []
  const onWarning = (warning) => seen.push(warning)
  process.on('warning', onWarning)
  t.after(() => process.off('warning', onWarning))
  return seen
}

// [node-hmr 30]
test('"a runtime has one `update` listener on its watcher while it watches at least one module, and none after the last `unimport`"', async (t) => {
  const { runtime, watcher } = steps(t)
  const listeners = () => watcher.listenerCount('update')
  assert.equal(listeners(), 0)
  await runtime.import('./module')
  assert.equal(listeners(), 1)
  await runtime.import('./other')
  await runtime.import('./module')
  assert.equal(listeners(), 1)
  runtime.unimport('./module')
  assert.equal(listeners(), 1)
  runtime.unimport('./other')
  assert.equal(listeners(), 0)
  await runtime.import('./module')
  assert.equal(listeners(), 1)
  runtime.closeAll()
  assert.equal(listeners(), 0)
  assert.deepEqual(watcher.eventNames(), [])
})

// [node-hmr 30]
test('"With many modules on one watcher, no MaxListenersExceededWarning (mended)"', async (t) => {
  const seen = warnings(t)
  const { runtime, watcher, edit } = steps(t)
  for (let index = 0; index < 50; index += 1) {
    edit(`many/${index}.js`, "module.exports = require('../hot')('m')")
    await runtime.import(`./many/${index}`)
  }
  await turn()
  assert.deepEqual(seen, [])
  assert.equal(watcher.listenerCount('update'), 1)
})

// [node-hmr 45]
test('"One watcher may serve two runtimes", and fifty, without a warning', async (t) => {
  const seen = warnings(t)
  const { require, watcher, plan } = steps(t)
  const runtimes = Array.from({ length: 50 }, () => createRuntime(require, watcher))
  const imported = await Promise.all(runtimes.map((runtime) => runtime.import('./module')))
  assert.equal(watcher.listenerCount('update'), 50)
  plan.version = 2
  watcher.tell('./module')
  assert.ok(imported.every(({ exports }) => exports === 'v2'))
  for (const runtime of runtimes) runtime.closeAll()
  assert.equal(watcher.listenerCount('update'), 0)
  await turn()
  assert.deepEqual(seen, [])
})

test('a limit that the user set on a watcher is left alone as long as it suffices', async (t) => {
  const { require } = steps(t)
  for (const limit of [0, 5, Infinity]) {
    const watcher = new ManualWatcher().setMaxListeners(limit)
    await createRuntime(require, watcher).import('./module')
    assert.equal(watcher.getMaxListeners(), limit)
  }
})

test('listeners of the user on the same watcher stay', async (t) => {
  const { runtime, watcher, save } = steps(t)
  const seen = []
  watcher.on('update', (...ids) => seen.push(...ids))
  const imported = await runtime.import('./module')
  save({ version: 2 })
  assert.equal(imported.exports, 'v2')
  runtime.unimport('./module')
  save({ version: 3 })
  assert.deepEqual(seen, ['./module', './module'])
  assert.equal(watcher.listenerCount('update'), 1)
})

// [node-hmr 28]
describe('"Any EventEmitter with a `watch` method is accepted as a watcher"', () => {
  const withoutOff = () => {
    const emitter = new EventEmitter()
    emitter.off = undefined
    emitter.watch = () => () => {}
    return emitter
  }
  const browserLike = () => {
    const listeners = []
    return {
      on: (event, listener) => listeners.push(listener),
      removeListener: (event, listener) => listeners.splice(listeners.indexOf(listener), 1),
      emit: (event, ...ids) => listeners.slice().forEach((listener) => listener(...ids)),
      listenerCount: () => listeners.length,
      watch: () => () => {}
    }
  }
  for (const [name, make] of [
    ['a subclass of EventEmitter', () => new PlainWatcher()],
    ['an EventEmitter with a watch of its own', () => Object.assign(new EventEmitter(), { watch: () => () => {} })],
    ['one without `off`', withoutOff],
    ['one of another library', browserLike],
    ['a Proxy of a watcher', () => new Proxy(new ManualWatcher(), {})],
    ['a function', () => Object.assign(() => {}, browserLike())],
    ['a watch that returns nothing', () => Object.assign(new EventEmitter(), { watch() {} })],
    ['a watch that returns rubbish', () => Object.assign(new EventEmitter(), { watch: () => ({ close() {} }) })]
  ]) {
    test(name, async (t) => {
      const unhandled = nothingUnhandled(t)
      const printed = captureConsole(t)
      const { require, plan } = steps(t)
      const watcher = make()
      const runtime = createRuntime(require, watcher)
      const imported = await runtime.import('./module')
      plan.version = 2
      watcher.emit('update', './module')
      assert.equal(imported.exports, 'v2')
      runtime.unimport('./module')
      assert.equal(watcher.listenerCount('update'), 0)
      assert.deepEqual(printed.lines, [])
      await unhandled.check()
    })
  }
})

// [node-hmr 14]
test('`watch` is called as a method of the watcher, with the id alone', async (t) => {
  const { require } = steps(t)
  const watcher = new PlainWatcher()
  const seen = []
  watcher.watch = function (...args) {
    seen.push(this, args)
    return function (...args) {
      seen.push(args)
    }
  }
  const runtime = createRuntime(require, watcher)
  await runtime.import('./module')
  runtime.unimport('./module')
  assert.deepEqual(seen, [watcher, ['./module'], []])
})

// [node-hmr 28]
test('"an error that `watch` throws rejects the import"', async (t) => {
  const { require, watcher, taken } = steps(t)
  const runtime = createRuntime(require, watcher)
  const { watch } = watcher
  for (const thrown of [new Error('cannot watch'), 'text', undefined]) {
    watcher.watch = () => {
      throw thrown
    }
    await assert.rejects(runtime.import('./module'), (error) => error === thrown)
    assert.equal(watcher.listenerCount('update'), 0)
    assert.deepEqual(taken(), [])
  }
  watcher.watch = watch
  assert.equal((await runtime.import('./module')).exports, 'v1')
  watcher.watch = () => {
    throw 'at a later one'
  }
  await assert.rejects(runtime.import('./other'), (error) => error === 'at a later one')
  assert.equal(watcher.listenerCount('update'), 1)
})

test('an `unwatch` that throws is reported and stops nothing else', async (t) => {
  const unhandled = nothingUnhandled(t)
  const printed = captureConsole(t)
  const { require, taken } = steps(t)
  const watcher = new PlainWatcher()
  let stopped = 0
  watcher.watch = () => () => {
    stopped += 1
    throw 'cannot stop'
  }
  const runtime = createRuntime(require, watcher)
  await runtime.import('./module')
  await runtime.import('./other')
  runtime.unimport('./module')
  assert.deepEqual(taken().at(-1), 'v1 persist cleanup of v1')
  await runtime.import('./module')
  runtime.closeAll()
  assert.equal(stopped, 3)
  assert.equal(watcher.listenerCount('update'), 0)
  assert.deepEqual(
    printed.lines.map(({ method, args }) => [method, args.at(-1)]),
    Array(3).fill(['error', 'cannot stop'])
  )
  await unhandled.check()
})

test('an `unwatch` that rejects is no unhandled rejection', async (t) => {
  const unhandled = nothingUnhandled(t)
  const printed = captureConsole(t)
  const { require } = steps(t)
  const watcher = Object.assign(new EventEmitter(), { watch: () => () => Promise.reject('cannot close') })
  const runtime = createRuntime(require, watcher)
  await runtime.import('./module')
  runtime.unimport('./module')
  await unhandled.check()
  assert.deepEqual(
    printed.lines.map(({ method, args }) => [method, args.at(-1)]),
    [['error', 'cannot close']]
  )
})

test('an async `watch` that rejects is no unhandled rejection', async (t) => {
  const unhandled = nothingUnhandled(t)
  const printed = captureConsole(t)
  const { require } = steps(t)
  const watcher = Object.assign(new EventEmitter(), { watch: () => Promise.reject('cannot watch') })
  const runtime = createRuntime(require, watcher)
  await runtime.import('./module')
  await unhandled.check()
  assert.deepEqual(
    printed.lines.map(({ method, args }) => [method, args.at(-1)]),
    [['error', 'cannot watch']]
  )
})

// [node-hmr 10]
test('`false` and NoopWatcher watch nothing', async (t) => {
  for (const watcher of [false, null, 0, '', new NoopWatcher()]) {
    const { require, plan, taken } = steps(t)
    const runtime = createRuntime(require, watcher)
    const updates = updatesOf(runtime)
    const imported = await runtime.import('./module')
    assert.equal(await runtime.import('./module'), imported)
    plan.version = 2
    if (watcher) watcher.emit('other')
    runtime.unimport('./module')
    runtime.closeAll()
    assert.equal(taken().includes('v2 evaluate'), false)
    assert.deepEqual(updates, [])
  }
  assert.equal(new HMRRuntime(undefined, require) instanceof HMRRuntime, true)
})

// [node-hmr 14]
test('NoopWatcher.watch gives a function that does nothing', () => {
  const unwatch = new NoopWatcher().watch('anything at all')
  assert.equal(typeof unwatch, 'function')
  assert.equal(unwatch(), undefined)
  assert.equal(unwatch(), undefined)
})

test('"`FSWatcher.watch` of an id that does not resolve throws"', (t) => {
  const { require } = scenario(t, 'values')
  for (const Class of [FSWatcher, ContentWatcher]) {
    assert.throws(() => new Class(require).watch('./nothing'), { code: 'MODULE_NOT_FOUND' })
  }
})

test('a Watcher that emits while no one imports, or for another runtime, does no harm', async (t) => {
  const { require, watcher, save } = steps(t)
  watcher.tell('./module')
  const first = createRuntime(require, watcher)
  const second = createRuntime(require, watcher)
  const imported = await first.import('./module')
  await second.import('./other')
  save({ version: 2 })
  assert.equal(imported.exports, 'v2')
})

test('an update reaches what was imported after others had gone', async (t) => {
  const { runtime, watcher, save } = steps(t)
  for (let round = 0; round < 5; round += 1) {
    const imported = await runtime.import('./module')
    save({ version: round })
    assert.equal(imported.exports, `v${round}`)
    if (round % 2) runtime.closeAll()
    runtime.unimport('./module')
  }
  assert.equal(watcher.listenerCount('update'), 0)
})

// [node-hmr 27]
test('`new Watcher()` works, and its subclasses call `super()` without arguments', () => {
  assert.ok(new Watcher() instanceof EventEmitter)
  assert.ok(new ManualWatcher() instanceof Watcher)
})
