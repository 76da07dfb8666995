'use strict'

const { once } = require('node:events')
const { test } = require('node:test')
const {
  assert,
  captureConsole,
  createRuntime,
  deferred,
  HMRRuntime,
  ManualWatcher,
  nextUpdate,
  nothingUnhandled,
  scenario,
  steps,
  turn,
  updatesOf
} = require('./support')

// [node-hmr 46]
test('"`require` again": an edited file gives the exports of its new text', async (t) => {
  const { require, edit, read } = scenario(t, 'values')
  const watcher = new ManualWatcher()
  const runtime = createRuntime(require, watcher)
  const imported = await runtime.import('./greeting')
  assert.equal(imported.exports(), 'hello')
  edit('greeting.js', read('greeting.js').replace('hello', 'good morning'))
  const updated = nextUpdate(runtime, './greeting')
  watcher.tell('./greeting')
  assert.deepEqual(await updated, ['./greeting'])
  assert.equal(imported.exports(), 'good morning')
})

// [node-hmr 33]
test('"`watch(id)` and `update` carry the id as the caller wrote it"', async (t) => {
  const { runtime, file, save, watcher } = steps(t)
  const updates = updatesOf(runtime)
  const ids = ['./module', './module.js', `./../${require('node:path').basename(file('.'))}/module`, file('module.js')]
  for (const id of ids) await runtime.import(id)
  assert.deepEqual(watcher.watched, ids)
  for (const id of ids.slice(0, 3)) save({ version: 2 }, id)
  await null
  assert.deepEqual(updates, ids.slice(0, 3))
})

// [node-hmr 35]
test('"An event that carries the resolved path updates the module as well (mended)"', async (t) => {
  const { runtime, file, save } = steps(t)
  const updates = updatesOf(runtime)
  const [short, long] = [await runtime.import('./module'), await runtime.import('./module.js')]
  save({ version: 2 }, file('module.js'))
  await null
  assert.deepEqual(updates, ['./module', './module.js'])
  assert.deepEqual([short.exports, long.exports], ['v2', 'v2'])
})

// [node-hmr 35]
test('an id that is also the resolved path of its module is updated once', async (t) => {
  const { runtime, file, save } = steps(t)
  const updates = updatesOf(runtime)
  await runtime.import(file('module.js'))
  save({ version: 2 }, file('module.js'))
  await null
  assert.deepEqual(updates, [file('module.js')])
})

// [node-hmr 29]
test('"One `update` event may carry several ids"', async (t) => {
  const { runtime, plan, watcher, file } = steps(t)
  const updates = updatesOf(runtime)
  const [first, second] = [await runtime.import('./module'), await runtime.import('./other')]
  plan.version = 2
  watcher.tell('./other', './module')
  assert.deepEqual([first.exports, second.exports], ['v2', 'o2'])
  await null
  assert.deepEqual(updates.sort(), ['./module', './other'])
  plan.version = 3
  watcher.tell('./unknown', './module', file('module.js'), './module', 7, undefined, null, {}, Symbol('id'))
  assert.equal(first.exports, 'v3')
  await null
  assert.deepEqual(updates.slice(2), ['./module'], 'each module once')
  plan.version = 4
  watcher.tell(['./module', './other'])
  assert.deepEqual([first.exports, second.exports], ['v4', 'o4'], 'also as an array')
})

test('an event without ids, or with unknown ones, does nothing', async (t) => {
  const { runtime, watcher, save } = steps(t)
  const updates = updatesOf(runtime)
  await runtime.import('./module')
  watcher.tell()
  watcher.tell('./unknown')
  watcher.tell('__proto__')
  save({ version: 2 })
  await null
  assert.deepEqual(updates, ['./module'])
})

test("a synchronous update is done when the watcher's `emit` returns, and its `update` comes a microtask later", async (t) => {
  const { runtime, save, taken, log } = steps(t)
  const imported = await runtime.import('./module')
  taken()
  runtime.on('update', (id) => log.push(`update ${id}: ${imported.exports}`))
  save({ version: 2 })
  assert.deepEqual(taken(), ['v2 evaluate', 'v1 clean v1 of v1', 'v2 run with v1'])
  await null
  assert.deepEqual(taken(), ['update ./module: v2'])
})

test('who tells the watcher first and then listens for `update`, in one go, hears of a synchronous update', async (t) => {
  const { runtime, save } = steps(t)
  const imported = await runtime.import('./module')
  save({ version: 2 })
  assert.deepEqual(await once(runtime, 'update'), ['./module'])
  assert.equal(imported.exports, 'v2')
})

