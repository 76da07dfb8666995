'use strict'

const assert = require('node:assert/strict')
const { EventEmitter } = require('node:events')
const { describe, test } = require('node:test')
const hmr = require('@upvotr/node-hmr/vite-node')
const { fakeApp, captureConsole } = require('./support/fake-runner.js')

/** A server that remembers what went over its channels. */
function fakeServer() {
  const channel = () => ({
    sent: [],
    listeners: new EventEmitter(),
    send(...args) {
      this.sent.push(args)
      return args.length
    },
    on(event, listener) {
      this.listeners.on(event, listener)
    },
    off(event, listener) {
      this.listeners.off(event, listener)
    }
  })
  return { ws: channel(), environments: { ssr: { hot: channel() } } }
}

function setUp(server = fakeServer()) {
  const plugin = hmr.viteNodeHmrPlugin()
  plugin.configureServer(server)
  const messages = []
  server.emitter.on('message', (payload) => messages.push(payload))
  return { plugin, server, messages, ssr: server.environments?.ssr.hot }
}

test('createHmrEmitter makes an EventEmitter', () => {
  assert.ok(hmr.createHmrEmitter() instanceof EventEmitter)
  assert.notEqual(hmr.createHmrEmitter(), hmr.createHmrEmitter())
})

describe('viteNodeHmrPlugin', () => {
  // [vite-node 33, 35, 55]
  test('every payload that the server sends also reaches `message`, unchanged, over its own channel', () => {
    const { server, messages, ssr } = setUp()
    const [one, two] = [{ type: 'full-reload' }, { type: 'update', updates: [] }]
    server.ws.send(one)
    ssr.send(two)
    assert.equal(messages[0], one)
    assert.equal(messages[1], two)
    assert.deepEqual([server.ws.sent, ssr.sent], [[[one]], [[two]]])
  })

  // [vite-node 33, 55]
  test('`send(event, data)` reaches it as the custom payload it stands for; the call stays as it was', () => {
    const { server, messages, ssr } = setUp()
    assert.equal(server.ws.send('event', { x: 1 }), 2)
    assert.equal(ssr.send('bare'), 1)
    assert.deepEqual(server.ws.sent, [['event', { x: 1 }]])
    assert.deepEqual(ssr.sent, [['bare']])
    assert.deepEqual(messages, [
      { type: 'custom', event: 'event', data: { x: 1 } },
      { type: 'custom', event: 'bare', data: undefined }
    ])
  })

  // [vite-node 55]
  test('keeps `this`, also one that is not the channel, and what the channel throws', () => {
    const { server } = setUp()
    const other = { sent: [] }
    server.ws.send.call(other, 'event')
    assert.deepEqual(other.sent, [['event']])
    assert.deepEqual(server.ws.sent, [])
    assert.throws(() => server.ws.send.call({}, 'event'), TypeError)
  })

  // [vite-node 35]
  test('needs only `ws.send`', () => {
    const { server, messages } = setUp({ ws: { send() {} } })
    server.ws.send({ type: 'connected' })
    assert.equal(messages.length, 1)
  })

  test('one object as both channels is heard once', () => {
    const server = fakeServer()
    server.environments.ssr.hot = server.ws
    const { messages } = setUp(server)
    server.ws.send({ type: 'connected' })
    assert.equal(messages.length, 1)
  })

  // [vite-node 34]
  test('after a restart, listeners put on the emitter before still get each message, once', () => {
    const { plugin, server, messages } = setUp()
    const next = fakeServer()
    plugin.configureServer(next)
    plugin.configureServer(server)
    assert.equal(next.emitter, server.emitter)
    next.ws.send({ type: 'connected' })
    server.ws.send({ type: 'connected' })
    assert.equal(messages.length, 2)
  })

  // [vite-node 34]
  test('two servers have two emitters', () => {
    assert.notEqual(setUp().server.emitter, setUp().server.emitter)
  })

  test('a throwing `message` listener does not hurt the sender', (t) => {
    const lines = captureConsole(t)
    const { server } = setUp()
    server.emitter.prependListener('message', () => {
      throw new Error('deaf')
    })
    assert.equal(server.ws.send({ type: 'connected' }), 1)
    assert.match(lines.error.join(), /deaf/)
  })

  test('the hot-update hooks return nothing, whatever they get', () => {
    const { plugin } = setUp()
    for (const hook of [plugin.hotUpdate, plugin.handleHotUpdate]) {
      assert.equal(hook({ file: '/app/a.js', timestamp: 1, modules: [] }), undefined)
      assert.equal(hook(), undefined)
    }
  })
})

// [vite-node 65]
test('of a module that a runner asked for, and that was never analysed, Vite is told that it accepts nothing', () => {
  const { plugin } = setUp()
  const as = (name, hook, ...args) => hook.call({ environment: { name } }, ...args)
  assert.equal(plugin.load.order, 'pre')
  assert.equal(as('ssr', plugin.load.handler, '/app/asked.js'), undefined)
  as('ssr', plugin.load.handler, '/app/accepts.js')
  as('client', plugin.load.handler, '/app/browser.js')
  plugin.load.handler('/app/nowhere.js')
  const after = (name, id, isSelfAccepting) => {
    const module = { id, isSelfAccepting }
    as(name, plugin.hotUpdate, { file: id, timestamp: 1, modules: [module, null] })
    return module.isSelfAccepting
  }
  assert.equal(after('ssr', '/app/asked.js'), false)
  assert.equal(after('ssr', '/app/accepts.js', true), true)
  assert.equal(after('ssr', '/app/browser.js'), undefined)
  assert.equal(after('ssr', '/app/nowhere.js'), undefined)
  assert.equal(after('client', '/app/asked.js'), undefined)
})

