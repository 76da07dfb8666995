'use strict'

const assert = require('node:assert/strict')
const { createRequire } = require('node:module')
const { describe, test } = require('node:test')
const hmr = require('@upvotr/node-hmr/vite-node')
const { fakeApp, captureConsole } = require('./support/fake-runner.js')

const OWNER = '/app/a.js'

// [vite-node 3, 5]
test('it loads by import and by require, and both see one state', async () => {
  const imported = await import('@upvotr/node-hmr/vite-node')
  const names = Object.keys(hmr).filter((name) => name !== '__esModule')
  assert.deepEqual(names.sort(), [
    'createHmrEmitter',
    'createHotContext',
    'getCache',
    'handleMessage',
    'reload',
    'sendMessageBuffer',
    'viteNodeHmrPlugin'
  ])
  for (const name of names) assert.equal(imported[name], hmr[name], name)
  const runner = {}
  assert.equal(imported.getCache(runner), hmr.getCache(runner))
})

// [vite-node 4]
test('`vite` and `vite-node` are optional peers, of the versions that are tested', () => {
  const { peerDependencies, peerDependenciesMeta, dependencies = {} } = require('../package.json')
  const majors = { vite: new Set(), 'vite-node': new Set() }
  for (const folder of ['vite-node', 'vite-node-5', 'vite-node-3']) {
    const inFolder = createRequire(require.resolve(`${folder}/package.json`))
    majors.vite.add(inFolder('vite/package.json').version.split('.')[0])
    majors['vite-node'].add(require(`${folder}/package.json`).version.split('.')[0])
  }
  for (const [name, tested] of Object.entries(majors)) {
    const ranges = [...tested].sort().map((major) => `^${major}.0.0`)
    assert.equal(peerDependencies[name], ranges.join(' || '))
    assert.deepEqual(peerDependenciesMeta[name], { optional: true })
    assert.equal(dependencies[name], undefined)
  }
})

describe('getCache', () => {
  // [vite-node 6, 9]
  test('one record per runner, with the ten fields', () => {
    const runner = {}
    const cache = hmr.getCache(runner)
    assert.equal(hmr.getCache(runner), cache)
    assert.notEqual(hmr.getCache({}), cache)
    const maps = ['hotModulesMap', 'dataMap', 'disposeMap', 'pruneMap', 'customListenersMap', 'ctxToListenersMap']
    assert.deepEqual(Object.keys(cache).sort(), [...maps, 'isFirstUpdate', 'messageBuffer', 'pending', 'queued'].sort())
    for (const name of maps) assert.ok(cache[name] instanceof Map, name)
    assert.ok(Array.isArray(cache.messageBuffer) && Array.isArray(cache.queued))
    assert.equal(cache.isFirstUpdate, false)
    assert.equal(cache.pending, false)
  })

  // [vite-node 10]
  test('anything but an object is a TypeError', () => {
    for (const runner of [undefined, null, 1, 'runner', true, Symbol('runner')]) {
      assert.throws(() => hmr.getCache(runner), TypeError)
    }
  })
})

