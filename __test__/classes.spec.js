'use strict'

const { test } = require('node:test')
const { EventEmitter, once } = require('node:events')
const util = require('node:util')
const {
  assert,
  AsyncRunner,
  ContentWatcher,
  createPersist,
  createRunner,
  createRuntime,
  FSWatcher,
  hmr,
  HMRRuntime,
  ManualWatcher,
  NoopWatcher,
  PersistManager,
  Runner,
  steps,
  Watcher,
  last
} = require('./support')

// [node-hmr 10]
test('`class extends`: instances, fields, `super` calls, statics', async (t) => {
  const { require, save, watcher } = steps(t)
  class Custom extends HMRRuntime {
    #private = 'private'
    field = 'field'
    static own = 'static'
    constructor(...args) {
      super(...args)
      this.constructed = new.target.name
    }
    get secret() {
      return this.#private
    }
    async import(id) {
      const imported = await super.import(id)
      return { imported, by: 'override' }
    }
  }
  const runtime = new Custom(watcher, require)
  assert.deepEqual(
    [runtime.field, runtime.secret, runtime.constructed, Custom.own],
    ['field', 'private', 'Custom', 'static']
  )
  assert.ok(runtime instanceof HMRRuntime && runtime instanceof EventEmitter)
  assert.equal(Custom.loggingEnabled(), false, 'statics are inherited')
  const { imported, by } = await runtime.import('./module')
  assert.equal(by, 'override')
  save({ version: 2 })
  assert.equal(imported.exports, 'v2')
})

// [node-hmr 24]
test('"Subclass overrides … of `emit` are honoured"', async (t) => {
  const { require, save, watcher, next } = steps(t)
  const emitted = []
  class Custom extends HMRRuntime {
    emit(...args) {
      emitted.push(args)
      return super.emit(...args)
    }
  }
  const runtime = new Custom(watcher, require)
  next({ version: 1, run: (values, emitUpdate) => emitUpdate() })
  await runtime.import('./module')
  save({ version: 2 })
  await null
  assert.deepEqual(emitted, [
    ['update', './module'],
    ['update', './module']
  ])
  emitted.length = 0
  const plain = createRuntime(require, watcher)
  plain.emit = (...args) => emitted.push(args)
  await plain.import('./other')
  save({ version: 3 }, './other')
  await null
  assert.deepEqual(emitted, [['update', './other']], 'an own `emit` as well')
})

test('`Reflect.construct`, ES5 inheritance through it, and a Proxy of a class', async (t) => {
  const { require, watcher } = steps(t)
  function Old(watcher, require) {
    return Reflect.construct(HMRRuntime, [watcher, require], Old)
  }
  Object.setPrototypeOf(Old.prototype, HMRRuntime.prototype)
  Object.setPrototypeOf(Old, HMRRuntime)
  const Proxied = new Proxy(HMRRuntime, {})
  for (const runtime of [
    new Old(watcher, require),
    new Proxied(watcher, require),
    Reflect.construct(HMRRuntime, [watcher, require]),
    new (class extends Proxied {})(watcher, require)
  ]) {
    assert.ok(runtime instanceof HMRRuntime)
    assert.equal((await runtime.import('./module')).exports, 'v1')
    runtime.unimport('./module')
  }
  assert.equal(Object.getPrototypeOf(new Old(watcher, require)), Old.prototype)
  const runner = Reflect.construct(Runner, [() => 'ran'], AsyncRunner)
  assert.ok(runner instanceof AsyncRunner)
  assert.equal(runner.execute(), 'ran')
})

test('a runtime behind a Proxy, or as a prototype, works', async (t) => {
  const { runtime, save } = steps(t)
  const proxied = new Proxy(runtime, {})
  const derived = Object.create(runtime)
  const imported = await proxied.import('./module')
  assert.equal(await derived.import('./module'), imported)
  save({ version: 2 })
  assert.equal(imported.exports, 'v2')
  proxied.unimport('./module')
})

test('methods on what is no runtime are a TypeError', async () => {
  const { import: importIt, unimport, closeAll } = HMRRuntime.prototype
  for (const receiver of [
    undefined,
    null,
    7,
    {},
    new EventEmitter(),
    HMRRuntime.prototype,
    Object.create(HMRRuntime.prototype)
  ]) {
    await assert.rejects(importIt.call(receiver, './module'), TypeError)
    assert.throws(() => unimport.call(receiver, './module'), TypeError)
    assert.throws(() => closeAll.call(receiver), TypeError)
  }
})

// [node-hmr 26, 31]
test('"`Watcher` and `HMRRuntime` are EventEmitters in every respect"', async (t) => {
  const { require } = steps(t)
  for (const emitter of [
    new Watcher(),
    new ManualWatcher(),
    new NoopWatcher(),
    new FSWatcher(require),
    new ContentWatcher(require),
    createRuntime(require, false)
  ]) {
    const seen = []
    const listener = (...args) => seen.push(args)
    assert.equal(emitter.on('event', listener), emitter, '"`on()` returns `this`"')
    assert.equal(
      emitter.prependOnceListener('event', () => seen.push('first')),
      emitter
    )
    assert.equal(emitter.emit('event', 1, 2), true)
    assert.equal(emitter.emit('nobody listens'), false)
    assert.deepEqual(seen, ['first', [1, 2]])
    assert.deepEqual(emitter.eventNames(), ['event'])
    assert.equal(emitter.listenerCount('event'), 1)
    assert.deepEqual(emitter.listeners('event'), [listener])
    assert.equal(emitter.off('event', listener), emitter)
    assert.equal(emitter.getMaxListeners(), EventEmitter.defaultMaxListeners)
    assert.throws(() => emitter.emit('error', new Error('nobody listens')), /nobody listens/)
    assert.throws(() => emitter.on('event', 'no function'), { code: 'ERR_INVALID_ARG_TYPE' })
    emitter.once('thrower', () => {
      throw 'thrown'
    })
    assert.throws(
      () => emitter.emit('thrower'),
      (thrown) => thrown === 'thrown'
    )
    const soon = once(emitter, 'soon')
    emitter.emit('soon', 'value')
    assert.deepEqual(await soon, ['value'])
    const added = []
    emitter.on('newListener', (event) => added.push(event))
    emitter.on(Symbol.for('symbol'), () => {})
    assert.deepEqual(added, [Symbol.for('symbol')])
    assert.equal(emitter.removeAllListeners(), emitter)
    assert.deepEqual(emitter.eventNames(), [])
  }
  const [one, two] = [new Watcher(), new Watcher()]
  one.on('event', () => assert.fail('of another instance'))
  assert.equal(two.emit('event'), false)
})

