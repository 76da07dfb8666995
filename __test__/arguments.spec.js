'use strict'

const { test } = require('node:test')
const {
  assert,
  AsyncRunner,
  createPersist,
  createRunner,
  createRuntime,
  FSWatcher,
  HMRRuntime,
  hmr,
  ManualWatcher,
  PersistManager,
  root,
  Runner,
  steps,
  synthetic,
  Watcher
} = require('./support')

const refused = (parameter) => (error) => {
  assert.ok(error instanceof TypeError)
  assert.equal(error.code, 'ERR_HMR_ARGUMENT')
  assert.match(error.message, new RegExp(`\`${parameter}\` must be .+; got .+`))
  return true
}
const noFunctions = [undefined, null, 7, 'text', true, {}, [], Symbol('s'), 1n]
const noCallbacks = noFunctions.filter((value) => value !== undefined && value !== null)

test('messages name the parameter, what was given and what is expected', () => {
  assert.throws(() => createRuntime(), refused('require'))
  assert.throws(() => createRuntime(), {
    message: /^createRuntime: `require` must be a require function.*; got undefined$/
  })
  assert.throws(() => createRunner('text'), {
    message: /^createRunner: `run` must be a function.*; got the string "text"$/
  })
})

// [node-hmr 10]
test('`createRuntime()` and `new HMRRuntime()` without a require function', () => {
  const withoutResolve = () => {}
  for (const value of [...noFunctions, withoutResolve]) {
    assert.throws(() => createRuntime(value), refused('require'))
    assert.throws(() => createRuntime(value, false), refused('require'))
    assert.throws(() => new HMRRuntime(false, value), refused('require'))
  }
})

test('"a watcher without `watch`"', () => {
  for (const value of [7, 'text', {}, [], () => {}, new Watcher(), { watch() {} }, ManualWatcher]) {
    assert.throws(() => createRuntime(require, value), refused('watcher'))
    assert.throws(() => new HMRRuntime(value, require), refused('watcher'))
  }
})

test('"an id that is no string": `import` rejects, `unimport` throws', async (t) => {
  const { runtime, watcher } = steps(t)
  for (const id of [undefined, null, 7, {}, [], ['./module'], Symbol('id'), new String('./module'), 1n, true]) {
    await assert.rejects(runtime.import(id), refused('id'))
    assert.throws(() => runtime.unimport(id), refused('id'))
  }
  await assert.rejects(runtime.import(), refused('id'))
  assert.deepEqual(watcher.calls, [])
})

test('callbacks of runners and persist managers', () => {
  for (const value of noFunctions) {
    assert.throws(() => createRunner(value), refused('run'))
    assert.throws(() => new Runner(value), refused('run'))
    assert.throws(() => new AsyncRunner(value), refused('run'))
  }
  for (const value of noCallbacks) {
    assert.throws(() => createRunner(() => {}, value), refused('cleanup'))
    assert.throws(() => new Runner(() => {}, value), refused('cleanup'))
    assert.throws(() => createPersist(value), refused('generate'))
    assert.throws(() => createPersist(() => {}, value), refused('cleanup'))
    assert.throws(() => new PersistManager(() => {}, value), refused('cleanup'))
  }
})

// [node-hmr 17]
test('"Booleans are taken by truthiness, never refused"', () => {
  const truthy = [true, 1, 'no', {}, [], Symbol('yes'), () => {}, 1n]
  const falsy = [false, 0, '', null, undefined, NaN, 0n]
  for (const value of truthy) assert.ok(createRunner(() => {}, null, value) instanceof AsyncRunner)
  for (const value of falsy) assert.ok(createRunner(() => {}, null, value) instanceof Runner)
})

test('hmr refuses at the call what is no persist manager and no runner', () => {
  const [runner, persist] = [createRunner(() => {}), createPersist()]
  for (const value of [...noFunctions, () => 1, Runner, persist]) {
    assert.throws(() => hmr(null, value), refused('runner'))
    assert.throws(() => hmr(persist, value), refused('runner'))
  }
  assert.throws(() => hmr(), refused('runner'))
  assert.throws(() => hmr(runner), { message: /^hmr: `persist` must be .*createPersist.*; got an instance of Runner$/ })
  for (const value of [7, 'text', true, {}, [], () => 1, runner, PersistManager])
    assert.throws(() => hmr(value, runner), refused('persist'))
  for (const none of [null, undefined, false]) assert.ok(hmr(none, runner).persist instanceof PersistManager)
  class Own extends AsyncRunner {}
  class OwnPersist extends PersistManager {}
  const [own, values] = [new Own(async () => {}), new OwnPersist()]
  assert.deepEqual(Object.values(hmr(values, own, 1)), [1, values, own])
})

test('hmr takes the persist manager and the runner of another copy of the package', () => {
  const cached = Object.keys(require.cache).filter((file) => file.startsWith(`${root}/`) && !file.includes('__test__'))
  const kept = cached.map((file) => [file, require.cache[file]])
  for (const file of cached) delete require.cache[file]
  const other = require('..')
  for (const [file, record] of kept) require.cache[file] = record
  assert.notEqual(other.Runner, Runner)
  for (const runner of [other.createRunner(() => {}), other.createRunner(async () => {}, undefined, true)])
    assert.equal(hmr(other.createPersist(), runner).runner, runner)
})

// [node-hmr 14]
test('FSWatcher and its `watch`', () => {
  for (const value of [...noFunctions.filter((it) => it !== undefined), undefined, () => {}]) {
    assert.throws(() => new FSWatcher(value), refused('require'))
  }
  const watcher = new FSWatcher(require)
  for (const id of [undefined, 7, {}, Symbol('id')]) assert.throws(() => watcher.watch(id), refused('id'))
  class WithoutArguments extends FSWatcher {}
  const own = new WithoutArguments()
  assert.throws(() => own.watch('./module'), refused('require'))
})

test('synthetic', () => {
  for (const value of noFunctions) assert.throws(() => synthetic(value, require), refused('require'))
  for (const value of [undefined, null, 7, 'text'])
    assert.throws(() => synthetic(() => {}, value), refused('realRequire'))
  for (const value of noCallbacks) assert.throws(() => synthetic(() => {}, require, {}, value), refused('resolve'))
})

test('odd values are described, not tripped over', () => {
  const hostile = new Proxy(
    {},
    {
      get: (target, key) => {
        throw new Error(`trap ${String(key)}`)
      }
    }
  )
  class Named {}
  const nameless = Object.create(null)
  for (const value of [new Named(), nameless, 'x'.repeat(1000), Symbol('s'), 10n ** 50n, [1, 2]]) {
    assert.throws(() => createRunner(value), refused('run'))
  }
  assert.throws(() => createRunner(hostile), refused('run'))
  assert.throws(() => createRunner(new Named()), { message: /an instance of Named$/ })
  assert.throws(
    () => createRunner('x'.repeat(1000)),
    (error) => error.message.length < 200
  )
})