describe('createHotContext', () => {
  // [vite-node 62]
  test('the context has these members, and they work without it', () => {
    const app = fakeApp()
    const hot = app.context(OWNER)
    const names = ['data', 'accept', 'acceptExports', 'dispose', 'prune', 'decline', 'invalidate', 'on', 'off', 'send']
    assert.deepEqual(Object.keys(hot), names)
    const { accept, decline } = hot
    accept()
    assert.equal(decline(), undefined)
    assert.equal(app.cache.hotModulesMap.get(OWNER).callbacks.length, 1)
  })

  // [vite-node 12]
  test('data is one object per owner, getter only', () => {
    const app = fakeApp()
    const hot = app.context(OWNER)
    const { data } = hot
    assert.equal(app.context(OWNER).data, data)
    assert.equal(hot.data, data)
    assert.equal(app.cache.dataMap.get(OWNER), hot.data)
    assert.notEqual(app.context('/app/b.js').data, hot.data)
    assert.throws(() => (hot.data = {}), TypeError)
  })

  // [vite-node 8, 14]
  test("the maps hold the user's own functions", () => {
    const { cache, context } = fakeApp()
    const hot = context(OWNER)
    const [onDeps, onDispose, onPrune, onEvent] = [() => {}, () => {}, () => {}, () => {}]
    const deps = ['/app/b.js', '/app/c.js']
    hot.accept(deps, onDeps)
    hot.dispose(onDispose)
    hot.prune(onPrune)
    hot.on('event', onEvent)
    const module = cache.hotModulesMap.get(OWNER)
    assert.equal(module.id, OWNER)
    assert.equal(module.callbacks[0].deps, deps)
    assert.equal(module.callbacks[0].fn, onDeps)
    assert.equal(cache.disposeMap.get(OWNER), onDispose)
    assert.equal(cache.pruneMap.get(OWNER), onPrune)
    assert.deepEqual(cache.customListenersMap.get('event'), [onEvent])
    assert.deepEqual(cache.ctxToListenersMap.get(OWNER).get('event'), [onEvent])
  })

  // [vite-node 15]
  test('anything else: `TypeError: invalid hot.accept() usage.`', () => {
    const hot = fakeApp().context(OWNER)
    for (const deps of [1, {}, true, Symbol('dep')]) {
      assert.throws(() => hot.accept(deps), { name: 'TypeError', message: 'invalid hot.accept() usage.' })
    }
  })

  test('what `Array.isArray` takes for an array is one', async (t) => {
    captureConsole(t)
    const app = fakeApp({ '/app/dep.js': () => 'dep' })
    const got = []
    app.context(OWNER).accept(new Proxy(['/app/dep.js'], {}), (modules) => got.push(modules))
    await app.update([OWNER, '/app/dep.js'])
    assert.deepEqual(got, [['dep']])
  })

  // [vite-node 14, 16]
  test("a record's function calls the user's with the module", () => {
    const { cache, context } = fakeApp()
    const hot = context(OWNER)
    const got = []
    hot.accept((module) => got.push(['self', module]))
    hot.accept('/app/b.js', (module) => got.push(['dep', module]))
    hot.acceptExports(['x'], (module) => got.push(['exports', module]))
    hot.accept()
    hot.accept('/app/b.js')
    hot.accept(['/app/b.js'])
    const { callbacks } = cache.hotModulesMap.get(OWNER)
    callbacks.forEach(({ fn }) => fn(['module']))
    assert.deepEqual(got, [
      ['self', 'module'],
      ['dep', 'module'],
      ['exports', 'module']
    ])
    assert.deepEqual(
      callbacks.map(({ deps }) => deps),
      [[OWNER], ['/app/b.js'], [OWNER], [OWNER], ['/app/b.js'], ['/app/b.js']]
    )
  })

  // [vite-node 17]
  test('the last registration of an owner wins', () => {
    const { cache, context } = fakeApp()
    const hot = context(OWNER)
    const last = () => {}
    for (const method of ['dispose', 'prune']) {
      hot[method](() => {})
      hot[method](last)
    }
    assert.equal(cache.disposeMap.get(OWNER), last)
    assert.equal(cache.pruneMap.get(OWNER), last)
  })

  // [vite-node 13]
  test('a second context of the same owner replaces the first at once', async () => {
    const app = fakeApp()
    const got = []
    const first = app.context(OWNER)
    first.accept(() => got.push('old'))
    first.dispose(() => got.push('old disposer'))
    first.prune(() => got.push('old prune'))
    first.on('event', () => got.push('old event'))
    const second = app.context(OWNER)
    second.on('event', () => got.push('new event'))
    await app.send({ type: 'custom', event: 'event' })
    await app.send({ type: 'prune', paths: [OWNER] })
    assert.deepEqual(got, ['new event'])
    assert.equal(app.cache.disposeMap.size, 0)
    assert.equal(app.cache.pruneMap.size, 0)
  })

  // [vite-node 13]
  test('a replaced context registers nothing more', () => {
    const { cache, context } = fakeApp()
    const first = context(OWNER)
    context(OWNER)
    first.accept()
    first.dispose(() => {})
    first.on('event', () => {})
    assert.equal(cache.hotModulesMap.size + cache.disposeMap.size + cache.customListenersMap.size, 0)
  })
})