test('no `update` of a module that was unimported in the statement after the change', async (t) => {
  const { runtime, save } = steps(t)
  await runtime.import('./module')
  const updates = updatesOf(runtime)
  save({ version: 2 })
  runtime.unimport('./module')
  await turn()
  assert.deepEqual(updates, [])
})

// [node-hmr 56]
test('"Updates of one module never interleave; the last version wins"', async (t) => {
  const { runtime, next, save, taken } = steps(t)
  const gates = {}
  const slow = (version) => ({
    version,
    isAsync: true,
    run: () => {
      gates[version] = deferred()
      return gates[version].promise.then(() => `slow ${version}`)
    }
  })
  next(slow(1))
  const importing = runtime.import('./module')
  await turn()
  gates[1].resolve()
  const imported = await importing
  taken()
  const updates = updatesOf(runtime)
  save(slow(2))
  for (const version of [3, 4, 5]) save(slow(version))
  await turn()
  assert.deepEqual(taken(), ['v2 evaluate', 'v1 clean slow 1 of v1', 'v2 run with v1'])
  assert.equal(imported.exports, 'slow 1')
  gates[2].resolve()
  await turn()
  assert.deepEqual(
    taken(),
    ['v5 evaluate', 'v2 clean slow 2 of v1', 'v5 run with v1'],
    'what came meanwhile is one update'
  )
  gates[5].resolve()
  await turn()
  assert.equal(imported.exports, 'slow 5')
  assert.deepEqual(updates, ['./module', './module'])
})

// [node-hmr 56, 92]
test('"an edit made while the first, asynchronous import runs is taken (mended)"', async (t) => {
  const { runtime, next, save, taken } = steps(t)
  const gate = deferred()
  next({ version: 1, isAsync: true, run: () => gate.promise })
  const importing = runtime.import('./module')
  await turn()
  save({ version: 2 })
  await turn()
  assert.deepEqual(taken(), ['v1 evaluate', 'v1 generate', 'v1 run with v1'])
  const updates = updatesOf(runtime)
  gate.resolve('first')
  const imported = await importing
  assert.equal(imported.exports, 'first', 'the importer has its exports before the next version runs')
  await turn()
  assert.equal(imported.exports, 'v2')
  assert.deepEqual(taken(), ['v2 evaluate', 'v1 clean first of v1', 'v2 run with v1'])
  assert.deepEqual(updates, ['./module'])
})

test('an edit made while a further import runs is taken', async (t) => {
  const { runtime, next, save } = steps(t)
  let gate = { promise: 'at once' }
  next({ version: 1, isAsync: true, run: () => gate.promise })
  const imported = await runtime.import('./module')
  gate = deferred()
  const importing = runtime.import('./module')
  await turn()
  save({ version: 2 })
  gate.resolve('again')
  await importing
  await turn()
  assert.equal(imported.exports, 'v2')
})

test('an import during an update gets the object with the new exports', async (t) => {
  const { runtime, save, taken } = steps(t)
  const imported = await runtime.import('./module')
  taken()
  const gate = deferred()
  save({ version: 2, isAsync: true, run: () => gate.promise })
  const joined = runtime.import('./module')
  await turn()
  gate.resolve('new')
  assert.equal(await joined, imported)
  assert.equal(imported.exports, 'new')
  assert.deepEqual(taken(), ['v2 evaluate', 'v1 clean v1 of v1', 'v2 run with v1'])
})

test('updates of different modules run at the same time', async (t) => {
  const { runtime, save } = steps(t)
  const [first, second] = [await runtime.import('./module'), await runtime.import('./other')]
  save({ version: 2, isAsync: true, run: () => new Promise(() => {}) }, './module')
  save({ version: 2 }, './other')
  await turn()
  assert.deepEqual([first.exports, second.exports], ['v1', 'o2'])
})

// [node-hmr 47]
test('"Only modules imported through a runtime are evicted: what they `require` plainly keeps its cache"', async (t) => {
  const { require, edit, read } = scenario(t, 'values')
  const watcher = new ManualWatcher()
  const runtime = createRuntime(require, watcher)
  const imported = await runtime.import('./greeting')
  const helper = require('./helper')
  edit('helper.js', read('helper.js').replace('!', '?'))
  watcher.tell('./greeting')
  assert.equal(imported.exports(), 'hello')
  assert.equal(require('./helper'), helper)
})

