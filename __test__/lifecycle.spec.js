'use strict'

const { test } = require('node:test')
const {
  assert,
  AsyncRunner,
  captureConsole,
  createRuntime,
  deferred,
  hmr,
  ManualWatcher,
  microtasks,
  nothingUnhandled,
  PersistManager,
  Runner,
  steps,
  turn,
  updatesOf,
  last
} = require('./support')

test('the first import: evaluate, generate, run, each once', async (t) => {
  const { runtime, taken } = steps(t)
  await runtime.import('./module')
  assert.deepEqual(taken(), ['v1 evaluate', 'v1 generate', 'v1 run with v1'])
})

// [node-hmr 49, 92]
test('"On an update the old runner\'s `clean(values, exports)` … before the new version runs"', async (t) => {
  const { runtime, save, taken } = steps(t)
  await runtime.import('./module')
  taken()
  save({ version: 2 })
  assert.deepEqual(taken(), ['v2 evaluate', 'v1 clean v1 of v1', 'v2 run with v1'])
  save({ version: 3 })
  assert.deepEqual(taken(), ['v3 evaluate', 'v2 clean v2 of v1', 'v3 run with v1'])
})

// [node-hmr 92]
test('"an update that cannot be evaluated runs nothing and emits nothing"', async (t) => {
  captureConsole(t)
  const { runtime, save, taken } = steps(t)
  const imported = await runtime.import('./module')
  const updates = updatesOf(runtime)
  for (const changes of [{ evaluate: () => last(null, undefined).nothing }, { exported: () => 'no hot module' }]) {
    taken()
    save({ version: 2, force: true, ...changes })
    await turn()
    assert.deepEqual(taken(), ['v2 evaluate'])
    assert.deepEqual(updates, [])
    assert.equal(imported.exports, 'v1')
  }
})

for (const isAsync of [false, true]) {
  // [node-hmr 49]
  test(`"awaited when it returns a promise (mended)": the clean of ${isAsync ? 'an AsyncRunner' : 'a Runner'}`, async (t) => {
    const { runtime, next, save, taken } = steps(t)
    const gate = deferred()
    next({ version: 1, isAsync, clean: () => gate.promise })
    const imported = await runtime.import('./module')
    taken()
    save({ version: 2 })
    await turn()
    assert.deepEqual(taken(), ['v2 evaluate', 'v1 clean v1 of v1'])
    gate.resolve()
    await turn()
    assert.deepEqual(taken(), ['v2 run with v1'])
    assert.equal(imported.exports, 'v2')
  })
}

// [node-hmr 25, 50]
test('"`runner.execute(values, emitUpdate)`, awaited for an AsyncRunner only"', async (t) => {
  const { runtime, next } = steps(t)
  const promise = Promise.resolve('later')
  next({ version: 1, run: () => promise })
  assert.equal(
    (await runtime.import('./module')).exports,
    promise,
    '"A `Runner` that returns a promise has the promise as its exports"'
  )
  next({ version: 1, isAsync: true, run: () => promise })
  assert.equal((await runtime.import('./other')).exports, 'later')
})

test('an AsyncRunner may return a value, a thenable, a promise of another realm', async (t) => {
  const { runtime, next } = steps(t)
  const cases = [
    [7, 7],
    [undefined, undefined],
    [{ then: (resolve) => resolve('thenable') }, 'thenable'],
    [require('node:vm').runInNewContext('Promise.resolve("realm")'), 'realm'],
    [Object.assign(() => {}, { then: (resolve) => resolve('callable') }), 'callable'],
    [{ then: 'no function' }, { then: 'no function' }]
  ]
  for (const [returned, expected] of cases) {
    next({ version: 1, isAsync: true, run: () => returned })
    assert.deepEqual((await runtime.import('./module')).exports, expected)
    runtime.unimport('./module')
  }
})

// [node-hmr 25]
test('a Runner that returns a thenable has it as its exports, untouched', async (t) => {
  const { runtime, next } = steps(t)
  const thenable = {
    get then() {
      throw new Error('asked for then')
    }
  }
  next({ version: 1, run: () => thenable })
  assert.equal((await runtime.import('./module')).exports, thenable)
})

// [node-hmr 51]
test('"`emitUpdate()` emits the runtime\'s `update` at once, also during the first run"', async (t) => {
  const { runtime, next, save, log, taken } = steps(t)
  runtime.on('update', (id) => log.push(`update ${id}`))
  let kept
  next({
    version: 1,
    run(values, emitUpdate) {
      log.push('before')
      emitUpdate()
      log.push('after')
      kept = emitUpdate
      return 'ran'
    }
  })
  await runtime.import('./module')
  assert.deepEqual(taken(), ['v1 evaluate', 'v1 generate', 'v1 run with v1', 'before', 'update ./module', 'after'])
  kept()
  kept('arguments', 'are', 'ignored')
  assert.deepEqual(taken(), ['update ./module', 'update ./module'])
  save({ version: 2, run: (values, emitUpdate) => last(emitUpdate(), 'second') })
  await null
  assert.deepEqual(taken(), [
    'v2 evaluate',
    'v1 clean ran of v1',
    'v2 run with v1',
    'update ./module',
    'update ./module'
  ])
})

// [node-hmr 52]
test('"Then the exports object gets the value, and `update` is emitted"', async (t) => {
  const { runtime, save } = steps(t)
  const imported = await runtime.import('./module')
  const seen = []
  runtime.on('update', () => seen.push(imported.exports))
  save({ version: 2, run: (values, emitUpdate) => last(emitUpdate(), 'new') })
  await null
  assert.deepEqual(seen, ['v1', 'new'])
})