describe('on and off', () => {
  // [vite-node 8, 19]
  test("off of an event's last listener deletes its key", () => {
    const { cache, context } = fakeApp()
    const hot = context(OWNER)
    const [one, two] = [() => {}, () => {}]
    hot.on('event', one)
    hot.on('event', two)
    hot.off('event', one)
    assert.deepEqual(cache.customListenersMap.get('event'), [two])
    hot.off('event', two)
    assert.equal(cache.customListenersMap.has('event'), false)
    assert.equal(cache.ctxToListenersMap.get(OWNER).has('event'), false)
    hot.off('unknown', one)
  })

  test('off takes away what was put into the map by hand', () => {
    const app = fakeApp()
    const listener = () => {}
    app.cache.customListenersMap.set('event', [listener])
    app.context(OWNER).off('event', listener)
    assert.equal(app.cache.customListenersMap.has('event'), false)
  })

  // [vite-node 19]
  test('a function that two modules share is taken off for one of them', () => {
    const { cache, context } = fakeApp()
    const shared = () => {}
    const [a, b] = [context(OWNER), context('/app/b.js')]
    a.on('event', shared)
    b.on('event', shared)
    a.off('event', shared)
    assert.deepEqual(cache.customListenersMap.get('event'), [shared])
  })

  // [vite-node 19, 25]
  test('listeners of `payload.event` get `payload.data`, and are awaited', async () => {
    const app = fakeApp()
    const hot = app.context(OWNER)
    let done = false
    hot.on('event', async (data) => {
      await new Promise(setImmediate)
      done = data
    })
    await app.send({ type: 'custom', event: 'event', data: { x: 1 } })
    assert.deepEqual(done, { x: 1 })
  })

  // [vite-node 53]
  test('one failing listener does not hide the rest, and each failure is reported', async (t) => {
    const lines = captureConsole(t)
    const app = fakeApp()
    const hot = app.context(OWNER)
    const got = []
    hot.on('event', () => {
      throw new Error('thrown')
    })
    hot.on('event', async () => {
      throw new Error('rejected')
    })
    hot.on('event', () => got.push('last'))
    await app.send({ type: 'custom', event: 'event' })
    assert.deepEqual(got, ['last'])
    assert.equal(lines.error.length, 2)
    assert.match(lines.error[0], /^\[vite-node\] .*thrown/)
    assert.match(lines.error[1], /rejected/)
  })
})

