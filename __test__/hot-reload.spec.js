'use strict'

const assert = require('node:assert/strict')
const { describe, test } = require('node:test')
const hmr = require('@upvotr/node-hmr/vite-node')
const { fakeApp, captureConsole, deferred, withPlugin } = require('./support/fake-runner.js')

const [MAIN, A] = ['/app/main.js', '/app/src/a.js']

describe('reload', () => {
  // [vite-node 31]
  test('evicts every module whose id does not contain `node_modules`, executes `files`, results in order', async () => {
    const app = fakeApp({ [MAIN]: () => 'main', [A]: () => 'a' })
    for (const id of [MAIN, '/app/old.js', '/app/node_modules/p.js', 'virtual:x']) app.runner.moduleCache.set(id, {})
    assert.deepEqual(await hmr.reload(app.runner, [MAIN, A]), ['main', 'a'])
    assert.deepEqual([...app.runner.moduleCache.keys()].sort(), ['/app/node_modules/p.js', MAIN, A].sort())
  })

  // [vite-node 31, 70]
  test("relative files are relative to the runner's root, and `/src/x` is root-relative too", async () => {
    const app = fakeApp({ [MAIN]: () => 'main', [A]: () => 'a' })
    assert.deepEqual(await hmr.reload(app.runner, ['main.js', './main.js', '/src/a.js']), ['main', 'main', 'a'])
    assert.deepEqual(app.executed, [MAIN, A])
  })

  // [vite-node 70]
  test('without a root, ids are taken as they are', async () => {
    const runner = { moduleCache: new Map(), executeId: async (id) => id }
    assert.deepEqual(await hmr.reload(runner, ['/x.js', 'y']), ['/x.js', 'y'])
  })

  test('rejects if an entry fails, with what it threw', async () => {
    const thrown = { not: 'an error' }
    const runner = { moduleCache: new Map(), executeId: async () => Promise.reject(thrown) }
    await assert.rejects(hmr.reload(runner, ['/x.js']), (error) => error === thrown)
    await assert.rejects(hmr.reload(undefined, []), TypeError)
  })

  // [vite-node 49]
  test('runs every disposer first, isolated, but those of node_modules', async (t) => {
    const lines = captureConsole(t)
    const order = []
    const app = fakeApp({ [MAIN]: () => order.push('execute') })
    for (const id of [A, '/app/b.js', '/app/node_modules/p.js']) {
      app.context(id).dispose(async (data) => {
        await new Promise(setImmediate)
        order.push([id, data])
        throw new Error('disposer')
      })
    }
    await hmr.reload(app.runner, [MAIN])
    assert.deepEqual(order, [[A, {}], ['/app/b.js', {}], 'execute'])
    assert.equal(lines.error.length, 2)
  })
})

