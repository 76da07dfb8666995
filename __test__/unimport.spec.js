'use strict'

const { test, describe } = require('node:test')
const {
  assert,
  captureConsole,
  createRuntime,
  deferred,
  ManualWatcher,
  nothingUnhandled,
  steps,
  turn,
  updatesOf
} = require('./support')

// [node-hmr 11, 41]
test('"`unimport`: stops the watch, calls `persist.cleanup` (observed) but not the runner\'s cleanup, … all before it returns"', async (t) => {
  const { runtime, watcher, taken } = steps(t)
  await runtime.import('./module')
  taken()
  assert.equal(runtime.unimport('./module'), undefined)
  assert.deepEqual(watcher.calls, ['watch ./module', 'unwatch ./module'])
  assert.deepEqual(taken(), ['v1 persist cleanup of v1'])
  assert.equal(watcher.listenerCount('update'), 0)
})

// [node-hmr 41]
test('"of an unknown id: nothing (mended)"', async (t) => {
  const { runtime, watcher, taken } = steps(t)
  await runtime.import('./module')
  taken()
  for (const id of ['./unknown', '', '__proto__', './module.js']) assert.equal(runtime.unimport(id), undefined)
  runtime.unimport('./module')
  runtime.unimport('./module')
  assert.deepEqual(taken(), ['v1 persist cleanup of v1'])
  assert.deepEqual(watcher.calls, ['watch ./module', 'unwatch ./module'])
})

// [node-hmr 41, 42]
test('"An object already handed out keeps its last `exports`; a later import gives a new object and new persistent values"', async (t) => {
  const { runtime, next, save, taken } = steps(t)
  const first = await runtime.import('./module')
  save({ version: 2 })
  runtime.unimport('./module')
  next({ version: 3 })
  taken()
  const second = await runtime.import('./module')
  assert.notEqual(first, second)
  assert.deepEqual([first.exports, second.exports], ['v2', 'v3'])
  assert.deepEqual(taken(), ['v3 evaluate', 'v3 generate', 'v3 run with v3'])
  save({ version: 4 })
  assert.deepEqual([first.exports, second.exports], ['v2', 'v4'])
})

// [node-hmr 11, 43]
test('"`closeAll` stops all watches and cleans nothing up; a later import gives the same object"', async (t) => {
  const { runtime, watcher, taken, save } = steps(t)
  const [first, other] = [await runtime.import('./module'), await runtime.import('./other')]
  taken()
  assert.equal(runtime.closeAll(), undefined)
  assert.deepEqual(watcher.watched, [])
  assert.equal(watcher.listenerCount('update'), 0)
  assert.deepEqual(taken(), [])
  save({ version: 2 })
  assert.deepEqual([first.exports, other.exports], ['v1', 'o1'])
  assert.equal(await runtime.import('./module'), first)
  assert.deepEqual(taken(), ['v1 clean v1 of v1', 'v1 run with v1'])
  assert.deepEqual(watcher.watched, ['./module'], 'it is watched again')
  save({ version: 3 })
  assert.deepEqual([first.exports, other.exports], ['v3', 'o1'])
  runtime.closeAll()
  runtime.closeAll()
})

test('an event just before unimport or closeAll, and any after, does nothing', async (t) => {
  for (const stop of ['unimport', 'closeAll']) {
    const { runtime, watcher, plan, taken } = steps(t)
    const imported = await runtime.import('./module')
    const updates = updatesOf(runtime)
    const listener = watcher.listeners('update')[0]
    runtime[stop]('./module')
    taken()
    plan.version = 2
    watcher.tell('./module')
    listener('./module')
    assert.deepEqual(taken(), [])
    assert.deepEqual(updates, [])
    assert.equal(imported.exports, 'v1')
  }
})

const stops = ['unimport', 'closeAll']