describe('send', () => {
  const text = (event, data) => JSON.stringify({ type: 'custom', event, data })

  // [vite-node 19]
  test('emits on the emitter, event `custom`, the JSON text', () => {
    const app = fakeApp()
    const got = []
    app.emitter.on('custom', (message) => got.push(message))
    app.context(OWNER).send('event', { x: 1 })
    app.context(OWNER).send('bare')
    assert.deepEqual(got, [text('event', { x: 1 }), text('bare')])
    assert.deepEqual(app.cache.messageBuffer, [])
  })

  // [vite-node 57]
  test('is kept while nobody listens, until somebody does', async () => {
    const app = fakeApp()
    app.context(OWNER).send('event', 1)
    app.context(OWNER).send('event', 2)
    assert.deepEqual(app.cache.messageBuffer, [text('event', 1), text('event', 2)])
    const got = []
    app.emitter.on('custom', (message) => got.push(message))
    await null
    await null
    assert.deepEqual(got, [text('event', 1), text('event', 2)])
    assert.deepEqual(app.cache.messageBuffer, [])
    assert.equal(app.emitter.listenerCount('newListener'), 0)
  })

  test('is kept also when all listeners of the emitter are removed, ours among them', async () => {
    const app = fakeApp()
    const hot = app.context(OWNER)
    hot.send('event', 1)
    app.emitter.removeAllListeners()
    hot.send('event', 2)
    const got = []
    app.emitter.on('custom', (message) => got.push(message))
    await null
    await null
    assert.deepEqual(got.splice(0), [text('event', 1), text('event', 2)])
    app.emitter.removeAllListeners()
    hot.send('event', 3)
    app.emitter.removeAllListeners()
    app.emitter.on('custom', (message) => got.push(message))
    await app.send({ type: 'custom', event: 'any' })
    assert.deepEqual(got, [text('event', 3)])
    assert.deepEqual(app.emitter.eventNames(), ['custom'])
  })

  // [vite-node 20, 32, 57]
  test('`connected` and sendMessageBuffer send what is kept, once', async () => {
    const app = fakeApp()
    const emitted = []
    const emit = app.emitter.emit
    app.emitter.emit = function (...args) {
      emitted.push(args)
      return emit.apply(this, args)
    }
    app.context(OWNER).send('event', 1)
    await app.send({ type: 'connected' })
    assert.deepEqual(
      emitted.filter(([name]) => name === 'custom'),
      [['custom', text('event', 1)]]
    )
    app.cache.messageBuffer.push('by hand')
    hmr.sendMessageBuffer(app.runner, app.emitter)
    assert.deepEqual(emitted.at(-1), ['custom', 'by hand'])
    assert.deepEqual(app.cache.messageBuffer, [])
  })

  // [vite-node 57]
  test('a listener that sends in its turn gets each message once', () => {
    const app = fakeApp()
    const hot = app.context(OWNER)
    const got = []
    app.emitter.on('custom', (message) => {
      got.push(JSON.parse(message).data)
      if (got.length < 3) hot.send('event', got.length + 1)
    })
    hot.send('event', 1)
    assert.deepEqual(got, [1, 2, 3])
  })

  test('a throwing listener of the emitter is reported, not thrown', (t) => {
    const lines = captureConsole(t)
    const app = fakeApp()
    app.emitter.on('custom', () => {
      throw new Error('deaf')
    })
    app.context(OWNER).send('event')
    assert.match(lines.error.join(), /deaf/)
  })
})

describe('invalidate', () => {
  // [vite-node 18]
  test('notifies `vite:invalidate` and returns `reload(files)`', async () => {
    const app = fakeApp({ '/app/main.js': () => 'main' })
    const hot = app.context(OWNER)
    const got = []
    hot.on('vite:invalidate', (detail) => got.push(detail))
    assert.deepEqual(await hot.invalidate('stale'), ['main'])
    assert.deepEqual(got, [{ path: OWNER, message: 'stale', firstInvalidatedBy: OWNER }])
  })

  // [vite-node 62]
  test('a failing one rejects for who waits, and is reported for who does not', async (t) => {
    const lines = captureConsole(t)
    const unhandled = t.mock.fn()
    process.once('unhandledRejection', unhandled)
    const app = fakeApp({
      '/app/main.js': () => {
        throw new Error('broken')
      }
    })
    await assert.rejects(app.context(OWNER).invalidate(), /broken/)
    app.context(OWNER).invalidate()
    await new Promise(setImmediate)
    await new Promise(setImmediate)
    process.off('unhandledRejection', unhandled)
    assert.equal(unhandled.mock.callCount(), 0)
    assert.equal(lines.error.length, 2)
    assert.match(lines.error[1], /broken/)
  })
})
