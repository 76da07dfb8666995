'use strict'

const { test } = require('node:test')
const {
  assert,
  captureConsole,
  createPersist,
  deferred,
  nothingUnhandled,
  PersistManager,
  steps,
  turn
} = require('./support')

// [node-hmr 8, 48]
test('"Persistent values: generated once, awaited"', async (t) => {
  const { runtime, next, save, taken } = steps(t)
  const values = deferred()
  next({ version: 1, generate: () => values.promise })
  const importing = runtime.import('./module')
  await turn()
  assert.deepEqual(taken(), ['v1 evaluate', 'v1 generate'])
  values.resolve({ by: 'promise' })
  await importing
  save({ version: 2 })
  save({ version: 3 })
  await runtime.import('./module')
  assert.deepEqual(
    taken().filter((line) => line.includes('run') || line.includes('generate')),
    ['v1 run with promise', 'v2 run with promise', 'v3 run with promise', 'v3 run with promise']
  )
})

test('any value may be the persistent values, by identity', async (t) => {
  const { runtime, next } = steps(t)
  for (const values of [undefined, null, 0, '', false, Symbol('values'), () => {}, new Map(), new Proxy({}, {})]) {
    const seen = []
    next({
      version: 1,
      generate: () => values,
      run: (given) => seen.push(given),
      persistCleanup: (given) => seen.push(given)
    })
    await runtime.import('./module')
    runtime.unimport('./module')
    assert.equal(seen.length, 2)
    assert.ok(seen.every((given) => Object.is(given, values)))
  }
})

// [node-hmr 48]
test('"on a forced update (the new version\'s flag decides)": clean with the old values, cleanup(old), generate', async (t) => {
  const { runtime, save, taken } = steps(t)
  await runtime.import('./module')
  taken()
  save({ version: 2, force: true })
  assert.deepEqual(taken(), [
    'v2 evaluate',
    'v1 clean v1 of v1',
    'v1 persist cleanup of v1',
    'v2 generate',
    'v2 run with v2'
  ])
  save({ version: 3 })
  assert.deepEqual(taken(), ['v3 evaluate', 'v2 clean v2 of v2', 'v3 run with v2'])
})

for (const [name, flags, forced] of [
  ['`updatePersistentValues?: boolean`', { updatePersistentValues: true }, true],
  ['"the README\'s spelling `updatePersistientValues` counts too (mended)"', { updatePersistientValues: true }, true],
  ['by truthiness', { updatePersistentValues: 'yes' }, true],
  ['neither', {}, false],
  ['falsy', { updatePersistentValues: 0, updatePersistientValues: '' }, false],
  ['one of them', { updatePersistentValues: false, updatePersistientValues: true }, true]
]) {
  // [node-hmr 20]
  test(`a hot module "written by hand" and its flag: ${name}`, async (t) => {
    const { runtime, save, taken } = steps(t)
    const imported = await runtime.import('./module')
    save({ version: 2, exported: ({ persist, runner }) => ({ persist, runner, ...flags }) })
    assert.equal(imported.exports, 'v2')
    assert.equal(taken().includes('v2 generate'), forced)
  })
}

test('a forced first import generates once and cleans nothing up', async (t) => {
  const { runtime, next, taken } = steps(t)
  next({ version: 1, force: true })
  await runtime.import('./module')
  assert.deepEqual(taken(), ['v1 evaluate', 'v1 generate', 'v1 run with v1'])
})

// [node-hmr 8]
test('the cleanups are awaited, one after the other', async (t) => {
  const { runtime, next, save, taken } = steps(t)
  const [clean, cleanup, generate] = [deferred(), deferred(), deferred()]
  next({ version: 1, clean: () => clean.promise, persistCleanup: () => cleanup.promise })
  await runtime.import('./module')
  taken()
  save({ version: 2, force: true, generate: () => generate.promise })
  await turn()
  assert.deepEqual(taken(), ['v2 evaluate', 'v1 clean v1 of v1'])
  clean.resolve()
  await turn()
  assert.deepEqual(taken(), ['v1 persist cleanup of v1'])
  cleanup.resolve()
  await turn()
  assert.deepEqual(taken(), ['v2 generate'])
  generate.resolve({ by: 'late' })
  await turn()
  assert.deepEqual(taken(), ['v2 run with late'])
})