describe('hot.send to the server', () => {
  const setUpApp = () => {
    const { server, ssr, messages } = setUp()
    const app = fakeApp({}, { emitter: server.emitter })
    return { app, ssr, server, messages, hot: app.context('/app/a.js') }
  }

  // [vite-node 57]
  test('server listeners get `data`, once, and may answer', async () => {
    const { hot, ssr, messages, app } = setUpApp()
    const got = []
    ssr.on('event', (data, client) => {
      got.push(data)
      client.send('answer', data.x)
    })
    hot.send('event', { x: 1 })
    assert.deepEqual(got, [{ x: 1 }])
    assert.deepEqual(messages, [{ type: 'custom', event: 'answer', data: 1 }])
    assert.deepEqual(app.cache.messageBuffer, [])
  })

  // [vite-node 57]
  test('the emitter and the server get it, each once', () => {
    const { hot, ssr, app } = setUpApp()
    const got = []
    app.emitter.on('custom', (text) => got.push(['emitter', JSON.parse(text).data]))
    ssr.on('event', (data) => got.push(['server', data]))
    hot.send('event', 1)
    assert.deepEqual(got, [
      ['emitter', 1],
      ['server', 1]
    ])
    assert.deepEqual(app.cache.messageBuffer, [])
  })

  // [vite-node 57]
  test('is kept while neither listens, until the server does', async () => {
    const { hot, ssr, app } = setUpApp()
    hot.send('event', 1)
    hot.send('other', 2)
    assert.equal(app.cache.messageBuffer.length, 2)
    const got = []
    ssr.on('event', (data) => got.push(data))
    await new Promise(setImmediate)
    assert.deepEqual(got, [1])
    assert.equal(app.cache.messageBuffer.length, 1)
  })

  test('a listener that was taken off gets nothing more', () => {
    const { hot, ssr, app } = setUpApp()
    const listener = () => assert.fail('still listens')
    ssr.on('event', listener)
    ssr.off('event', listener)
    hot.send('event', 1)
    assert.equal(app.cache.messageBuffer.length, 1)
  })

  test('after a restart the listeners of the new server count, and only they', () => {
    const { plugin, ssr, server } = setUp()
    const hot = fakeApp({}, { emitter: server.emitter }).context('/app/a.js')
    const got = []
    const listener = (data) => got.push(data)
    ssr.on('event', listener)
    const next = fakeServer()
    plugin.configureServer(next)
    next.environments.ssr.hot.on('event', listener)
    hot.send('event', 1)
    assert.deepEqual(got, [1])
    ssr.off('event', listener)
    hot.send('event', 2)
    assert.deepEqual(got, [1, 2])
  })

  test('once everything is sent, nothing of ours listens to the emitter', async () => {
    const app = fakeApp()
    app.context('/app/a.js').send('event', 1)
    assert.deepEqual(app.emitter.eventNames(), ['newListener'])
    await app.send({ type: 'connected' })
    assert.deepEqual(app.emitter.eventNames(), [])
  })

  test('a failing server listener is reported', async (t) => {
    const lines = captureConsole(t)
    const { hot, ssr } = setUpApp()
    ssr.on('event', async () => {
      throw new Error('rejected')
    })
    hot.send('event')
    await new Promise(setImmediate)
    assert.match(lines.error.join(), /rejected/)
  })
})

describe('a server that restarts itself', () => {
  /** A server as Vite makes it, whose SSR environment listens when the restart has come to its end. */
  const restartable = (config) => {
    const server = fakeServer()
    const nodes = new Map()
    server.environments.ssr.moduleGraph = {
      nodes,
      async ensureEntryFromUrl(url) {
        nodes.set(url, 0)
        return { url }
      },
      invalidateModule: ({ url }, _seen, timestamp) => nodes.set(url, timestamp)
    }
    server.environments.ssr.listen = async () => {}
    return Object.assign(server, { config, restart() {} })
  }

  // [vite-node 69]
  test('its application is reloaded, and its graph knows of what was loaded as changed', async (t) => {
    const lines = captureConsole(t)
    const first = restartable({ root: '/app', base: '/' })
    const { plugin, server, messages } = setUp(first)
    const app = fakeApp({ '/app/main.js': () => {} }, { emitter: server.emitter })
    await app.start()
    const done = new Promise((resolve) => server.emitter.on('message', (payload) => resolve(app.send(payload))))

    const second = restartable({ root: '/elsewhere', base: '/' })
    plugin.configureServer(second)
    assert.equal(second.emitter, server.emitter)
    await new Promise(setImmediate)
    assert.deepEqual(messages, [], 'a second server is no restart until Vite moves its parts')
    Object.assign(first, second)
    await first.environments.ssr.listen(first)
    await done
    assert.deepEqual(messages, [{ type: 'full-reload', path: '*' }])
    assert.deepEqual(app.executed, ['/app/main.js', '/app/main.js'])
    assert.deepEqual([...second.environments.ssr.moduleGraph.nodes.keys()], ['/@fs/app/main.js'])
    assert.ok(second.environments.ssr.moduleGraph.nodes.get('/@fs/app/main.js') > 0)
    assert.deepEqual(lines.log, ['[vite-node] the Vite server has restarted: the application is reloaded'])
    assert.match(lines.error.join(), /keeps the `root`.*"\/app".*"\/elsewhere".*start the process again/)
  })

  test('one that listens by itself is no restart', async () => {
    const { plugin, messages } = setUp(restartable({ root: '/app' }))
    const second = restartable({ root: '/app' })
    plugin.configureServer(second)
    await second.environments.ssr.listen(second)
    await new Promise(setImmediate)
    assert.deepEqual(messages, [])
  })
})
