'use strict'

// Vite 6 gives the edits of one millisecond the same timestamp. Which edit a message is about is a matter of the file, too.
const assert = require('node:assert/strict')
const { describe, test } = require('node:test')
const hmr = require('@upvotr/node-hmr/vite-node')
const { captureConsole, deferred, edit, fakeApp, withPlugin } = require('../support/fake-runner.js')
const { STACKS, loadStack, startApp } = require('../support/vite-node-app.js')

const [MAIN, A, B, C, S] = ['/app/main.js', '/app/src/a.js', '/app/src/b.js', '/app/src/c.js', '/app/src/s.js']
const AT = 77

/** main imports a and b, which accept themselves and import c and s; c imports s. What happens is in `log`. */
function twoBoundaries(more) {
  const log = []
  const accepting =
    (name, ...imports) =>
    async ({ hot, load }) => {
      for (const id of imports) await load(id)
      hot.accept(() => log.push(`${name} accepted`))
      hot.dispose(() => log.push(`${name} disposed`))
    }
  const modules = {
    [MAIN]: async ({ load }) => void (await load(A), await load(B)),
    [A]: accepting('a', S),
    [B]: accepting('b', C),
    [C]: async ({ load }) => void (await load(S)),
    [S]: () => {},
    ...more?.(accepting)
  }
  return { log, modules }
}

const start = async (t, more, server) => {
  captureConsole(t)
  const { log, modules } = twoBoundaries(more)
  const set = withPlugin(modules, server)
  await set.app.start()
  set.app.takeExecuted()
  const saved = (file) => set.plugin.hotUpdate({ type: 'update', file, timestamp: AT, modules: [] })
  const jsUpdate = (path) => ({ type: 'js-update', path, acceptedPath: path, timestamp: AT })
  const told = (...paths) => set.app.send({ type: 'update', updates: paths.map(jsUpdate) })
  return { ...set, log, saved, told, jsUpdate }
}

// [vite-node 21, 40, 42, 72]
describe('edits of two files at one time', () => {
  test('each message executes what it names', async (t) => {
    const { app, log, saved, told } = await start(t)
    saved(A)
    saved(B)
    await Promise.all([told('/src/a.js'), told('/src/b.js')])
    assert.deepEqual(app.takeExecuted(), [A, B])
    assert.deepEqual(log, ['a disposed', 'a accepted', 'b disposed', 'b accepted'])
  })

  test('also the second file that changes when the first one has been told', async (t) => {
    const { app, log, plugin } = await start(t)
    await Promise.all([edit(app, plugin, A, AT, ['/src/a.js']), edit(app, plugin, B, AT, ['/src/b.js'])])
    assert.deepEqual(app.takeExecuted(), [A, B])
    assert.deepEqual(log, ['a disposed', 'a accepted', 'b disposed', 'b accepted'])
  })

  test('a runner that tells no importers', async (t) => {
    captureConsole(t)
    const { plugin, server } = withPlugin()
    const executed = []
    const runner = {
      root: '/app',
      moduleCache: new Map([A, B].map((id) => [id, {}])),
      async executeId(id) {
        executed.push(id)
        runner.moduleCache.set(id, {})
        hmr.createHotContext(runner, server.emitter, [], id).accept()
      }
    }
    for (const id of [A, B]) hmr.createHotContext(runner, server.emitter, [], id).accept()
    for (const file of [A, B]) plugin.hotUpdate({ type: 'update', file, timestamp: AT, modules: [] })
    for (const path of ['/src/a.js', '/src/b.js']) {
      const updates = [{ type: 'js-update', path, acceptedPath: path, timestamp: AT }]
      await hmr.handleMessage(runner, server.emitter, [], { type: 'update', updates })
    }
    assert.deepEqual(executed, [A, B])
  })

  test('what several environments report is applied once for each file', async (t) => {
    const { app, saved, told } = await start(t)
    saved(A)
    const messages = [told('/src/a.js')]
    saved(B)
    messages.push(told('/src/b.js'), told('/src/a.js'), told('/src/b.js'))
    await Promise.all(messages)
    assert.deepEqual(app.takeExecuted(), [A, B])
  })

  test('of one boundary: once, if both were saved before', async (t) => {
    const { app, saved, told } = await start(t)
    saved(C)
    saved(S)
    await Promise.all([told('/src/b.js'), told('/src/a.js', '/src/b.js'), told('/src/b.js')])
    assert.deepEqual(app.takeExecuted(), [B, C, S, A])
  })

  test('of one boundary: again, if the second one was saved while the first one was taken', async (t) => {
    const gate = deferred()
    const { app, saved, told } = await start(t)
    const { [B]: run } = app.modules
    app.modules[B] = async (module) => {
      await run(module)
      await gate.promise
    }
    saved(C)
    const first = told('/src/b.js')
    await new Promise(setImmediate)
    assert.deepEqual(app.takeExecuted(), [B, C])
    saved(S)
    const second = told('/src/a.js', '/src/b.js')
    gate.resolve()
    await Promise.all([first, second])
    // c imports s, and has to run again although it was fresh after the first edit.
    assert.deepEqual(app.takeExecuted().sort(), [A, B, C, S])
  })

  test("the browser's report of a file that the SSR environment does not know counts", async (t) => {
    const channel = { send() {} }
    const environments = { ssr: { hot: channel } }
    const { app, plugin, server, jsUpdate } = await start(t, undefined, { ws: { send() {} }, environments })
    const messages = []
    server.emitter.on('message', (payload) => messages.push(app.send(payload)))
    const saved = (name, file, modules) =>
      plugin.hotUpdate.call({ environment: { name } }, { file, timestamp: AT, modules })
    for (const name of ['client', 'ssr']) saved(name, A, [{ id: A, isSelfAccepting: true }])
    saved('client', B, [{ id: B }])
    for (const path of ['/src/a.js', '/src/b.js']) server.ws.send({ type: 'update', updates: [jsUpdate(path)] })
    await Promise.all(messages)
    assert.deepEqual(app.takeExecuted(), [B])
    channel.send({ type: 'update', updates: [jsUpdate('/src/a.js')] })
    await Promise.all(messages)
    assert.deepEqual(app.takeExecuted(), [A])
  })
})

