'use strict'

const assert = require('node:assert/strict')
const { describe, test } = require('node:test')
const hmr = require('@upvotr/node-hmr/vite-node')
const { fakeApp, captureConsole, deferred } = require('./support/fake-runner.js')

const [MAIN, A, B] = ['/app/main.js', '/app/src/a.js', '/app/src/b.js']

/** An application whose module a opens something that must be open once only, and takes a turn to close it. */
const opening = async (modules = {}) => {
  const log = []
  let open = 0
  const app = fakeApp({
    [MAIN]: async ({ load }) => {
      await load(A)
      await load(B)
    },
    [A]: async ({ hot }) => {
      log.push(open++ > 0 ? 'open twice' : 'open')
      hot.accept(() => {})
      hot.dispose(async () => {
        log.push('closing')
        await new Promise(setImmediate)
        log.push('closed')
        open--
      })
    },
    [B]: ({ hot }) => hot.accept(() => hot.invalidate()),
    ...modules
  })
  await app.start()
  app.takeExecuted()
  return { app, log }
}

/** What a reload adds to the log. */
const again = ['closing', 'closed', 'open']

const registered = (app, id) => [
  app.cache.hotModulesMap.get(id)?.callbacks.length,
  app.cache.disposeMap.has(id),
  app.cache.customListenersMap.get('event')?.length
]
const registers = (hot) => {
  hot.accept(() => {})
  hot.dispose(() => {})
  hot.on('event', () => {})
}

describe('reloads of one runner', () => {
  for (const { title, act, times } of [
    {
      title: 'asked for by `reload`',
      act: (app) => Promise.all([hmr.reload(app.runner, [MAIN]), hmr.reload(app.runner, [MAIN])]),
      times: 2
    },
    {
      title: 'of the same files: one',
      act: (app) => Promise.all([1, 2, 3].map(() => hmr.reload(app.runner, app.entries))),
      times: 1
    },
    {
      title: 'by `invalidate` in the callbacks of one update: one',
      async act(app) {
        app.context('/app/other.js').accept(B, () => app.context('/app/other.js').invalidate())
        await app.update(B, ['/other.js', '/src/b.js'])
        await hmr.reload(app.runner, app.entries)
      },
      times: 1
    },
    {
      title: 'by a message, and `invalidate`',
      act: (app) => Promise.all([app.send({ type: 'full-reload' }), app.context('/app/other.js').invalidate()]),
      times: 2
    }
  ])
    test(`run one after another, ${title}`, async (t) => {
      captureConsole(t)
      const { app, log } = await opening()
      await act(app)
      assert.deepEqual(log, ['open', ...Array(times).fill(again).flat()])
    })

  test('one that is asked for while another runs begins after it', async () => {
    const gate = deferred()
    const { app, log } = await opening()
    app.modules[B] = () => gate.promise
    const first = hmr.reload(app.runner, app.entries)
    while (log.length < 4) await new Promise(setImmediate)
    const second = hmr.reload(app.runner, app.entries)
    assert.notEqual(second, first)
    gate.resolve('b')
    await Promise.all([first, second])
    assert.deepEqual(log, ['open', ...again, ...again])
  })

  test('a module that awaits the `invalidate` that it calls while it runs does not wait for itself', async (t) => {
    captureConsole(t)
    let runs = 0
    const { app } = await opening({
      [B]: async ({ hot }) => {
        if (++runs === 2) await hot.invalidate()
      }
    })
    await hmr.reload(app.runner, app.entries)
    assert.equal(runs, 3)
  })

  test('an update whose modules a reload runs does not run them again', async (t) => {
    captureConsole(t)
    const { app, log } = await opening()
    const updated = app.update(A)
    await Promise.all([updated, hmr.reload(app.runner, app.entries)])
    assert.deepEqual(log, ['open', ...again])
  })
})

