'use strict'

const assert = require('node:assert/strict')
const { describe, test } = require('node:test')
const { fakeApp, captureConsole, deferred } = require('./support/fake-runner.js')

const [MAIN, A, B, C] = ['/app/main.js', '/app/src/a.js', '/app/src/b.js', '/app/src/c.js']

/** main imports a (which accepts itself) and c; a imports b, b imports c. */
function chain(onUpdate = () => {}) {
  const modules = {
    [MAIN]: async ({ load }) => void (await load(A), await load(C)),
    [A]: async ({ hot, load }) => {
      hot.accept(onUpdate)
      return { b: await load(B) }
    },
    [B]: async ({ load }) => ({ c: await load(C) }),
    [C]: () => ({ name: 'c' })
  }
  return fakeApp(modules)
}

/** Emits an update whose changed file the plugin has seen. */
function edit(app, plugin, file, timestamp, ...updates) {
  plugin.hotUpdate({ type: 'update', file, timestamp, modules: [] })
  return app.send({
    type: 'update',
    updates: updates.map(([path, acceptedPath = path]) => ({ type: 'js-update', path, acceptedPath, timestamp }))
  })
}

/** An app whose emitter belongs to a plugin. */
function withPlugin(modules, server = { ws: { send() {} } }) {
  const plugin = require('@upvotr/node-hmr/vite-node').viteNodeHmrPlugin()
  plugin.configureServer(server)
  return { plugin, server, app: fakeApp(modules, { emitter: server.emitter }) }
}

