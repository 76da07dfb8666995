'use strict'

const assert = require('node:assert/strict')
const { describe, test } = require('node:test')
const { chain, fakeApp, captureConsole, edit, withPlugin } = require('./support/fake-runner.js')

const [MAIN, A, B, C] = ['/app/main.js', '/app/src/a.js', '/app/src/b.js', '/app/src/c.js']

describe('a failing version', () => {
  // [vite-node 23, 62, 63]
  test('is logged, gives its callback `undefined`, and the next save recovers', async (t) => {
    const lines = captureConsole(t)
    const got = []
    const app = fakeApp({ [MAIN]: ({ hot }) => void hot.accept((module) => got.push(module)) })
    await app.start()
    const works = app.modules[MAIN]
    app.modules[MAIN] = () => {
      throw new Error('broken')
    }
    await app.update(MAIN)
    assert.deepEqual(got, [undefined])
    assert.match(lines.error.join('\n'), /Failed to reload \/app\/main\.js.*broken/)
    // vite-node's own sentence, to the letter; what it calls "above" is.
    assert.equal(lines.error[0], 'broken')
    assert.ok(
      lines.error[1].startsWith(
        '[hmr] Failed to reload /app/main.js. This could be due to syntax errors or importing non-existent modules. (see errors above)'
      )
    )
    assert.deepEqual(lines.log, [])
    app.modules[MAIN] = works
    await app.update(MAIN)
    assert.deepEqual(got, [undefined, { id: MAIN }])
  })

  // [vite-node 13, 44]
  test('its own registrations are dropped, and the old ones come back', async (t) => {
    captureConsole(t)
    const got = []
    const version =
      (name, then = () => {}) =>
      ({ hot }) => {
        hot.accept(() => got.push(`accept ${name}`))
        hot.on('event', () => got.push(`event ${name}`))
        hot.prune(() => got.push(`prune ${name}`))
        then()
      }
    const app = fakeApp({ [MAIN]: version(1) })
    await app.start()
    app.modules[MAIN] = version(2, () => {
      throw new Error('broken')
    })
    await app.update(MAIN)
    await app.send({ type: 'custom', event: 'event' })
    app.modules[MAIN] = version(3)
    await app.update(MAIN)
    await app.send({ type: 'custom', event: 'event' })
    await app.send({ type: 'prune', paths: [MAIN] })
    assert.deepEqual(got, ['accept 1', 'event 1', 'accept 1', 'event 3', 'prune 3'])
  })

  test('of a module without a context: the next save recovers', async (t) => {
    captureConsole(t)
    const app = fakeApp({ [MAIN]: ({ load }) => load(A), [A]: () => {} })
    await app.start()
    app.modules[A] = () => {
      throw new Error('broken')
    }
    await app.update('/src/a.js')
    app.modules[A] = () => {}
    app.takeExecuted()
    await app.update('/src/a.js')
    assert.deepEqual(app.takeExecuted(), [A])
  })

  test('a dependency that failed is executed again, one that ran is not', async (t) => {
    captureConsole(t)
    const { app, plugin } = withPlugin(chain().modules)
    await app.start()
    app.takeExecuted()
    const works = app.modules[B]
    app.modules[B] = async ({ load }) => {
      await load(C)
      throw new Error('broken')
    }
    await edit(app, plugin, B, 100, ['/src/a.js'])
    app.modules[B] = works
    app.takeExecuted()
    // Saved again: not what failed, but its importer.
    await edit(app, plugin, A, 101, ['/src/a.js'])
    assert.deepEqual(app.takeExecuted(), [A, B])
  })

  // [vite-node 67]
  test('a dependency that only the failed version accepts: its update runs that version again', async (t) => {
    const lines = captureConsole(t)
    const got = []
    const app = fakeApp({ [MAIN]: ({ load }) => load(A), [A]: ({ hot }) => hot.accept((module) => got.push(module)) })
    await app.start()
    app.modules[A] = async ({ hot, load }) => {
      hot.accept(() => got.push('self'))
      await load(B)
      hot.accept('/src/b.js', () => got.push('dependency'))
    }
    app.modules[B] = () => {
      throw new Error('broken')
    }
    await app.update(A)
    assert.deepEqual(got.splice(0), [undefined])
    app.modules[B] = () => {}
    app.takeExecuted()
    await app.update([A, '/src/b.js'])
    assert.deepEqual(app.takeExecuted(), [A, B])
    assert.deepEqual(got.splice(0), [{ id: A }])
    assert.equal(lines.log.at(-1), '[vite-node] hot updated: /app/src/a.js')
    await app.update([A, '/src/b.js'])
    assert.deepEqual(app.takeExecuted(), [B])
    await app.update([A, '/src/c.js'])
    assert.deepEqual(app.takeExecuted(), [])
    assert.deepEqual(got, ['dependency'])
  })

  // [vite-node 44]
  test('a version that does not read import.meta.hot: the old registrations work until it ran', async (t) => {
    captureConsole(t)
    const got = []
    const app = fakeApp({ [MAIN]: ({ hot }) => hot.on('event', () => got.push('heard')) })
    await app.start()
    app.modules[MAIN] = async () => {
      await app.send({ type: 'custom', event: 'event' })
      got.push('ran')
    }
    await app.update(MAIN)
    await app.send({ type: 'custom', event: 'event' })
    assert.deepEqual(got, ['heard', 'ran'])
  })

  // [vite-node 44]
  test('a version that no longer reads import.meta.hot drops what the old one registered, but not its data', async (t) => {
    captureConsole(t)
    const app = fakeApp({
      [MAIN]: ({ hot }) => {
        hot.data.kept = true
        hot.accept()
        hot.dispose(() => {})
        hot.on('event', () => {})
      }
    })
    await app.start()
    app.modules[MAIN] = () => {}
    await app.update(MAIN)
    const { hotModulesMap, disposeMap, customListenersMap, ctxToListenersMap, dataMap } = app.cache
    for (const map of [hotModulesMap, disposeMap, customListenersMap, ctxToListenersMap]) assert.equal(map.size, 0)
    assert.deepEqual(dataMap.get(MAIN), { kept: true })
  })

  test('after such a version, the old context registers nothing more', async (t) => {
    captureConsole(t)
    const contexts = []
    const app = fakeApp({ [MAIN]: ({ hot }) => contexts.push(hot) })
    await app.start()
    app.modules[MAIN] = () => {}
    await app.update(MAIN)
    contexts[0].on('event', () => assert.fail('gone'))
    contexts[0].dispose(() => assert.fail('gone'))
    await app.send({ type: 'custom', event: 'event' })
    await app.update(MAIN)
    assert.equal(app.cache.ctxToListenersMap.size, 0)
  })
})