describe('unimport and closeAll at any moment of the first import', () => {
  for (const stop of stops) {
    for (const step of ['evaluate', 'generate', 'run']) {
      for (const isAsync of [false, true]) {
        if (step === 'evaluate' && isAsync) continue
        test(`${stop} inside ${step}${isAsync ? ', later' : ''}`, async (t) => {
          const unhandled = nothingUnhandled(t)
          const printed = captureConsole(t)
          const { runtime, next, watcher, taken } = steps(t)
          let isStopped = false
          const stopOnce = () => {
            if (!isStopped) runtime[stop]('./module')
            isStopped = true
          }
          const body = (result) => () => {
            if (isAsync)
              return turn()
                .then(stopOnce)
                .then(() => result)
            stopOnce()
            return result
          }
          next({ version: 1, isAsync, [step]: body(step === 'generate' ? { by: 'stopped' } : 'stopped') })
          const imported = await runtime.import('./module')
          assert.deepEqual(watcher.watched, [])
          assert.equal(watcher.listenerCount('update'), 0)
          const log = taken()
          if (stop === 'closeAll') {
            assert.equal(imported.exports, step === 'run' ? 'stopped' : 'v1')
          } else {
            const generated = log.filter((line) => line.endsWith(' generate')).length
            const cleaned = log.filter((line) => line.includes('persist cleanup')).length
            assert.equal(generated, cleaned, 'values that were generated are cleaned up')
          }
          next({ version: 2 })
          const again = await runtime.import('./module')
          assert.equal(again === imported, stop === 'closeAll')
          assert.deepEqual(watcher.watched, ['./module'])
          assert.deepEqual(printed.lines, [])
          await unhandled.check()
        })
      }
    }
  }
})

// [node-hmr 57]
describe('"`unimport` during a running update neither crashes nor revives (mended)"', () => {
  for (const stop of stops) {
    for (const [step, first, second] of [
      ['evaluate', () => ({}), (body) => ({ evaluate: body })],
      ['clean', (body) => ({ clean: body }), () => ({})],
      ['persistCleanup', (body) => ({ persistCleanup: body }), () => ({ force: true })],
      ['generate', () => ({}), (body) => ({ force: true, generate: body })],
      ['run', () => ({}), (body) => ({ run: body })],
      ['a failing run', () => ({}), (body) => ({ run: body, fails: true })]
    ]) {
      for (const isAsync of [false, true]) {
        if (step === 'evaluate' && isAsync) continue
        test(`${stop} inside ${step}${isAsync ? ', later' : ''}`, async (t) => {
          const unhandled = nothingUnhandled(t)
          captureConsole(t)
          const { runtime, next, save, watcher, taken } = steps(t)
          let calls = 0
          const stopNow = () => {
            calls += 1
            if (calls === 1) runtime[stop]('./module')
            if (step.startsWith('a failing')) throw 'failed as well'
            return { by: 'stopped' }
          }
          const body = () => (isAsync ? turn().then(stopNow) : stopNow())
          next({ version: 1, ...first(body) })
          const imported = await runtime.import('./module')
          const updates = updatesOf(runtime)
          taken()
          save({ version: 2, isAsync, ...second(body) })
          await turn()
          await turn()
          await turn()
          assert.deepEqual(watcher.watched, [])
          assert.equal(watcher.listenerCount('update'), 0)
          const log = taken()
          if (stop === 'unimport') {
            assert.equal(imported.exports, 'v1', '"An object already handed out keeps its last `exports`"')
            assert.deepEqual(updates, [])
            assert.equal(
              log.filter((line) => line.includes('persist cleanup')).length,
              1 + log.filter((line) => line.endsWith(' generate')).length,
              'each values are cleaned up once'
            )
          }
          save({ version: 3 })
          assert.deepEqual(taken(), [], 'nobody watches')
          const again = await runtime.import('./module')
          assert.equal(again === imported, stop === 'closeAll')
          save({ version: 4 })
          await turn()
          assert.equal(again.exports, 'v4')
          await unhandled.check()
        })
      }
    }
  }
})

