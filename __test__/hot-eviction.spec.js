'use strict'

const assert = require('node:assert/strict')
const { describe, test } = require('node:test')
const { chain, fakeApp, captureConsole, edit, withPlugin } = require('./support/fake-runner.js')

const [MAIN, A, B, C] = ['/app/main.js', '/app/src/a.js', '/app/src/b.js', '/app/src/c.js']

describe('eviction', () => {
  // [vite-node 39, 40, 70]
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

  // [vite-node 21]
  test('the accepted module always, whatever changed', async (t) => {
    captureConsole(t)
    const { app, plugin } = withPlugin(chain().modules)
    await app.start()
    app.takeExecuted()
    await edit(app, plugin, '/app/src/other.js', 100, ['/src/a.js'])
    assert.deepEqual(app.takeExecuted(), [A])
  })

  // [vite-node 41]
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

  test('importers that did not run again are known after their import did', async (t) => {
    captureConsole(t)
    const { app, plugin } = withPlugin(chain().modules)
    app.modules[MAIN] = async ({ hot, load }) => {
      hot.accept()
      await load(A)
    }
    await app.start()
    app.takeExecuted()
    await edit(app, plugin, B, 100, ['/src/a.js'])
    assert.deepEqual(app.takeExecuted(), [A, B])
    // a does not accept itself any more.
    await edit(app, plugin, B, 101, ['/main.js'])
    assert.deepEqual(app.takeExecuted(), [MAIN, A, B])
    await app.update('/src/a.js')
    app.takeExecuted()
    await app.update('/main.js')
    assert.deepEqual(app.takeExecuted(), [MAIN, A, B, C])
  })

  test('so they are after it failed, and not once they have run without it', async (t) => {
    captureConsole(t)
    const { app, plugin } = withPlugin(chain().modules)
    app.modules[MAIN] = async ({ hot, load }) => {
      hot.accept()
      await load(A)
    }
    await app.start()
    const works = app.modules[A]
    app.modules[A] = () => {
      throw new Error('broken')
    }
    await edit(app, plugin, A, 100, ['/src/a.js'])
    app.modules[A] = works
    await edit(app, plugin, A, 101, ['/src/a.js'])
    app.takeExecuted()
    await edit(app, plugin, A, 102, ['/main.js'])
    assert.deepEqual(app.takeExecuted(), [MAIN, A])
    app.modules[MAIN] = ({ hot }) => hot.accept()
    await edit(app, plugin, MAIN, 103, ['/main.js'])
    app.takeExecuted()
    await app.update('/main.js')
    assert.deepEqual(app.takeExecuted(), [MAIN])
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

  // [vite-node 42]
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

  // [vite-node 42]
  test("where the SSR environment reports an edit, what the browser's says of it is not for a runner", async (t) => {
    captureConsole(t)
    const channel = { send() {} }
    const { app, plugin, server } = withPlugin(chain().modules, {
      ws: { send() {} },
      environments: { ssr: { hot: channel } }
    })
    await app.start()
    app.takeExecuted()
    for (const name of ['client', 'ssr'])
      plugin.hotUpdate.call({ environment: { name } }, { file: B, timestamp: 100, modules: [{}] })
    const messages = []
    server.emitter.on('message', (payload) => messages.push(app.send(payload)))
    const updates = [{ type: 'js-update', path: '/src/a.js', acceptedPath: '/src/a.js', timestamp: 100 }]
    server.ws.send({ type: 'full-reload', triggeredBy: B })
    server.ws.send({ type: 'update', updates })
    await Promise.all(messages)
    assert.deepEqual(app.takeExecuted(), [])
    server.environments.ssr.hot.send({ type: 'update', updates })
    await Promise.all(messages)
    assert.deepEqual(app.takeExecuted(), [A, B])
  })
})

describe('the modules of an edit', () => {
  const ssr = { environment: { name: 'ssr' } }
  const setUp = async () => {
    const set = withPlugin(chain().modules, { ws: { send() {} }, environments: { ssr: { hot: { send() {} } } } })
    const messages = []
    set.server.emitter.on('message', (payload) => messages.push(set.app.send(payload)))
    await set.app.start()
    set.app.takeExecuted()
    const edited = (options, payload) => {
      set.plugin.hotUpdate.call(ssr, options)
      return async (channel, modules) => {
        options.modules = modules
        channel.send(payload)
        await Promise.all(messages)
        return set.app.takeExecuted()
      }
    }
    return { ...set, edited, channel: set.server.environments.ssr.hot }
  }
  const data = { file: '/app/data.txt', timestamp: 100, modules: [] }
  const update = { type: 'js-update', path: '/src/a.js', acceptedPath: '/src/a.js', timestamp: 100 }

  test('are those that plugins have made of them when the message is sent', async (t) => {
    captureConsole(t)
    const { edited, channel } = await setUp()
    const send = edited({ ...data }, { type: 'update', updates: [update] })
    assert.deepEqual(await send(channel, [{ id: B }]), [A, B])
  })

  test('a full reload that a file triggers which is not loaded, for modules that are', async () => {
    const { edited, channel } = await setUp()
    const payload = { type: 'full-reload', triggeredBy: '/app/data.txt' }
    assert.deepEqual(await edited({ ...data }, { ...payload })(channel, [{ id: '/app/other.js' }]), [])
    const again = await edited({ ...data, timestamp: 101 }, payload)(channel, [{ id: B }])
    assert.deepEqual(again.sort(), [MAIN, A, B, C].sort())
  })

  test('a file that modules watch stands for them', async (t) => {
    captureConsole(t)
    const { edited, channel } = await setUp()
    const watched = { id: null, importers: new Set([{ id: C }]) }
    const send = edited({ ...data }, { type: 'update', updates: [update] })
    assert.deepEqual(await send(channel, [watched]), [A, B, C])
  })

  test("those that the SSR environment has not analysed: the browser's report of the edit counts", async (t) => {
    captureConsole(t)
    const { edited, server, channel } = await setUp()
    const send = edited({ ...data, file: B, modules: [{ id: B }] }, { type: 'update', updates: [update] })
    assert.deepEqual(await send(server.ws, [{ id: B }]), [A, B])
    assert.deepEqual(await send(channel, [{ id: B }]), [])
  })

  test("after a failed reload, the browser's report counts unless the SSR environment has reported it, too", async () => {
    const { app, edited, server, channel } = await setUp()
    app.modules[MAIN] = () => {
      throw new Error('broken')
    }
    await assert.rejects(app.send({ type: 'full-reload' }), /broken/)
    app.modules[MAIN] = () => {}
    app.takeExecuted()
    const analysed = [{ id: B, isSelfAccepting: false }]
    const reload = { type: 'full-reload', triggeredBy: B }
    const send = edited({ ...data, file: B, modules: analysed }, reload)
    channel.send({ ...reload })
    assert.deepEqual(await send(server.ws, analysed), [MAIN])
    app.modules[MAIN] = () => {
      throw new Error('broken')
    }
    await assert.rejects(app.send({ type: 'full-reload' }), /broken/)
    app.modules[MAIN] = () => {}
    app.takeExecuted()
    const alone = edited({ ...data, file: B, timestamp: 101, modules: analysed }, { ...reload })
    assert.deepEqual(await alone(server.ws, analysed), [MAIN])
  })

  test('of an edit among thousands that are waiting are known', async (t) => {
    captureConsole(t)
    const { plugin, edited, channel } = await setUp()
    const send = edited({ ...data, file: B }, { type: 'update', updates: [update] })
    for (let timestamp = 101; timestamp < 5000; timestamp++)
      plugin.hotUpdate({ file: `/app/${timestamp}.js`, timestamp, modules: [] })
    assert.deepEqual(await send(channel, []), [A, B])
  })
})

test('a URL that is the path of another module is what the server knows by it', async (t) => {
  captureConsole(t)
  const [outer, inner] = ['/app/a.js', '/app/app/a.js']
  const urls = new Map([
    ['/app/a.js', { id: inner }],
    ['/a.js', { id: outer }]
  ])
  const { app } = withPlugin(
    {
      [MAIN]: ({ load }) => Promise.all([load(outer), load(inner)]),
      [outer]: ({ hot }) => hot.accept(),
      [inner]: ({ hot }) => hot.accept()
    },
    { ws: { send() {} }, environments: { ssr: { moduleGraph: { urlToModuleMap: urls } } } }
  )
  await app.start()
  app.takeExecuted()
  for (const path of ['/app/a.js', '/a.js', '/@fs/app/a.js', '/app/app/a.js']) await app.update(path)
  assert.deepEqual(app.takeExecuted(), [inner, outer, outer, inner])
})

describe('what is not loaded', () => {
  // [vite-node 60]
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

  // [vite-node 59]
  test('a module without a context counts as loaded when the cache has it', async (t) => {
    captureConsole(t)
    const app = chain()
    await app.start()
    app.takeExecuted()
    await app.update('/src/b.js')
    assert.deepEqual(app.takeExecuted(), [B, C])
  })

  // [vite-node 59]
  test('a module that the cache has not counts as loaded when it has a context', async (t) => {
    captureConsole(t)
    const app = fakeApp({ [MAIN]: () => {}, [A]: () => {} })
    await app.start()
    app.takeExecuted()
    app.context(A)
    await app.update('/src/a.js', '/src/b.js')
    assert.deepEqual(app.takeExecuted(), [A])
  })

  // [vite-node 59]
  test('a dependency that a loaded module accepts is executed even if it is not loaded', async (t) => {
    captureConsole(t)
    const app = fakeApp({ [MAIN]: ({ hot }) => hot.accept('/src/a.js'), [A]: () => {} })
    await app.start()
    app.takeExecuted()
    await app.update(['/main.js', '/src/a.js'])
    assert.deepEqual(app.takeExecuted(), [A])
  })
})
