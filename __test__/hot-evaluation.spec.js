'use strict'

const assert = require('node:assert/strict')
const { describe, test } = require('node:test')
const hmr = require('@upvotr/node-hmr/vite-node')
const { fakeApp, captureConsole, deferred } = require('./support/fake-runner.js')

const [MAIN, A, B] = ['/app/main.js', '/app/src/a.js', '/app/src/b.js']

/** A module that opens something after a while, and says at its end how to close it. */
const slow = (log, gate) => async (module) => {
  await gate.promise
  log.push(
    log.filter((entry) => entry === 'open').length > log.filter((entry) => entry === 'close').length
      ? 'open twice'
      : 'open'
  )
  module.hot.accept()
  module.hot.dispose(() => void log.push('close'))
}

// [vite-node 50]
describe('an evaluation under way is waited for, then disposed', () => {
  for (const { title, act } of [
    { title: 'by an update', act: (app) => app.update(MAIN) },
    { title: 'by a full reload', act: (app) => app.send({ type: 'full-reload' }) },
    { title: 'by `reload`', act: (app) => hmr.reload(app.runner, app.entries) },
    { title: 'by `invalidate` of another module', act: (app) => app.context('/app/other.js').invalidate() }
  ])
    test(title, async (t) => {
      captureConsole(t)
      const [log, gate] = [[], deferred()]
      const app = fakeApp({ [MAIN]: slow(log, gate) })
      const started = app.start()
      const done = act(app)
      await new Promise(setImmediate)
      assert.deepEqual(log, [])
      gate.resolve()
      await Promise.all([started, done])
      assert.deepEqual(log, ['open', 'close', 'open'])
    })

  test('also one that the application started by `import()`', async (t) => {
    captureConsole(t)
    for (const act of [(app) => app.update(A), (app) => app.send({ type: 'full-reload' })]) {
      const [log, gate] = [[], deferred()]
      const app = fakeApp({ [MAIN]: (module) => void module.load(A), [A]: slow(log, gate) })
      await app.start()
      const done = act(app)
      gate.resolve()
      await done
      await new Promise(setImmediate)
      assert.deepEqual(log, ['open', 'close', 'open'])
    }
  })

  test('what it accepts at its end counts', async (t) => {
    captureConsole(t)
    const [gate, got] = [deferred(), []]
    const app = fakeApp({
      [MAIN]: async ({ hot, load }) => {
        await load(B)
        await gate.promise
        hot.accept(B, (module) => got.push(module))
      },
      [B]: () => {}
    })
    const started = app.start()
    await new Promise(setImmediate)
    const done = app.update(['/main.js', '/src/b.js'])
    gate.resolve()
    await Promise.all([started, done])
    assert.deepEqual(got, [{ id: B }])
  })

  test('one that fails: the save starts the application anew', async (t) => {
    captureConsole(t)
    const [log, gate] = [[], deferred()]
    const app = fakeApp({
      [MAIN]: async ({ hot }) => {
        await gate.promise
        hot.dispose(() => void log.push('close'))
        throw new Error('broken')
      }
    })
    const started = app.start().catch(() => log.push('failed'))
    app.modules[MAIN] = () => void log.push('mended')
    const done = app.update(MAIN)
    gate.resolve()
    await Promise.all([started, done])
    assert.deepEqual(log.toSorted(), ['close', 'failed', 'mended'])
  })

  test('a module that waits for the reload that it asks for is not waited for', async (t) => {
    captureConsole(t)
    let runs = 0
    const app = fakeApp({
      [MAIN]: async ({ hot }) => {
        if (runs++ === 0) await hot.invalidate()
      }
    })
    await app.start()
    assert.equal(runs, 2)
  })
})