test("unimport inside a runner's own `update`, through `emitUpdate`", async (t) => {
  const unhandled = nothingUnhandled(t)
  const { runtime, save, watcher } = steps(t)
  await runtime.import('./module')
  runtime.on('update', (id) => runtime.unimport(id))
  save({ version: 2, run: (values, emitUpdate) => emitUpdate() })
  assert.deepEqual(watcher.watched, [])
  await unhandled.check()
})

test('a new import while the unimported one still runs: neither disturbs the other', async (t) => {
  const unhandled = nothingUnhandled(t)
  const { runtime, next, save, watcher } = steps(t)
  const gate = deferred()
  next({ version: 1, isAsync: true, run: () => gate.promise })
  const first = runtime.import('./module')
  await turn()
  runtime.unimport('./module')
  next({ version: 2 })
  const second = await runtime.import('./module')
  gate.resolve('late')
  const late = await first
  assert.notEqual(late, second)
  assert.equal(second.exports, 'v2')
  assert.deepEqual(watcher.watched, ['./module'])
  save({ version: 3 })
  assert.equal(second.exports, 'v3')
  await unhandled.check()
})

test('those who joined an import that was unimported get its result', async (t) => {
  const { runtime, next } = steps(t)
  const gate = deferred()
  next({ version: 1, isAsync: true, run: () => gate.promise })
  const imports = [runtime.import('./module'), runtime.import('./module')]
  await turn()
  runtime.unimport('./module')
  gate.reject('gone')
  const results = await Promise.allSettled(imports)
  assert.deepEqual(results, Array(2).fill({ status: 'rejected', reason: 'gone' }))
})

test('a persistent cleanup that fails at unimport is reported, and unimport does its work', async (t) => {
  const unhandled = nothingUnhandled(t)
  const printed = captureConsole(t)
  const { runtime, next, watcher } = steps(t)
  for (const fail of [
    () => {
      throw 'cleanup'
    },
    () => Promise.reject('cleanup')
  ]) {
    next({ version: 1, persistCleanup: fail })
    await runtime.import('./module')
    runtime.unimport('./module')
    assert.deepEqual(watcher.watched, [])
    await turn()
    assert.deepEqual(
      printed.taken().map(({ method, args }) => [method, args.at(-1)]),
      [['error', 'cleanup']]
    )
  }
  await unhandled.check()
})

test('a persistent cleanup may unimport and import the same id', async (t) => {
  const unhandled = nothingUnhandled(t)
  const { runtime, next, watcher, taken } = steps(t)
  let again
  next({
    version: 1,
    persistCleanup: () => {
      runtime.unimport('./module')
      next({ version: 2 })
      again = runtime.import('./module')
    }
  })
  const first = await runtime.import('./module')
  runtime.unimport('./module')
  const second = await again
  assert.notEqual(first, second)
  assert.equal(second.exports, 'v2')
  assert.deepEqual(watcher.watched, ['./module'])
  assert.equal(taken().filter((line) => line.includes('cleanup')).length, 1)
  await unhandled.check()
})

test("a listener of one module's update may unimport the next of the same event, whose `update` is not emitted then", async (t) => {
  const { runtime, plan, watcher } = steps(t)
  await runtime.import('./module')
  await runtime.import('./other')
  const updates = updatesOf(runtime)
  runtime.on('update', (id) => id === './module' && runtime.unimport('./other'))
  plan.version = 2
  watcher.tell('./other', './module')
  await turn()
  assert.deepEqual(updates, ['./module'])
  assert.deepEqual(watcher.watched, ['./module'])
})

test('a watch that was let go inside `watch` is stopped', async (t) => {
  for (const stop of stops) {
    let runtime
    class Hasty extends ManualWatcher {
      watch(id) {
        const unwatch = super.watch(id)
        runtime[stop](id)
        return unwatch
      }
    }
    const watcher = new Hasty()
    const { require } = steps(t)
    runtime = createRuntime(require, watcher)
    await runtime.import('./module')
    assert.deepEqual(watcher.watched, [])
    assert.equal(watcher.listenerCount('update'), 0)
  }
})
