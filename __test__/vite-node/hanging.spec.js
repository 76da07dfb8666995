'use strict'

// A version whose evaluation does not end: the messages behind it are taken after 5 s, and it may end later.
const assert = require('node:assert/strict')
const { describe, test } = require('node:test')
const { fakeApp, captureConsole, deferred } = require('../support/fake-runner.js')

const [MAIN, TWO, A, B] = ['/app/main.js', '/app/two.js', '/app/src/a.js', '/app/src/b.js']

/** Keeps the process alive while nothing but an unreferenced timer is awaited. */
const alive = (t) => {
  const timer = setInterval(() => {}, 1_000)
  t.after(() => clearInterval(timer))
}

// [vite-node 51, 73]
describe('an evaluation that does not end', () => {
  test('of an update: the next save is taken, and what ends later calls no callbacks', async (t) => {
    alive(t)
    const lines = captureConsole(t)
    const [late, accepted] = [deferred(), []]
    const version =
      (number, ends) =>
      async ({ hot }) => {
        hot.accept((module) => accepted.push([number, module.number]))
        await ends
        return { number }
      }
    const app = fakeApp({
      [MAIN]: async ({ load }) => void (await load(A), await load(B)),
      [A]: version(1),
      [B]: () => {}
    })
    await app.start()
    app.takeExecuted()
    app.modules[A] = version(2, late.promise)
    const first = app.update(A, B)
    const second = app.update(A)
    while (app.executed.length < 1) await new Promise(setImmediate)
    app.modules[A] = version(3)
    await second
    // The other module of the same message does not wait for ever either.
    assert.deepEqual(app.executed.sort(), [A, A, B])
    assert.deepEqual(accepted, [[2, 3]])
    assert.match(
      lines.error[0],
      /the evaluation of \/app\/src\/a\.js has not ended after 5 s: other updates go on meanwhile/
    )
    late.resolve()
    await first
    assert.deepEqual(accepted, [[2, 3]])
    app.modules[A] = version(4)
    await app.update(A)
    assert.deepEqual(accepted.at(-1), [3, 4])
  })

  test('of an entry: other entries that fail are told, and the next reload is taken', async (t) => {
    alive(t)
    const lines = captureConsole(t)
    const late = deferred()
    const entries = [MAIN, TWO]
    const fail = () => {
      throw new Error('two fails')
    }
    const app = fakeApp({ [MAIN]: () => {}, [TWO]: () => {} }, { entries })
    await app.start()
    app.takeExecuted()
    Object.assign(app.modules, { [MAIN]: () => late.promise, [TWO]: fail })
    const first = app.send({ type: 'full-reload' })
    const second = app.send({ type: 'full-reload' })
    while (app.executed.length < 2) await new Promise(setImmediate)
    app.modules[MAIN] = app.modules[TWO] = () => {}
    await second
    assert.deepEqual(app.executed.slice(2), entries)
    assert.match(
      lines.error[0],
      /the evaluation of \/app\/main\.js has not ended after 5 s: other updates go on meanwhile/
    )
    assert.match(lines.error[1], /\/app\/two\.js failed two fails/)
    late.resolve()
    await assert.rejects(first, /two fails/)
    // The later reload has succeeded, so what is not loaded is ignored again.
    app.executed.length = 0
    await app.send({ type: 'full-reload', triggeredBy: '/app/browser.js' })
    assert.deepEqual(app.executed, [])
    assert.match(lines.error[2], /the evaluation of \/app\/main\.js has not ended after 5 s and is left behind/)
    assert.equal(lines.error.length, 3)
  })
})