describe('full-reload', () => {
  // [vite-node 49]
  for (const { title, act } of [
    { title: 'a full reload', act: (app) => app.send({ type: 'full-reload' }) },
    { title: '`invalidate`', act: (app) => app.context('/app/node_modules/p.js').invalidate() }
  ])
    test(`${title} runs every disposer first`, async () => {
      const order = []
      const registers =
        (id) =>
        ({ hot }) => {
          order.push(id)
          hot.dispose(() => order.push(`dispose ${id}`))
        }
      const app = fakeApp({ [MAIN]: registers('main'), [A]: registers('a') })
      await app.start()
      await app.load(A)
      await act(app)
      assert.deepEqual(order, ['main', 'a', 'dispose main', 'dispose a', 'main'])
    })

  // [vite-node 61]
  test('`triggeredBy` is a path of the operating system', async () => {
    const main = 'C:/app/main.js'
    const app = fakeApp({ [main]: () => {} }, { root: 'C:/app', entries: [main] })
    await app.start()
    app.takeExecuted()
    await app.send({ type: 'full-reload', triggeredBy: 'c:\\app\\browser.js' })
    assert.deepEqual(app.takeExecuted(), [])
    await app.send({ type: 'full-reload', triggeredBy: 'c:\\app\\main.js' })
    assert.deepEqual(app.takeExecuted(), [main])
  })

  // [vite-node 24, 61]
  test('awaits `vite:beforeFullReload`, whose listeners are then dropped, and reloads', async () => {
    const order = []
    const app = fakeApp({ [MAIN]: () => order.push('execute') })
    app.context('/app/node_modules/p.js').on('vite:beforeFullReload', async (payload) => {
      await new Promise(setImmediate)
      order.push(payload.type)
    })
    await app.send({ type: 'full-reload' })
    assert.equal(app.cache.customListenersMap.has('vite:beforeFullReload'), false)
    await app.send({ type: 'full-reload' })
    assert.deepEqual(order, ['full-reload', 'execute', 'execute'])
  })

  test('a listener that two modules share is told for both, each time', async () => {
    let told = 0
    const shared = () => told++
    const listens = ({ hot }) => hot.on('vite:beforeFullReload', shared)
    const app = fakeApp({
      [MAIN]: async (main) => {
        listens(main)
        await main.load(A)
      },
      [A]: listens
    })
    await app.start()
    for (const times of [2, 4, 6]) {
      await app.send({ type: 'full-reload' })
      assert.equal(told, times)
    }
  })

  // [vite-node 13, 24, 44]
  test('a failed one rejects and keeps what was registered; a success drops it', async () => {
    const got = []
    const app = fakeApp({ [MAIN]: ({ hot }) => void hot.on('event', () => got.push(1)) })
    await app.start()
    app.modules[MAIN] = ({ hot }) => {
      hot.on('event', () => got.push(2))
      throw new Error('broken')
    }
    await assert.rejects(app.send({ type: 'full-reload' }), /broken/)
    await app.send({ type: 'custom', event: 'event' })
    app.modules[MAIN] = ({ hot }) => void hot.on('event', () => got.push(3))
    await app.send({ type: 'full-reload' })
    await app.send({ type: 'custom', event: 'event' })
    assert.deepEqual(got, [1, 3])
  })

  // [vite-node 61]
  test('`triggeredBy` a file that is not loaded is ignored and tells no listener; after a failure nothing is', async () => {
    const app = fakeApp({ [MAIN]: () => {} })
    await app.start()
    app.takeExecuted()
    let told = 0
    const listen = () => app.context('/app/node_modules/p.js').on('vite:beforeFullReload', () => told++)
    listen()
    const other = { type: 'full-reload', triggeredBy: '/app/browser.js' }
    await app.send(other)
    assert.deepEqual([app.takeExecuted(), told], [[], 0])
    await app.send({ type: 'full-reload', triggeredBy: MAIN })
    assert.deepEqual([app.takeExecuted(), told], [[MAIN], 1])
    app.modules[MAIN] = () => {
      throw new Error('broken')
    }
    await assert.rejects(app.send({ type: 'full-reload' }))
    await assert.rejects(app.send(other))
    app.modules[MAIN] = () => {}
    await app.send(other)
    app.takeExecuted()
    await app.send(other)
    assert.deepEqual(app.takeExecuted(), [])
  })

  test('a failing one is tried again, and later ones are not those of an edit that has been applied', async () => {
    const { app, plugin } = withPlugin({ [MAIN]: () => {} })
    await app.start()
    app.modules[MAIN] = () => {
      throw new Error('broken')
    }
    plugin.hotUpdate({ file: MAIN, timestamp: 100, modules: [] })
    const reload = { type: 'full-reload', triggeredBy: MAIN }
    await assert.rejects(app.send(reload), /broken/)
    await assert.rejects(app.send(reload), /broken/)
    app.modules[MAIN] = () => {}
    await app.send(reload)
    app.takeExecuted()
    await app.send(reload)
    assert.deepEqual(app.takeExecuted(), [MAIN])
  })

  // [vite-node 61]
  test('after a failure, an update of what failed runs the entries again, too', async (t) => {
    captureConsole(t)
    const app = fakeApp({ [MAIN]: () => {} })
    await app.start()
    app.modules[MAIN] = ({ load }) => load(A)
    app.modules[A] = () => {
      throw new Error('broken')
    }
    await assert.rejects(app.send({ type: 'full-reload', triggeredBy: MAIN }), /broken/)
    app.takeExecuted()
    app.modules[A] = ({ hot }) => hot.accept()
    await app.update('/src/a.js')
    assert.deepEqual(app.takeExecuted(), [A, MAIN])
  })
})

// [vite-node 61]
test('after a full reload that failed, an update of what nobody accepted before runs the boundary', async (t) => {
  captureConsole(t)
  const app = fakeApp({ [MAIN]: ({ hot }) => hot.accept() })
  await app.start()
  app.modules[MAIN] = async ({ hot, load }) => {
    hot.accept('/src/a.js')
    await load(A)
  }
  app.modules[A] = () => {
    throw new Error('broken')
  }
  await assert.rejects(app.send({ type: 'full-reload' }), /broken/)
  app.modules[A] = () => {}
  app.takeExecuted()
  await app.update(['/main.js', '/src/a.js'])
  assert.deepEqual(app.takeExecuted(), [MAIN, A])
})

