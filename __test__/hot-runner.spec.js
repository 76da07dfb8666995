// The entry depends on little: the least that a stand-in for a runner and for an emitter has to be.
'use strict'

const assert = require('node:assert/strict')
const { describe, test } = require('node:test')
const hmr = require('@upvotr/node-hmr/vite-node')
const { captureConsole, jsUpdate } = require('./support/fake-runner.js')

/** A module cache that is no Map, and whose modules tell nothing. */
class Modules {
  #modules = new Map()
  constructor(...ids) {
    for (const id of ids) this.#modules.set(id, {})
  }
  keys = () => this.#modules.keys()
  has = (id) => this.#modules.has(id)
  get = (id) => this.#modules.get(id)
  delete = (id) => this.#modules.delete(id)
  add = (id) => this.#modules.set(id, {})
}

/** A runner with nothing but what is needed. */
function bareRunner(...ids) {
  const executed = []
  const moduleCache = new Modules(...ids)
  return {
    executed,
    runner: {
      moduleCache,
      async executeId(id) {
        executed.push(id)
        moduleCache.add(id)
        return { id }
      }
    }
  }
}

const [MAIN, A] = ['/app/main.js', '/app/a.js']

// [vite-node 70]
describe('from a runner only `moduleCache` and `executeId`', () => {
  test('for an update', async (t) => {
    captureConsole(t)
    const { runner, executed } = bareRunner(MAIN, A, '/app/b.js')
    const emitter = hmr.createHmrEmitter()
    const got = []
    hmr.createHotContext(runner, emitter, [MAIN], A).accept((module) => got.push(module))
    const message = { type: 'update', updates: [jsUpdate('/app/a.js?t=1')] }
    await hmr.handleMessage(runner, emitter, [MAIN], message)
    assert.deepEqual(executed, [A])
    assert.deepEqual(got, [{ id: A }])
    assert.deepEqual([...runner.moduleCache.keys()], [MAIN, '/app/b.js', A])
  })

  // [vite-node 18]
  test('for a full reload, a prune and `invalidate`', async () => {
    const { runner, executed } = bareRunner(MAIN, A, '/app/node_modules/p.js')
    const emitter = hmr.createHmrEmitter()
    const hot = hmr.createHotContext(runner, emitter, [MAIN], A)
    await hmr.handleMessage(runner, emitter, [MAIN], { type: 'full-reload' })
    assert.deepEqual(executed, [MAIN])
    assert.deepEqual([...runner.moduleCache.keys()], ['/app/node_modules/p.js', MAIN])
    assert.deepEqual(await hot.invalidate(), [{ id: MAIN }])
    await hmr.handleMessage(runner, emitter, [MAIN], { type: 'prune', paths: [MAIN] })
    assert.deepEqual([...runner.moduleCache.keys()], ['/app/node_modules/p.js'])
  })

  // [vite-node 70]
  test('importers that are no strings, and a root that is none, are not used', async (t) => {
    captureConsole(t)
    const { runner, executed } = bareRunner(MAIN, A)
    runner.moduleCache.get(A).importers = [MAIN, {}, null]
    runner.root = 1
    const message = { type: 'update', updates: [jsUpdate(MAIN)] }
    await hmr.handleMessage(runner, hmr.createHmrEmitter(), [MAIN], message)
    assert.deepEqual(executed, [MAIN])
    assert.deepEqual([...runner.moduleCache.keys()], [MAIN])
  })
})

// [vite-node 71]
test('from the emitter only the methods of an EventEmitter', async () => {
  const { runner } = bareRunner()
  const listeners = new Map()
  const of = (event) => listeners.get(event) ?? []
  const emitter = {
    emit: (event, ...args) => of(event).map((listener) => listener(...args)).length > 0,
    listenerCount: (event) => of(event).length,
    on(event, listener) {
      emitter.emit('newListener', event, listener)
      listeners.set(event, [...of(event), listener])
    },
    off: (event, listener) =>
      listeners.set(
        event,
        of(event).filter((other) => other !== listener)
      )
  }
  const hot = hmr.createHotContext(runner, emitter, [MAIN], A)
  const got = []
  hot.on('event', (data) => got.push(data))
  hot.send('early')
  emitter.on('custom', (text) => got.push(JSON.parse(text).event))
  await new Promise(setImmediate)
  hot.send('late')
  await hmr.handleMessage(runner, emitter, [MAIN], { type: 'custom', event: 'event', data: 1 })
  assert.deepEqual(got, ['early', 'late', 1])
  assert.equal(emitter.listenerCount('newListener'), 0)
})