// [node-hmr 9, 23]
test("a module's callbacks run with the values and arguments of the contract, and nothing more", async (t) => {
  const { runtime, next, save } = steps(t)
  const seen = []
  const values = { own: 'values' }
  next({
    version: 1,
    generate: (...args) => last(seen.push(['generate', args]), values),
    persistCleanup: (...args) => seen.push(['persistCleanup', args]),
    run: (...args) => last(seen.push(['run', [args[0], typeof args[1], args.length]]), 'exports'),
    clean: (...args) => seen.push(['clean', args])
  })
  await runtime.import('./module')
  save({ version: 2, force: true })
  assert.deepEqual(seen, [
    ['generate', []],
    ['run', [values, 'function', 2]],
    ['clean', [values, 'exports']],
    ['persistCleanup', [values]]
  ])
})

// [node-hmr 53]
test('the exports of a synchronous update take no microtask, its `update` one, an asynchronous one those of `await` more', async (t) => {
  const { runtime, save } = steps(t)
  const imported = await runtime.import('./module')
  const updates = updatesOf(runtime)
  save({ version: 2 })
  assert.equal(imported.exports, 'v2')
  assert.equal(updates.length, 0)
  await null
  assert.equal(updates.length, 1)
  const clean = async () => {}
  const run = async () => 'exports'
  save({ version: 3, isAsync: true, clean, run })
  await turn()
  const count = await microtasks(async () => {
    const done = new Promise((resolve) => runtime.once('update', resolve))
    save({ version: 4, isAsync: true, run })
    await done
  })
  const inJavaScript = await microtasks(async () => {
    let resolve
    const done = new Promise((it) => (resolve = it))
    ;(async () => {
      await clean()
      imported.exports = await run()
      await null
      resolve()
    })()
    await done
  })
  assert.equal(count, inJavaScript)
})

// [node-hmr 53]
test('a synchronous `clean` and `generate` cost no microtask', async (t) => {
  const { runtime, next } = steps(t)
  next({ version: 1, isAsync: true, run: async () => 'exports' })
  const count = await microtasks(() => runtime.import('./module'))
  assert.equal(count, await microtasks(async () => await (async () => 'exports')()))
  const again = await microtasks(() => runtime.import('./module'))
  assert.equal(again, count)
})

// [node-hmr 20, 24]
test('"Subclass overrides of these … are honoured": execute, clean, generate, cleanup', async (t) => {
  const { runtime, next, save, taken, log } = steps(t)
  class OwnRunner extends Runner {
    execute(values, emitUpdate) {
      log.push(`own execute ${values.by} ${typeof emitUpdate}`)
      return 'own exports'
    }
    clean(values, exports) {
      log.push(`own clean ${values.by} ${exports}`)
    }
  }
  class OwnAsyncRunner extends AsyncRunner {
    async execute() {
      return 'own async exports'
    }
  }
  class OwnPersist extends PersistManager {
    generate() {
      return { by: 'own' }
    }
    cleanup(values) {
      log.push(`own cleanup ${values.by}`)
    }
  }
  next({ version: 1, exported: () => hmr(new OwnPersist(), new OwnRunner()) })
  const imported = await runtime.import('./module')
  assert.equal(imported.exports, 'own exports')
  save({
    version: 2,
    exported: () => ({ persist: new OwnPersist(), runner: new OwnAsyncRunner(), updatePersistentValues: true })
  })
  await turn()
  assert.equal(imported.exports, 'own async exports')
  assert.deepEqual(taken(), [
    'v1 evaluate',
    'own execute own function',
    'v2 evaluate',
    'own clean own own exports',
    'own cleanup own'
  ])
})

test('an async `execute` of a subclass of Runner: the promise is the exports, also when it rejects at an update', async (t) => {
  const unhandled = nothingUnhandled(t)
  const printed = captureConsole(t)
  const { runtime, save } = steps(t)
  class Odd extends Runner {
    async execute() {
      throw 'too late'
    }
  }
  const imported = await runtime.import('./module')
  save({ version: 2, exported: (made) => ({ ...made, runner: new Odd() }) })
  await unhandled.check()
  assert.ok(imported.exports instanceof Promise)
  await assert.rejects(imported.exports, (thrown) => thrown === 'too late')
  assert.deepEqual(
    printed.lines.map(({ method, args }) => [method, args.at(-1)]),
    [['error', 'too late']]
  )
  save({ version: 3 })
  assert.equal(imported.exports, 'v3')
})

test("nested runtimes: a module's runner makes its own runtime and closes it in its cleanup", async (t) => {
  const { runtime, next, save, require, plan } = steps(t)
  const inner = []
  const outer = (version) => ({
    version,
    isAsync: true,
    run: async (values, emitUpdate) => {
      const own = { watcher: new ManualWatcher() }
      own.runtime = createRuntime(require, own.watcher)
      own.runtime.on('update', emitUpdate)
      inner.push(own)
      plan.isAsync = false
      delete plan.run
      own.imported = await own.runtime.import('./other')
      return () => `${version}+${own.imported.exports}`
    },
    clean: () => inner.at(-1).runtime.closeAll()
  })
  next(outer(1))
  const imported = await runtime.import('./module')
  const updates = updatesOf(runtime)
  assert.equal(imported.exports(), '1+o1')
  plan.version = 5
  inner[0].watcher.tell('./other')
  assert.equal(imported.exports(), '1+o5')
  await null
  assert.deepEqual(updates, ['./module'])
  save(outer(2))
  await turn()
  assert.equal(imported.exports(), '2+o2')
  assert.deepEqual(inner[0].watcher.watched, [])
})
