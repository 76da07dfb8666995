'use strict'

// "`Watcher` and `HMRRuntime` are EventEmitters in every respect": the runtime takes no more of its listeners' promises
// than those of `update`.

const { EventEmitter } = require('node:events')
const { test } = require('node:test')
const { assert, captureConsole, HMRRuntime, nothingUnhandled, steps, turn } = require('./support')

test("an async listener of an event of the user's own that rejects stays an unhandled rejection", async (t) => {
  const unhandled = nothingUnhandled(t)
  const { runtime } = steps(t)
  const thrown = new Error('mine')
  runtime.on('mine', async () => {
    throw thrown
  })
  runtime.emit('mine')
  await turn()
  await turn()
  assert.deepEqual(unhandled.seen.splice(0), [['unhandledRejection', thrown]])
})

test('what a rejection that is handled in the same turn does, it does: nothing', async (t) => {
  const unhandled = nothingUnhandled(t)
  const printed = captureConsole(t)
  const { runtime } = steps(t)
  let rejected
  runtime.on('mine', () => {
    rejected = Promise.reject(new Error('mine'))
    return rejected
  })
  runtime.emit('mine')
  rejected.catch(() => {})
  await unhandled.check()
  assert.deepEqual(printed.lines, [])
})

test("the promise of an unhandled rejection is the listener's own", async (t) => {
  const outer = process.listeners('unhandledRejection')
  process.removeAllListeners('unhandledRejection')
  t.after(() => {
    for (const listener of outer) process.on('unhandledRejection', listener)
  })
  const seen = new Promise((resolve) => process.once('unhandledRejection', (_, promise) => resolve([promise])))
  const { runtime } = steps(t)
  const rejected = Promise.reject(new Error('mine'))
  runtime.on('mine', () => rejected)
  runtime.emit('mine')
  assert.equal((await seen)[0], rejected)
})

for (const event of ['mine', 'update']) {
  test(`a listener of \`${event}\` that returns a query has it executed by nobody`, async (t) => {
    const { runtime } = steps(t)
    let executed = 0
    const query = { then: () => (executed += 1) }
    runtime.on(event, () => query)
    runtime.emit(event, 'x')
    await turn()
    assert.equal(executed, 0)
  })
}

test('where all emitters capture rejections, those of own events become `error`, those of `update` are reported', async (t) => {
  const printed = captureConsole(t)
  EventEmitter.captureRejections = true
  t.after(() => {
    EventEmitter.captureRejections = false
  })
  const { runtime, save } = steps(t)
  const [mine, ofUpdate] = [new Error('mine'), new Error('of update')]
  const errors = []
  runtime.on('error', (error) => errors.push(error))
  runtime.on('mine', () => Promise.reject(mine))
  runtime.on('update', () => Promise.reject(ofUpdate))
  await runtime.import('./module')
  runtime.emit('mine')
  save({ version: 2 })
  await turn()
  assert.deepEqual(errors, [mine])
  assert.deepEqual(
    printed.of('error').map(({ args }) => args.at(-1)),
    [ofUpdate]
  )
})

test('an `emit` of a subclass has async listeners of `update` reported, and leaves own events alone', async (t) => {
  const unhandled = nothingUnhandled(t)
  const printed = captureConsole(t)
  class Loud extends HMRRuntime {
    emit(...args) {
      return super.emit(...args)
    }
  }
  const { require, watcher, save } = steps(t)
  const runtime = new Loud(watcher, require)
  const thrown = new Error('of update')
  runtime.on('update', async () => {
    throw thrown
  })
  await runtime.import('./module')
  save({ version: 2 })
  await unhandled.check()
  assert.deepEqual(
    printed.of('error').map(({ args }) => args.at(-1)),
    [thrown]
  )
  let rejected
  runtime.on('mine', () => {
    rejected = Promise.reject(new Error('mine'))
    return rejected
  })
  runtime.emit('mine')
  rejected.catch(() => {})
  await unhandled.check()
})
