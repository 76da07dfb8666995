'use strict'

// Messages of one runner come one after another.
const assert = require('node:assert/strict')
const { describe, test } = require('node:test')
const { fakeApp, captureConsole, deferred } = require('./support/fake-runner.js')

const [MAIN] = ['/app/main.js']

describe('the queue', () => {
  // [vite-node 9, 46]
  test('one message after another; `pending` and `queued` tell; `custom` and `connected` do not wait', async (t) => {
    captureConsole(t)
    const gate = deferred()
    const order = []
    const app = fakeApp({
      [MAIN]: async ({ hot }) => {
        hot.accept(() => order.push('updated'))
        hot.on('event', () => order.push('event'))
        hot.on('vite:error', () => order.push('error'))
        order.push('execute')
      }
    })
    await app.start()
    const works = app.modules[MAIN]
    app.modules[MAIN] = async (module) => (await gate.promise, works(module))
    const first = app.update(MAIN)
    const second = app.update(MAIN)
    const third = app.send({ type: 'error', err: { message: 'm', stack: 's' } })
    await new Promise(setImmediate)
    assert.equal(app.cache.pending, true)
    assert.equal(app.cache.queued.length, 2)
    assert.ok(app.cache.queued.every((turn) => turn instanceof Promise))
    await app.send({ type: 'custom', event: 'event' })
    await app.send({ type: 'connected' })
    assert.deepEqual(order, ['execute', 'event'])
    gate.resolve()
    await Promise.all([first, second, third])
    assert.deepEqual(order.slice(2), ['execute', 'updated', 'execute', 'updated', 'error'])
    assert.equal(app.cache.pending, false)
    assert.deepEqual(app.cache.queued, [])
  })

  // [vite-node 46]
  test('a long queue is no deep stack', async () => {
    const app = fakeApp()
    await Promise.all(Array.from({ length: 5000 }, () => app.update('/src/x.js')))
  })

  // [vite-node 46]
  test('`invalidate` never deadlocks when awaited inside a callback', async (t) => {
    captureConsole(t)
    const got = []
    const app = fakeApp({
      [MAIN]: ({ hot }) => {
        hot.on('vite:beforeUpdate', async () => got.push(await hot.invalidate()))
        hot.accept(async () => got.push(await hot.invalidate()))
        return 'main'
      }
    })
    await app.start()
    await app.update(MAIN)
    await app.update('/other.js')
    assert.deepEqual(got.flat().slice(0, 2), ['main', 'main'])
  })

  // [vite-node 18]
  test('`invalidate` in a callback says who was the first to do so', async (t) => {
    captureConsole(t)
    const got = []
    const app = fakeApp({
      [MAIN]: ({ hot }) => {
        hot.on('vite:invalidate', (detail) => got.push(detail))
        hot.accept(() => hot.invalidate('why'))
      }
    })
    await app.start()
    await app.update({ path: MAIN, acceptedPath: MAIN, firstInvalidatedBy: '/src/a.js' })
    await app.update(MAIN)
    assert.deepEqual(got, [
      { path: MAIN, message: 'why', firstInvalidatedBy: '/src/a.js' },
      { path: MAIN, message: 'why', firstInvalidatedBy: MAIN }
    ])
  })
})