describe('update', () => {
  test('events, disposer with its data, eviction, execution, callback, log: in this order', async (t) => {
    const lines = captureConsole(t)
    const order = []
    t.mock.method(console, 'log', (line) => order.push(line.replace(/\u001b\[\d+m/g, '')))
    const app = fakeApp({
      [MAIN]: ({ load }) => load(A),
      [A]: ({ hot }) => {
        order.push('execute')
        hot.data.runs = (hot.data.runs ?? 0) + 1
        hot.accept((module) => order.push(['callback', module]))
        hot.dispose(async (data) => {
          await new Promise(setImmediate)
          order.push(['dispose', data.runs, app.runner.moduleCache.has(A)])
        })
        for (const event of ['vite:beforeUpdate', 'vite:afterUpdate']) {
          hot.on(event, async (payload) => {
            await new Promise(setImmediate)
            order.push([event, payload.type])
          })
        }
        return { runs: hot.data.runs }
      }
    })
    await app.start()
    await app.update('/src/a.js')
    assert.deepEqual(order, [
      'execute',
      ['vite:beforeUpdate', 'update'],
      ['dispose', 1, true],
      'execute',
      ['callback', { runs: 2 }],
      '[vite-node] hot updated: /src/a.js',
      ['vite:afterUpdate', 'update']
    ])
    assert.deepEqual(lines.error, [])
  })

  for (const path of [
    A,
    '/src/a.js',
    '/src/a.js?t=17',
    '/src/a.js?import&t=17',
    '/@fs/app/src/a.js',
    'file:///app/src/a.js',
    '/@id//app/src/a.js'
  ]) {
    test(`matches every spelling of one file: ${path}`, async (t) => {
      captureConsole(t)
      const got = []
      const app = chain((module) => got.push(module))
      await app.start()
      app.takeExecuted()
      await app.update(path)
      assert.equal(got.length, 1)
      assert.equal(app.takeExecuted()[0], A)
    })
  }

  test('any other query is part of the id', async () => {
    const app = chain()
    await app.start()
    app.takeExecuted()
    await app.update('/src/a.js?raw')
    assert.deepEqual(app.takeExecuted(), [])
  })

  test('virtual modules and Windows paths', async (t) => {
    captureConsole(t)
    const got = []
    const hot = (id) => (module) => module.hot.accept(() => got.push(id))
    const modules = { '\0virtual:x': hot('virtual'), 'C:/app/a.js': hot('windows') }
    const app = fakeApp(modules, { root: 'C:\\app', entries: Object.keys(modules) })
    await app.start()
    await app.update('/@id/__x00__virtual:x')
    await app.update('/a.js')
    await app.update('/@fs/c:/app/a.js')
    assert.deepEqual(got, ['virtual', 'windows', 'windows'])
  })

  test('an accepted dependency: `<dep> via <path>`; the owner stays', async (t) => {
    const lines = captureConsole(t)
    const got = []
    const app = fakeApp({
      [MAIN]: async ({ hot, load }) => {
        await load(A)
        hot.accept('/src/a.js', (module) => got.push(module))
      },
      [A]: ({ hot }) => {
        hot.dispose(() => got.push('disposed'))
        return { name: 'a' }
      }
    })
    await app.start()
    app.takeExecuted()
    await app.update(['/main.js', '/src/a.js'])
    await app.update(['/main.js', '/src/a.js'])
    assert.deepEqual(app.takeExecuted(), [A, A])
    assert.deepEqual(got, ['disposed', { name: 'a' }, 'disposed', { name: 'a' }])
    assert.deepEqual(lines.log.at(-1), '[vite-node] hot updated: /src/a.js via /main.js')
  })

  test("an array's callback gets the changed module in its slot and `undefined` in the others", async (t) => {
    captureConsole(t)
    const got = []
    const app = fakeApp({
      [MAIN]: async ({ hot, load }) => {
        await Promise.all([load(A), load(B)])
        hot.accept([A, B], (modules) => got.push(modules))
      },
      [A]: () => 'a',
      [B]: () => 'b'
    })
    await app.start()
    await app.update([MAIN, '/src/b.js'])
    assert.deepEqual(got, [[undefined, 'b']])
    await app.update([MAIN, '/src/a.js'], [MAIN, '/src/b.js'])
    assert.deepEqual(got.slice(1), [
      ['a', undefined],
      [undefined, 'b']
    ])
  })

  test("one accepted module of several updates is disposed and executed once, in the payload's order", async (t) => {
    captureConsole(t)
    const order = []
    const accepts =
      (id) =>
      async ({ hot, load }) => {
        await load(C)
        hot.accept(C, () => order.push(id))
      }
    const app = fakeApp({
      [MAIN]: ({ load }) => Promise.all([load(A), load(B)]),
      [A]: accepts('a'),
      [B]: accepts('b'),
      [C]: ({ hot }) => hot.dispose(() => order.push('dispose'))
    })
    await app.start()
    app.takeExecuted()
    await app.update([B, C], [A, C])
    assert.deepEqual(app.takeExecuted(), [C])
    assert.deepEqual(order, ['dispose', 'b', 'a'])
  })

  test('a module that has a context but no matching callback is still disposed, evicted and executed', async (t) => {
    const lines = captureConsole(t)
    let disposed = 0
    const app = fakeApp({ [MAIN]: ({ hot }) => hot.dispose(() => disposed++) })
    await app.start()
    await app.update(MAIN)
    assert.equal(disposed, 1)
    assert.deepEqual(app.takeExecuted(), [MAIN, MAIN])
    assert.deepEqual(lines.log, ['[vite-node] hot updated: /app/main.js'])
  })

  test('what is no update is passed over, and the rest applied', async (t) => {
    const lines = captureConsole(t)
    const app = fakeApp({ [MAIN]: ({ hot }) => hot.accept() })
    await app.start()
    app.takeExecuted()
    const update = { type: 'js-update', path: '/main.js', acceptedPath: '/main.js' }
    await app.send({ type: 'update', updates: [null, 5, undefined, update] })
    assert.deepEqual(app.takeExecuted(), [MAIN])
    assert.deepEqual(lines.error, [])
  })

  test('a server without an SSR channel reports everything over `ws`', async (t) => {
    const lines = captureConsole(t)
    const { plugin, server, app } = withPlugin({ [MAIN]: ({ hot }) => hot.accept() })
    await app.start()
    app.takeExecuted()
    const handled = []
    server.emitter.on('message', (payload) => handled.push(app.send(payload)))
    const change = { type: 'update', file: MAIN, timestamp: 7, modules: [{ id: MAIN }] }
    plugin.hotUpdate.call({ environment: { name: 'ssr' } }, change)
    const update = { type: 'js-update', path: '/main.js', acceptedPath: '/main.js', timestamp: 7 }
    server.ws.send({ type: 'update', updates: [update] })
    await Promise.all(handled)
    assert.deepEqual(app.takeExecuted(), [MAIN])
    assert.deepEqual(lines.error, [])
  })

  test('a css-update is logged as not supported', async (t) => {
    const lines = captureConsole(t)
    const app = chain()
    await app.send({ type: 'update', updates: [{ type: 'css-update', path: '/a.css', acceptedPath: '/a.css' }] })
    assert.match(lines.error.join(), /css.*not supported/)
  })
})

describe('eviction', () => {
  test('what changed and its importers up to the boundary, once, and nothing else', async (t) => {
    captureConsole(t)
    const { app, plugin } = withPlugin(chain().modules)
    await app.start()
    app.takeExecuted()
    await edit(app, plugin, B, 100, ['/src/a.js'])
    assert.deepEqual(app.takeExecuted(), [A, B])
    await edit(app, plugin, C, 101, ['/src/a.js'])
    assert.deepEqual(app.takeExecuted(), [A, B, C])
    await edit(app, plugin, A, 102, ['/src/a.js'])
    assert.deepEqual(app.takeExecuted(), [A])
  })

  test('an unknown timestamp: everything imported below the accepted module, never node_modules', async (t) => {
    captureConsole(t)
    const PACKAGE = '/app/node_modules/p/index.js'
    const app = chain()
    app.modules[C] = async ({ load }) => void (await load(PACKAGE))
    app.modules[PACKAGE] = () => {}
    await app.start()
    app.takeExecuted()
    await app.update('/src/a.js')
    assert.deepEqual(app.takeExecuted(), [A, B, C])
  })

  test("an evicted module's disposer runs too, before anything is executed", async (t) => {
    captureConsole(t)
    const order = []
    const { app, plugin } = withPlugin(chain().modules)
    app.modules[B] = ({ hot }) => {
      order.push('b')
      hot.dispose(() => order.push('dispose b'))
    }
    await app.start()
    await edit(app, plugin, B, 100, ['/src/a.js'])
    assert.deepEqual(order, ['b', 'dispose b', 'b'])
  })

  test('an edit that several environments report is applied once per runner', async (t) => {
    captureConsole(t)
    const { app, plugin } = withPlugin(chain().modules)
    await app.start()
    app.takeExecuted()
    await Promise.all([edit(app, plugin, B, 100, ['/src/a.js']), edit(app, plugin, B, 100, ['/src/a.js'])])
    assert.deepEqual(app.takeExecuted(), [A, B])
    const reload = { type: 'full-reload', triggeredBy: C }
    plugin.hotUpdate({ file: C, timestamp: 101, modules: [] })
    await Promise.all([app.send(reload), app.send({ ...reload })])
    assert.deepEqual(app.takeExecuted().sort(), [MAIN, A, B, C].sort())
  })

  test("where the SSR environment reports an edit, what the browser's says of it is not for a runner", async (t) => {
    captureConsole(t)
    const channel = { send() {} }
    const { app, plugin, server } = withPlugin(chain().modules, {
      ws: { send() {} },
      environments: { ssr: { hot: channel } }
    })
    await app.start()
    app.takeExecuted()
    plugin.hotUpdate.call({ environment: { name: 'ssr' } }, { file: B, timestamp: 100, modules: [{}] })
    const messages = []
    server.emitter.on('message', (payload) => messages.push(app.send(payload)))
    server.ws.send({ type: 'full-reload', triggeredBy: B })
    await Promise.all(messages)
    assert.deepEqual(app.takeExecuted(), [])
  })
})

describe('what is not loaded', () => {
  test('executes nothing, but `vite:beforeUpdate` and `vite:afterUpdate` still fire', async (t) => {
    const lines = captureConsole(t)
    const app = chain()
    await app.start()
    app.takeExecuted()
    const events = []
    const hot = app.context('/app/listener.js')
    for (const event of ['vite:beforeUpdate', 'vite:afterUpdate']) hot.on(event, () => events.push(event))
    await app.update('/src/browser.js', ['/src/browser.js', '/src/a.js'], ['/src/a.js', '/src/unaccepted.js'])
    assert.deepEqual(app.takeExecuted(), [])
    assert.deepEqual(events, ['vite:beforeUpdate', 'vite:afterUpdate'])
    assert.deepEqual(lines, { log: [], error: [] })
  })

  test('a module without a context counts as loaded when the cache has it', async (t) => {
    captureConsole(t)
    const app = chain()
    await app.start()
    app.takeExecuted()
    await app.update('/src/b.js')
    assert.deepEqual(app.takeExecuted(), [B, C])
  })

  test('a dependency that a loaded module accepts is executed even if it is not loaded', async (t) => {
    captureConsole(t)
    const app = fakeApp({ [MAIN]: ({ hot }) => hot.accept('/src/a.js'), [A]: () => {} })
    await app.start()
    app.takeExecuted()
    await app.update(['/main.js', '/src/a.js'])
    assert.deepEqual(app.takeExecuted(), [A])
  })
})

describe('a failing version', () => {
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
    assert.deepEqual(lines.log, [])
    app.modules[MAIN] = works
    await app.update(MAIN)
    assert.deepEqual(got, [undefined, { id: MAIN }])
  })

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
})

describe('isolation', () => {
  test('throwing or rejecting disposers and callbacks do not stop the rest, and are reported', async (t) => {
    const lines = captureConsole(t)
    const got = []
    let round = 0
    const app = fakeApp({
      [MAIN]: ({ hot }) => {
        round++
        hot.dispose(() => {
          throw new Error('disposer')
        })
        hot.accept(() => {
          throw new Error('callback')
        })
        hot.accept(async () => {
          throw new Error('async callback')
        })
        hot.accept(() => got.push(round))
      }
    })
    await app.start()
    await app.update(MAIN)
    await new Promise(setImmediate)
    assert.deepEqual(got, [2])
    for (const what of [/disposer/, /callback/, /async callback/]) assert.match(lines.error.join('\n'), what)
    assert.equal(lines.error.length, 3)
  })
})

describe('the queue', () => {
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

  test('a long queue is no deep stack', async () => {
    const app = fakeApp()
    await Promise.all(Array.from({ length: 5000 }, () => app.update('/src/x.js')))
  })

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
})