// [vite-node 42, 61, 72]
describe('full reloads of two files at one time', () => {
  const reload = (triggeredBy) => ({ type: 'full-reload', triggeredBy })

  test('one of a file that is not loaded is ignored', async (t) => {
    const { app, saved, plugin } = await start(t)
    plugin.hotUpdate({ type: 'update', file: A, timestamp: AT, modules: [{ id: A }] })
    saved('/app/browser.js')
    await app.send(reload('/app/browser.js'))
    assert.deepEqual(app.takeExecuted(), [])
  })

  test('one that is told during the reload of the other comes after it', async (t) => {
    const gate = deferred()
    const { app, saved } = await start(t)
    const { [MAIN]: run } = app.modules
    app.modules[MAIN] = async (module) => {
      await run(module)
      await gate.promise
    }
    const everything = [MAIN, A, S, B, C]
    saved(S)
    const first = [app.send(reload(S)), app.send(reload(S))]
    await new Promise(setImmediate)
    assert.deepEqual(app.takeExecuted(), everything)
    saved(C)
    const second = app.send(reload(C))
    gate.resolve()
    await Promise.all([...first, second])
    assert.deepEqual(app.takeExecuted(), everything)
  })
})

// [vite-node 1, 72]
for (const name of STACKS)
  test(`four files saved in one millisecond, by ${name}`, async (t) => {
    captureConsole(t)
    const app = await startApp(await loadStack(name), hmr, 'beside')
    t.after(() => app.close())
    await app.start()
    assert.deepEqual(app.takeLog(), ['one 1', 'two 1', ['both', 'left 1', 'right 1']])
    const files = []
    for (const file of ['one', 'two', 'left', 'right']) files.push(await app.replace(`${file}.ts`, '1', '2'))
    const all = new Promise((resolve) => {
      let left = files.length
      app.server.emitter.on('message', () => --left || resolve())
    })
    // Later than the results that vite-node's server keeps.
    const time = Date.now() + 1000
    t.mock.method(Date, 'now', () => time)
    for (const file of files) app.server.watcher.emit('change', file)
    await all
    await app.settle()
    const log = app.takeLog()
    for (const part of ['one', 'two']) {
      const own = log.filter((line) => line.includes?.(part))
      assert.deepEqual(own, [`${part} disposed`, `${part} 2`, `${part} accepted`])
    }
    assert.deepEqual(log.filter(Array.isArray).at(-1), ['both', 'left 2', 'right 2'])
  })
