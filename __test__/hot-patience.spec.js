'use strict'

const assert = require('node:assert/strict')
const { describe, test } = require('node:test')
const hmr = require('@upvotr/node-hmr/vite-node')
const { fakeApp, captureConsole, deferred } = require('./support/fake-runner.js')

const [MAIN, A] = ['/app/main.js', '/app/src/a.js']

/** Keeps the process alive while nothing but an unreferenced timer is awaited. */
const alive = (t) => {
  const timer = setInterval(() => {}, 1_000)
  t.after(() => clearInterval(timer))
}

// [vite-node 51]
describe('a step that never settles', { concurrency: true }, () => {
  test('a disposer is reported after 5 s and left behind; its late rejection is reported', async (t) => {
    alive(t)
    const lines = captureConsole(t)
    const never = deferred()
    let version = 0
    const app = fakeApp({
      [MAIN]: ({ hot }) => {
        version++
        hot.accept()
        if (version === 1) hot.dispose(() => never.promise)
      }
    })
    await app.start()
    await app.update(MAIN)
    assert.equal(version, 2)
    assert.match(lines.error[0], /the disposer of \/app\/main\.js has not settled after 5 s and is left behind/)
    assert.match(lines.error[0], /closeAllConnections\(\)/)
    await app.update(MAIN)
    assert.equal(version, 3)
    never.reject(new Error('too late'))
    await new Promise(setImmediate)
    assert.match(lines.error[1], /the disposer of \/app\/main\.js failed too late/)
    assert.equal(lines.error.length, 2)

    // One test, since the console is captured: a reload, too, and a listener of Vite's events.
    app.context(A).dispose(() => new Promise(() => {}))
    app.context('/app/b.js').on('vite:beforeFullReload', () => new Promise(() => {}))
    await app.send({ type: 'full-reload' })
    assert.equal(version, 4)
    assert.match(lines.error[2], /a listener of "vite:beforeFullReload" has not settled after 5 s/)
    assert.match(lines.error[3], /the disposer of \/app\/src\/a\.js has not settled after 5 s/)

    // An evaluation that never ends is left behind as well.
    app.modules[MAIN] = () => new Promise(() => {})
    app.runner.moduleCache.delete(MAIN)
    void app.start()
    app.modules[MAIN] = () => void version++
    await hmr.reload(app.runner, app.entries)
    assert.equal(version, 5)
    assert.match(lines.error[4], /the evaluation of \/app\/main\.js has not ended after 5 s and is left behind/)
  })
})