// [vite-node 66]
describe('after a start that failed', () => {
  const fails = () => {
    throw new Error('broken')
  }
  const failing = async (log = []) => {
    const main = async ({ hot, load }) => {
      log.push('main')
      hot.dispose(() => log.push('dispose'))
      await load(A)
    }
    const app = fakeApp({ [MAIN]: main, [A]: fails })
    await assert.rejects(app.start(), /broken/)
    app.takeExecuted()
    return app
  }

  for (const { title, update } of [
    { title: 'an update', update: A },
    { title: 'an update of what nobody accepts yet', update: [MAIN, A] },
    { title: 'an update of what is not loaded', update: '/other.js' }
  ])
    test(`${title} runs the disposers and the entries, once`, async (t) => {
      captureConsole(t)
      const log = []
      const app = await failing(log)
      app.modules[A] = ({ hot }) => hot.accept()
      await app.update(update)
      assert.deepEqual(app.takeExecuted(), [MAIN, A])
      assert.deepEqual(log, ['main', 'dispose', 'main'])
      await app.update([MAIN, A], '/other.js')
      assert.deepEqual(app.takeExecuted(), [])
      await app.update(A)
      assert.deepEqual(app.takeExecuted(), [A])
    })

  test('an update that does not mend it is reported, and the next one starts the application', async (t) => {
    const lines = captureConsole(t)
    const app = await failing()
    await app.update(A)
    assert.match(lines.error.splice(0).join(), /still fails.*broken/)
    app.modules[A] = () => {}
    app.takeExecuted()
    await app.update(A)
    assert.deepEqual(app.takeExecuted(), [A, MAIN])
    assert.deepEqual(lines.error, [])
  })

  test('a full reload is not ignored, whatever triggered it, until one has succeeded', async () => {
    const app = await failing()
    const other = { type: 'full-reload', triggeredBy: '/app/browser.js' }
    await assert.rejects(app.send(other), /broken/)
    app.modules[A] = () => {}
    app.takeExecuted()
    await app.send(other)
    await app.send(other)
    assert.deepEqual(app.takeExecuted(), [MAIN, A])
  })

  test('one that is still under way has not failed', async (t) => {
    captureConsole(t)
    const gate = deferred()
    const app = fakeApp({
      [MAIN]: async ({ load }) => {
        await load(A)
        await gate.promise
      },
      [A]: ({ hot }) => hot.accept()
    })
    const started = app.start()
    await new Promise(setImmediate)
    app.takeExecuted()
    await app.update(A)
    assert.deepEqual(app.takeExecuted(), [A])
    gate.resolve()
    await started
  })
})

describe('prune', () => {
  // [vite-node 12, 17, 26, 62]
  test('`vite:beforePrune`, disposer, prune callback, both awaited with the data; then data and module are gone', async () => {
    const order = []
    const app = fakeApp({
      [MAIN]: ({ load }) => load(A),
      [A]: ({ hot }) => {
        hot.data.x = 1
        hot.on('vite:beforePrune', (payload) => order.push(payload.paths))
        for (const step of ['dispose', 'prune']) {
          hot[step](async (data) => {
            await new Promise(setImmediate)
            order.push([step, data.x, app.runner.moduleCache.has(A)])
          })
        }
      }
    })
    await app.start()
    const before = app.cache.dataMap.get(A)
    await app.send({ type: 'prune', paths: ['/src/a.js'] })
    assert.deepEqual(order, [['/src/a.js'], ['dispose', 1, true], ['prune', 1, true]])
    assert.equal(app.runner.moduleCache.has(A), false)
    assert.equal(app.cache.dataMap.has(A), false)
    assert.notEqual(app.context(A).data, before)
  })
})

describe('prune callbacks', () => {
  // [vite-node 53]
  test('a failing listener, disposer or prune callback stops none of the rest, and each is reported', async (t) => {
    const lines = captureConsole(t)
    const app = fakeApp({ [MAIN]: ({ load }) => load(A), [A]: () => {} })
    await app.start()
    const pruned = []
    for (const id of [A, MAIN]) {
      const hot = app.context(id)
      hot.on('vite:beforePrune', () => {
        throw new Error(`listener of ${id}`)
      })
      hot.dispose(async () => {
        throw new Error(`disposer of ${id}`)
      })
      hot.prune(() => {
        pruned.push(id)
        throw new Error(`callback of ${id}`)
      })
    }
    await app.send({ type: 'prune', paths: ['/src/a.js', '/main.js'] })
    assert.deepEqual(pruned, [A, MAIN])
    assert.deepEqual([...app.runner.moduleCache.keys()], [])
    for (const what of ['listener', 'disposer', 'callback'])
      for (const id of [A, MAIN]) assert.match(lines.error.join('\n'), new RegExp(`${what} of ${id}`))
  })
})

describe('other payloads', () => {
  // [vite-node 27]
  test('`error`: `vite:error`, and the error is logged', async (t) => {
    const lines = captureConsole(t)
    const app = fakeApp()
    const got = []
    app.context(A).on('vite:error', (payload) => got.push(payload.err.message))
    await app.send({ type: 'error', err: { message: 'broken', stack: 'at line 1' } })
    assert.deepEqual(got, ['broken'])
    assert.match(lines.error.join(), /broken\nat line 1/)
  })

  // [vite-node 28]
  test('an unknown type resolves and does nothing', async (t) => {
    const lines = captureConsole(t)
    const app = fakeApp()
    for (const payload of [{ type: 'ping' }, { type: 'later' }, {}, undefined]) {
      assert.equal(await app.send(payload), undefined)
    }
    assert.deepEqual(lines, { log: [], error: [] })
  })
})
