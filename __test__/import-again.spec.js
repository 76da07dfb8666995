'use strict'

const { test } = require('node:test')
const { assert, createRuntime, deferred, nothingUnhandled, steps, turn, updatesOf } = require('./support')

// [node-hmr 39]
test('"A second `import` of an id: same object, clean then run again without re-evaluating the file"', async (t) => {
  const { runtime, taken, watcher, save } = steps(t)
  const updates = updatesOf(runtime)
  const first = await runtime.import('./module')
  assert.deepEqual(taken(), ['v1 evaluate', 'v1 generate', 'v1 run with v1'])
  const second = await runtime.import('./module')
  assert.equal(second, first)
  assert.deepEqual(taken(), ['v1 clean v1 of v1', 'v1 run with v1'])
  assert.deepEqual(watcher.calls, ['watch ./module'], '"one watch (mended)"')
  await runtime.import('./module')
  taken()
  save({ version: 2 })
  assert.deepEqual(taken(), ['v2 evaluate', 'v1 clean v1 of v1', 'v2 run with v1'], '"one update per later change"')
  await null
  assert.deepEqual(updates, ['./module'])
})

test('a second import keeps the values of a forced module, and gives what its runner throws', async (t) => {
  const { runtime, next, taken, save } = steps(t)
  let fails = false
  next({
    version: 1,
    force: true,
    run() {
      if (fails) throw 'not again'
      return 'ran'
    }
  })
  const imported = await runtime.import('./module')
  taken()
  fails = true
  await assert.rejects(runtime.import('./module'), (thrown) => thrown === 'not again')
  assert.deepEqual(taken(), ['v1 clean ran of v1', 'v1 run with v1'])
  assert.equal(imported.exports, 'ran')
  save({ version: 2 })
  assert.equal(imported.exports, 'v2')
  assert.deepEqual(taken(), ['v2 evaluate', 'v2 run with v1'], 'what was cleaned up is not cleaned up twice')
})

test('a second import works while the file is away', async (t) => {
  const { require, watcher, taken } = steps(t)
  let isAway = false
  const resolve = (id) => {
    if (isAway) throw new Error('away')
    return require.resolve(id)
  }
  const runtime = createRuntime(
    Object.assign((id) => require(id), { resolve, cache: require.cache }),
    watcher
  )
  const first = await runtime.import('./module')
  taken()
  isAway = true
  assert.equal(await runtime.import('./module'), first)
  assert.deepEqual(taken(), ['v1 clean v1 of v1', 'v1 run with v1'])
})

// [node-hmr 55]
test('"Simultaneous imports of one id do the work once (mended)": a synchronous module', async (t) => {
  const { runtime, taken } = steps(t)
  const [a, b, c] = await Promise.all([
    runtime.import('./module'),
    runtime.import('./module'),
    (async () => {
      await null
      return runtime.import('./module')
    })()
  ])
  assert.equal(a, b)
  assert.equal(a, c)
  assert.equal(taken().filter((line) => line === 'v1 evaluate').length, 1)
})

// [node-hmr 55]
test('"Simultaneous imports of one id do the work once (mended)": nothing is cleaned up or run a second time', async (t) => {
  const { runtime, taken } = steps(t)
  await Promise.all([runtime.import('./module'), runtime.import('./module'), runtime.import('./module')])
  assert.deepEqual(taken(), ['v1 evaluate', 'v1 generate', 'v1 run with v1'])
  await Promise.all([runtime.import('./module'), runtime.import('./module')])
  assert.deepEqual(taken(), ['v1 clean v1 of v1', 'v1 run with v1'])
  await runtime.import('./module')
  assert.deepEqual(taken(), ['v1 clean v1 of v1', 'v1 run with v1'])
})

// [node-hmr 55]
test('"Simultaneous imports of one id do the work once (mended)": an asynchronous module', async (t) => {
  const { runtime, next, taken } = steps(t)
  const end = deferred()
  next({ version: 1, isAsync: true, run: () => end.promise })
  const imports = [runtime.import('./module'), runtime.import('./module')]
  await turn()
  imports.push(runtime.import('./module'))
  end.resolve('done')
  const [a, b, c] = await Promise.all(imports)
  assert.equal(a, b)
  assert.equal(a, c)
  assert.equal(a.exports, 'done')
  assert.deepEqual(taken(), ['v1 evaluate', 'v1 generate', 'v1 run with v1'])
})

for (const isAsync of [false, true]) {
  // [node-hmr 55]
  test(`"Simultaneous imports of one id do the work once (mended)": they fail alike, ${isAsync ? 'async' : 'sync'}`, async (t) => {
    const unhandled = nothingUnhandled(t)
    const { runtime, next, taken, watcher } = steps(t)
    const thrown = { reason: 'of its own' }
    next({
      version: 1,
      isAsync,
      run: () => {
        if (isAsync) return Promise.reject(thrown)
        throw thrown
      }
    })
    const results = await Promise.allSettled([runtime.import('./module'), runtime.import('./module')])
    assert.deepEqual(
      results.map((result) => result.reason === thrown),
      [true, true]
    )
    assert.deepEqual(taken(), ['v1 evaluate', 'v1 generate', 'v1 run with v1'])
    assert.deepEqual(watcher.watched, [])
    next({ version: 2 })
    assert.equal((await runtime.import('./module')).exports, 'v2')
    await unhandled.check()
  })
}

// [node-hmr 41]
test('an import after unimport in the same turn is a new one', async (t) => {
  const { runtime, taken } = steps(t)
  const first = runtime.import('./module')
  runtime.unimport('./module')
  const second = runtime.import('./module')
  assert.notEqual(await first, await second)
  assert.deepEqual(taken(), [
    'v1 evaluate',
    'v1 generate',
    'v1 run with v1',
    'v1 persist cleanup of v1',
    'v1 evaluate',
    'v1 generate',
    'v1 run with v1'
  ])
})