// [node-hmr 48]
test('"the old version\'s `persist.cleanup(old)`": of the version that ran, whoever generated', async (t) => {
  const { runtime, save, taken } = steps(t)
  await runtime.import('./module')
  save({ version: 2 })
  taken()
  save({ version: 3, force: true })
  assert.deepEqual(taken(), [
    'v3 evaluate',
    'v2 clean v2 of v1',
    'v2 persist cleanup of v1',
    'v3 generate',
    'v3 run with v3'
  ])
})

// [node-hmr 19]
test('"Without `generate` the values are `{}`; without a cleanup nothing is done"', () => {
  for (const persist of [
    new PersistManager(),
    createPersist(),
    createPersist(undefined, undefined),
    createPersist(null, null)
  ]) {
    const [first, second] = [persist.generate(), persist.generate()]
    assert.deepEqual(first, {})
    assert.equal(Object.getPrototypeOf(first), Object.prototype)
    assert.notEqual(first, second)
    assert.equal(persist.cleanup(first), undefined)
  }
})

// [node-hmr 19]
test('"results are returned unchanged"', () => {
  const [values, done] = [{}, Promise.resolve()]
  const persist = createPersist(
    () => values,
    () => done
  )
  assert.equal(persist.generate(), values)
  assert.equal(persist.cleanup(values), done)
})

test('persistent values generated before a failed first import are kept for the next import', async (t) => {
  const { runtime, next, taken, watcher } = steps(t)
  next({
    version: 1,
    run() {
      throw 'not yet'
    }
  })
  await assert.rejects(runtime.import('./module'), (thrown) => thrown === 'not yet')
  assert.deepEqual(watcher.watched, [])
  taken()
  next({ version: 2 })
  const imported = await runtime.import('./module')
  assert.equal(imported.exports, 'v2')
  assert.deepEqual(taken(), ['v2 evaluate', 'v2 run with v1'])
})

test('… and unimport cleans them up', async (t) => {
  const { runtime, next, taken } = steps(t)
  next({
    version: 1,
    run() {
      throw 'not yet'
    }
  })
  await runtime.import('./module').catch(() => {})
  taken()
  runtime.unimport('./module')
  assert.deepEqual(taken(), ['v1 persist cleanup of v1'])
  runtime.unimport('./module')
  assert.deepEqual(taken(), [])
})

// [node-hmr 62]
test('"`generate` (forced or first) throws or rejects": "reported; the module stays usable; the next good save works"', async (t) => {
  const unhandled = nothingUnhandled(t)
  const printed = captureConsole(t)
  const { runtime, save, taken } = steps(t)
  const imported = await runtime.import('./module')
  taken()
  for (const generate of [
    () => {
      throw 'no values'
    },
    () => Promise.reject('no values')
  ]) {
    save({ version: 2, force: true, generate })
    await turn()
    assert.equal(imported.exports, 'v1', 'the last good version generates anew and runs')
    assert.deepEqual(taken().slice(-3), ['v2 generate', 'v1 generate', 'v1 run with v1'])
    assert.deepEqual(
      printed.taken().map(({ method }) => method),
      ['error', 'warn']
    )
  }
  save({ version: 3 })
  assert.equal(imported.exports, 'v3')
  assert.deepEqual(taken(), ['v3 evaluate', 'v1 clean v1 of v1', 'v3 run with v1'])
  await unhandled.check()
})

// [node-hmr 59]
test('after a forced update whose runner failed, the last good version runs "with the values now in force"', async (t) => {
  captureConsole(t)
  const { runtime, save, taken } = steps(t)
  const imported = await runtime.import('./module')
  taken()
  save({
    version: 2,
    force: true,
    run() {
      throw 'fails'
    }
  })
  assert.deepEqual(taken(), [
    'v2 evaluate',
    'v1 clean v1 of v1',
    'v1 persist cleanup of v1',
    'v2 generate',
    'v2 run with v2',
    'v1 run with v2'
  ])
  assert.equal(imported.exports, 'v1')
})