test('`new Watcher({ captureRejections: true })` passes its options on', async () => {
  const watcher = new Watcher({ captureRejections: true })
  watcher.on('event', async () => {
    throw 'rejected'
  })
  const error = new Promise((resolve) => watcher.on('error', resolve))
  watcher.emit('event')
  assert.equal(await error, 'rejected')
})

test('own properties of an instance do not show its inside', (t) => {
  const { require } = steps(t)
  const enumerable = (object) => Object.keys(object).sort()
  const plain = enumerable(new EventEmitter())
  assert.deepEqual(enumerable(new Watcher()), plain)
  assert.deepEqual(enumerable(new FSWatcher(require)), plain)
  assert.deepEqual(enumerable(createRuntime(require, false)), plain)
  assert.deepEqual(enumerable(createRunner(() => {})), [])
  assert.deepEqual(enumerable(createPersist()), [])
})

// [node-hmr 18, 19]
test('Runner and AsyncRunner: "execute, clean, … pass any values through unchecked", "results are returned unchanged"', () => {
  for (const isAsync of [false, true]) {
    const seen = []
    const result = Promise.resolve()
    const runner = createRunner(
      (...args) => last(seen.push(args), result),
      (...args) => last(seen.push(args), result),
      isAsync
    )
    assert.equal(runner instanceof AsyncRunner, isAsync)
    assert.equal(runner instanceof Runner, !isAsync)
    const odd = Symbol('odd')
    assert.equal(runner.execute(odd, undefined), result)
    assert.equal(runner.execute(), result)
    assert.equal(runner.clean(null, odd), result)
    assert.equal(runner.clean(), result)
    assert.deepEqual(seen, [
      [odd, undefined],
      [undefined, undefined],
      [null, odd],
      [undefined, undefined]
    ])
    assert.equal(createRunner(() => 1, undefined, isAsync).clean(1, 2), undefined)
  }
})

test('callbacks that throw throw through `execute`, `clean`, `generate` and `cleanup`', () => {
  const fail = () => {
    throw undefined
  }
  const runner = createRunner(fail, fail)
  const persist = createPersist(fail, fail)
  for (const call of [
    () => runner.execute(),
    () => runner.clean(),
    () => persist.generate(),
    () => persist.cleanup()
  ]) {
    let thrown = 'nothing'
    try {
      call()
    } catch (error) {
      thrown = error
    }
    assert.equal(thrown, undefined)
  }
})

// [node-hmr 7]
test('`hmr(persist: PersistManager | null, runner, forceUpdate = false): HotModule`', () => {
  const [persist, runner] = [createPersist(), createRunner(() => {})]
  const made = hmr(persist, runner)
  assert.deepEqual(Object.keys(made).sort(), ['persist', 'runner', 'updatePersistentValues'])
  assert.equal(made.persist, persist)
  assert.equal(made.runner, runner)
  assert.equal(made.updatePersistentValues, false)
  assert.ok(hmr(persist, runner, true).updatePersistentValues)
  for (const nothing of [null, undefined]) assert.ok(hmr(nothing, runner).persist instanceof PersistManager)
})

test('`util.inspect` of each object is readable', async (t) => {
  const { runtime, require, watcher } = steps(t)
  await runtime.import('./module')
  const shown = util.inspect(runtime)
  assert.match(shown, /^HMRRuntime \{/)
  assert.match(shown, /'\.\/module': 'ready, watched'/)
  runtime.closeAll()
  assert.match(util.inspect(runtime), /not watched/)
  assert.match(util.inspect(createRunner(() => {})), /^Runner \{/)
  assert.match(util.inspect(createRunner(() => {}, null, true)), /^AsyncRunner \{/)
  assert.match(util.inspect(createPersist(() => {})), /^PersistManager \{.*generate/)
  assert.match(util.inspect(new FSWatcher(require)), /^FSWatcher \{/)
  assert.match(util.inspect(new Watcher()), /^Watcher \{/)
  assert.match(util.inspect({ deep: { deeper: { deepest: runtime } } }), /\[HMRRuntime\]/)
  for (const Class of [HMRRuntime, Runner, PersistManager, FSWatcher]) {
    assert.equal(typeof util.inspect(Class.prototype), 'string')
    assert.equal(typeof util.inspect(Class), 'string')
  }
  class Named extends HMRRuntime {}
  const named = new Named(watcher, require)
  assert.match(util.inspect(named), /^Named \{/)
  await named.import('./module')
  assert.equal(util.inspect(named).split('\n').length < 20, true)
})