test('a change emitted from inside `watch` is one more update', async (t) => {
  class Eager extends ManualWatcher {
    watch(id) {
      const unwatch = super.watch(id)
      this.tell(id)
      return unwatch
    }
  }
  const watcher = new Eager()
  const { require, log } = steps(t)
  const runtime = createRuntime(require, watcher)
  const updated = nextUpdate(runtime, './module')
  const imported = await runtime.import('./module')
  assert.equal(imported.exports, 'v1')
  await updated
  assert.equal(log.filter((line) => line === 'v1 evaluate').length, 2)
})

test('a listener of `update` may import, unimport and cause the next update', async (t) => {
  const unhandled = nothingUnhandled(t)
  const { runtime, save, taken } = steps(t)
  const imported = await runtime.import('./module')
  const seen = []
  const reactions = [() => runtime.import('./module'), () => save({ version: 3 }), () => runtime.unimport('./module')]
  runtime.on('update', () => {
    seen.push(imported.exports)
    reactions.shift()?.()
  })
  save({ version: 2 })
  await turn()
  save({ version: 22 })
  await turn()
  assert.deepEqual(seen, ['v2', 'v22', 'v3'])
  assert.deepEqual(reactions, [])
  taken()
  save({ version: 5 })
  assert.deepEqual(taken(), [])
  assert.equal(imported.exports, 'v3', '"An object already handed out keeps its last `exports`"')
  await unhandled.check()
})

test('a throwing listener of `update` is reported, and the next update comes', async (t) => {
  const unhandled = nothingUnhandled(t)
  const printed = captureConsole(t)
  const { runtime, save } = steps(t)
  const imported = await runtime.import('./module')
  for (const thrown of [new Error('from the listener'), 'text', undefined, null]) {
    for (const isAsync of [false, true]) {
      printed.taken()
      runtime.removeAllListeners('update')
      runtime.on('update', () => {
        if (isAsync) return Promise.reject(thrown)
        throw thrown
      })
      save({ version: 2 })
      await turn()
      assert.deepEqual(
        printed.lines.map(({ method, args }) => [method, args.at(-1)]),
        [['error', thrown]]
      )
      assert.match(printed.lines[0].text, /\.\/module/)
      assert.equal(imported.exports, 'v2')
      runtime.removeAllListeners('update')
      save({ version: 1 })
      assert.equal(imported.exports, 'v1')
      await turn()
    }
  }
  await unhandled.check()
})

test('a throwing listener of `update` keeps it from no other listener', async (t) => {
  const printed = captureConsole(t)
  const { runtime, save } = steps(t)
  await runtime.import('./module')
  const seen = []
  runtime.once('update', function (...args) {
    seen.push(['once', this === runtime, args])
    throw 'first'
  })
  runtime.on('update', () => {
    throw 'second'
  })
  runtime.on('update', (...args) => seen.push(['on', args]))
  save({ version: 2 })
  save({ version: 3 })
  await null
  assert.deepEqual(seen, [
    ['once', true, ['./module']],
    ['on', ['./module']],
    ['on', ['./module']]
  ])
  assert.deepEqual(
    printed.lines.map(({ args }) => args.at(-1)),
    ['first', 'second', 'second']
  )
})

test('an asynchronous `emit` of a subclass that rejects is reported', async (t) => {
  const unhandled = nothingUnhandled(t)
  const printed = captureConsole(t)
  const { require, watcher, save } = steps(t)
  class Custom extends HMRRuntime {
    async emit() {
      throw 'from emit'
    }
  }
  const runtime = new Custom(watcher, require)
  const imported = await runtime.import('./module')
  save({ version: 2 })
  await unhandled.check()
  assert.equal(imported.exports, 'v2')
  assert.deepEqual(
    printed.lines.map(({ method, args }) => [method, args.at(-1)]),
    [['error', 'from emit']]
  )
})

test('an exports object that the user froze keeps the process and the updates alive', async (t) => {
  const unhandled = nothingUnhandled(t)
  const printed = captureConsole(t)
  const { runtime, save, taken } = steps(t)
  Object.freeze(await runtime.import('./module'))
  taken()
  save({ version: 2 })
  save({ version: 3 })
  assert.deepEqual(
    taken().filter((line) => line.includes('run')),
    ['v2 run with v1', 'v3 run with v1']
  )
  await unhandled.check()
  const [error] = printed.of('error')
  assert.match(error.text, /\.\/module: its exports could not be set/)
  assert.ok(error.args.at(-1) instanceof TypeError)
})
