'use strict'

const assert = require('node:assert/strict')
const { describe, test } = require('node:test')
const { chain, fakeApp, captureConsole, withPlugin } = require('./support/fake-runner.js')

const [MAIN, A, B, C] = ['/app/main.js', '/app/src/a.js', '/app/src/b.js', '/app/src/c.js']

describe('update', () => {
  // [vite-node 14, 17, 19, 21, 29]
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
    '/src/a.js?v=3f',
    '/src/a.js?import&t=17',
    '/@fs/app/src/a.js',
    'file:///app/src/a.js',
    '/@id//app/src/a.js'
  ]) {
    // [vite-node 37]
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

  // [vite-node 35, 37]
  for (const { title, dress } of [
    { title: 'as the runner has it', dress: ({ app }) => (app.runner.options = { base: '/base/' }) },
    { title: 'as the server has it', dress: ({ server }) => (server.config = { base: '/base/' }) }
  ])
    test(`matches a spelling with the base before it, ${title}`, async (t) => {
      captureConsole(t)
      const set = withPlugin(chain().modules)
      const { app } = set
      await app.start()
      app.takeExecuted()
      const paths = ['/base/src/a.js', '/base/@fs/app/src/a.js?v=3f', '/base/@id//app/src/a.js']
      for (const path of paths) await app.update(path)
      assert.deepEqual(app.takeExecuted(), [])
      dress(set)
      for (const path of paths) await app.update(path)
      assert.deepEqual(
        app.takeExecuted().filter((id) => id === A),
        [A, A, A]
      )
    })

  // [vite-node 35]
  test('a runner without a root has that of the server', async (t) => {
    captureConsole(t)
    const { app, server } = withPlugin(chain().modules)
    delete app.runner.root
    server.config = { root: '/app' }
    await app.start()
    app.takeExecuted()
    await app.update('/src/a.js')
    assert.equal(app.takeExecuted()[0], A)
  })

  // [vite-node 37]
  test('any other query is part of the id', async () => {
    const app = chain()
    await app.start()
    app.takeExecuted()
    await app.update('/src/a.js?raw')
    assert.deepEqual(app.takeExecuted(), [])
  })

  test('matches a root-relative path that begins like the root', async (t) => {
    captureConsole(t)
    const inner = '/app/app/a.js'
    const app = fakeApp({ [MAIN]: ({ load }) => load(inner), [inner]: ({ hot }) => hot.accept() })
    await app.start()
    app.takeExecuted()
    for (const path of ['/app/a.js', '/app/app/a.js', '/@fs/app/app/a.js']) await app.update(path)
    assert.deepEqual(app.takeExecuted(), [inner, inner, inner])
    await app.update('/@fs/app/a.js', '/a.js')
    assert.deepEqual(app.takeExecuted(), [])
  })

  test("finds a virtual module that the runner spells in Vite's way", async (t) => {
    captureConsole(t)
    const id = '/@id/__x00__virtual:x'
    const app = fakeApp({ [id]: ({ hot }) => hot.accept() }, { entries: [id] })
    await app.start()
    app.takeExecuted()
    await app.update('\0virtual:x', '/@id/__x00__virtual:x?t=1')
    assert.deepEqual(app.takeExecuted(), [id])
  })

  // [vite-node 37]
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

  // [vite-node 14, 21]
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

  // [vite-node 14]
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

  // [vite-node 21]
  test("of the boundary's callbacks those that name the accepted path, each", async (t) => {
    captureConsole(t)
    const got = []
    const app = fakeApp({
      [MAIN]: async ({ hot, load }) => {
        await Promise.all([load(A), load(B)])
        hot.accept(() => got.push('self'))
        hot.accept(A, () => got.push('a'))
        hot.accept([B, '/src/a.js?t=1'], () => got.push('a and b'))
        hot.accept('/@fs/app/src/b.js', () => got.push('b'))
      },
      [A]: () => 'a',
      [B]: () => 'b'
    })
    await app.start()
    await app.update([MAIN, A])
    assert.deepEqual(got.splice(0), ['a', 'a and b'])
    await app.update([MAIN, B])
    assert.deepEqual(got.splice(0), ['a and b', 'b'])
    await app.update(MAIN)
    assert.deepEqual(got, ['self'])
  })

  // [vite-node 47]
  test('callbacks are not awaited', async (t) => {
    const lines = captureConsole(t)
    const app = fakeApp({ [MAIN]: ({ hot }) => hot.accept(() => new Promise(() => {})) })
    await app.start()
    await app.update(MAIN)
    assert.deepEqual(lines.log, ['[vite-node] hot updated: /app/main.js'])
  })

  // [vite-node 21, 39]
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

  // [vite-node 30]
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

  // [vite-node 14]
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

  // [vite-node 35]
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

  // [vite-node 22]
  test('a css-update is logged as not supported', async (t) => {
    const lines = captureConsole(t)
    const app = chain()
    await app.send({ type: 'update', updates: [{ type: 'css-update', path: '/a.css', acceptedPath: '/a.css' }] })
    assert.match(lines.error.join(), /css.*not supported/)
  })
})

describe('isolation', () => {
  // [vite-node 47, 53]
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