describe('a disposer that asks for a reload', () => {
  for (const { title, act } of [
    { title: 'before an update', act: (app) => app.update(A) },
    { title: 'before a full reload', act: (app) => app.send({ type: 'full-reload' }) },
    { title: 'before a reload', act: (app) => hmr.reload(app.runner, app.entries) }
  ])
    for (const { how, ask } of [
      { how: 'and waits for it', ask: (hot) => hot.invalidate() },
      { how: 'after a turn, and waits', ask: async (hot) => (await new Promise(setImmediate), hot.invalidate()) },
      { how: 'and goes on', ask: (hot) => void hot.invalidate() }
    ])
      test(`${title}, ${how}: it is called once, and there is one reload when it is done`, async (t) => {
        const lines = captureConsole(t)
        const log = []
        const app = fakeApp({
          [MAIN]: ({ load }) => load(A),
          [A]: ({ hot }) => {
            log.push('a')
            hot.accept(() => {})
            hot.dispose(async () => {
              log.push('dispose')
              await ask(hot)
              log.push('done')
            })
          }
        })
        await app.start()
        app.takeExecuted()
        await act(app)
        assert.deepEqual(log, ['a', 'dispose', 'done', 'a'])
        assert.deepEqual(app.takeExecuted(), [MAIN, A])
        assert.deepEqual(lines.error, [])
      })

  test('before a prune: the reload follows the prune', async () => {
    const { app, log } = await opening({ [B]: ({ hot }) => hot.dispose(() => hot.invalidate()) })
    await app.send({ type: 'prune', paths: ['/src/b.js'] })
    assert.deepEqual(log, ['open', ...again])
    assert.deepEqual(app.takeExecuted(), [MAIN, A, B])
  })

  test('is told at once, with nothing', async (t) => {
    captureConsole(t)
    const got = []
    const { app } = await opening({ [B]: ({ hot }) => hot.dispose(async () => got.push(await hot.invalidate())) })
    await app.update(B)
    assert.deepEqual(got, [[]])
  })

  test('a failing one is reported', async (t) => {
    const lines = captureConsole(t)
    const { app } = await opening({ [B]: ({ hot }) => hot.dispose(() => hot.invalidate()) })
    app.modules[MAIN] = () => {
      throw new Error('broken')
    }
    await app.update(B)
    assert.match(lines.error.join(), /a disposer asked for failed.*broken/)
  })
})

describe('a reload during an update', () => {
  test('keeps what the modules that it ran have registered', async (t) => {
    captureConsole(t)
    const gate = deferred()
    let runs = 0
    const app = fakeApp({
      [MAIN]: async ({ load }) => {
        await load(A)
        await load(B)
      },
      [A]: async ({ hot }) => {
        registers(hot)
        if (++runs === 2) await gate.promise
      },
      [B]: ({ hot }) => registers(hot)
    })
    await app.start()
    const updated = app.update(A, B)
    while (runs < 2) await new Promise(setImmediate)
    await hmr.reload(app.runner, app.entries)
    gate.resolve()
    await updated
    assert.deepEqual(
      [registered(app, A), registered(app, B)],
      [
        [1, true, 2],
        [1, true, 2]
      ]
    )
  })

  test('keeps them also when the version of the update fails', async (t) => {
    captureConsole(t)
    const gate = deferred()
    let runs = 0
    const app = fakeApp({
      [MAIN]: ({ load }) => load(A),
      [A]: async ({ hot }) => {
        hot.on(`version ${++runs}`, () => {})
        if (runs === 2) await gate.promise
      }
    })
    await app.start()
    const updated = app.update(A)
    while (runs < 2) await new Promise(setImmediate)
    await hmr.reload(app.runner, app.entries)
    gate.reject(new Error('broken'))
    await updated
    assert.deepEqual([...app.cache.customListenersMap.keys()], ['version 3'])
    assert.ok(app.runner.moduleCache.has(A))
  })

  test('that fails after it brings back what worked last', async (t) => {
    captureConsole(t)
    const [gate, other] = [deferred(), deferred()]
    let runs = 0
    const app = fakeApp({
      [MAIN]: ({ load }) => load(A),
      [A]: async ({ hot }) => {
        hot.on(`version ${++runs}`, () => {})
        if (runs === 2) await gate.promise
        if (runs === 3) await other.promise
      }
    })
    await app.start()
    const updated = app.update(A)
    while (runs < 2) await new Promise(setImmediate)
    const reloaded = hmr.reload(app.runner, app.entries)
    while (runs < 3) await new Promise(setImmediate)
    gate.reject(new Error('broken'))
    await updated
    other.reject(new Error('broken, too'))
    await assert.rejects(reloaded, /too/)
    assert.deepEqual([...app.cache.customListenersMap.keys()], ['version 1'])
  })
})
