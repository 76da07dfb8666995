'use strict'

const { test } = require('node:test')
const { assert, createRunner, createRuntime, FSWatcher, hmr, last, steps, synthetic } = require('./support')

// [node-hmr 15]
test('"with `cache` given every call reaches the function"', () => {
  const calls = []
  const cache = { '/a': 'kept' }
  const made = synthetic((id) => calls.push(id), require, cache)
  assert.equal(made.cache, cache)
  assert.deepEqual([made('/a'), made('/a'), made('/b')], [1, 2, 3])
  assert.deepEqual(calls, ['/a', '/a', '/b'])
  assert.deepEqual(cache, { '/a': 'kept' }, "the cache is the caller's")
})

// [node-hmr 15]
test('"without one, results are kept by id in a cache of its own (`.cache`)"', () => {
  const calls = []
  const made = synthetic((id) => last(calls.push(id), id === 'undefined' ? undefined : { id }), require)
  const other = synthetic(() => 'other', require)
  assert.equal(made('a'), made('a'))
  assert.notEqual(made('a'), made('b'))
  assert.equal(made('undefined'), undefined)
  made('undefined')
  for (const id of ['__proto__', 'constructor', 'toString']) {
    assert.deepEqual(made(id), { id })
    assert.equal(made(id), made(id))
  }
  assert.deepEqual(calls, ['a', 'b', 'undefined', '__proto__', 'constructor', 'toString'])
  assert.equal(made.cache.a, made('a'))
  delete made.cache.a
  made('a')
  assert.equal(calls.at(-1), 'a')
  assert.notEqual(made.cache, other.cache)
  assert.notEqual(made.cache, require.cache)
  assert.equal(other('a'), 'other')
})

test('a result that is thrown is not kept, and is the very value', () => {
  let calls = 0
  const made = synthetic(() => {
    calls += 1
    if (calls < 3) throw 'not yet'
    return 'now'
  }, require)
  for (let call = 0; call < 2; call += 1)
    assert.throws(
      () => made('a'),
      (thrown) => thrown === 'not yet'
    )
  assert.equal(made('a'), 'now')
  assert.equal(made('a'), 'now')
  assert.equal(calls, 3)
})

// [node-hmr 16]
test('"`main` and `extensions` are those of `realRequire`, and so is `resolve` unless given"', () => {
  const made = synthetic(() => {}, require)
  assert.equal(made.main, require.main)
  assert.equal(made.extensions, require.extensions)
  assert.equal(made.resolve, require.resolve)
  const resolve = (id) => `/resolved/${id}`
  assert.equal(synthetic(() => {}, require, {}, resolve).resolve, resolve)
  assert.equal(synthetic(() => {}, require, undefined, resolve).resolve('a'), '/resolved/a')
  assert.deepEqual(Object.keys(made).sort(), ['cache', 'extensions', 'main', 'resolve'])
})

// [node-hmr 13]
test('it looks like a require function', () => {
  const made = synthetic(() => {}, require)
  assert.deepEqual([typeof made, made.name, made.length], ['function', 'require', 1])
})

test('a runtime and a watcher take it', async (t) => {
  const { require, watcher, save, file } = steps(t)
  const seen = []
  const made = synthetic(
    (path) => {
      seen.push(path)
      delete require.cache[path]
      return require(path)
    },
    require,
    require.cache
  )
  assert.ok(new FSWatcher(made))
  const imported = await createRuntime(made, watcher).import('./module')
  save({ version: 2 })
  assert.equal(imported.exports, 'v2')
  assert.deepEqual(seen, [file('module.js'), file('module.js')])
})

test('modules that the function makes itself, without any file', async (t) => {
  const { watcher } = steps(t)
  const { hmr, createRunner } = require('./support')
  let text = 'first'
  const made = synthetic(
    () =>
      hmr(
        null,
        createRunner(() => text)
      ),
    require,
    {},
    (id) => id
  )
  const imported = await createRuntime(made, watcher).import('virtual:module')
  assert.equal(imported.exports, 'first')
  text = 'second'
  watcher.tell('virtual:module')
  assert.equal(imported.exports, 'second')
})

test('"After a failed first import the file is evaluated afresh", also where the function gave `undefined`', async () => {
  for (const first of [undefined, null, 0, {}]) {
    let result = first
    const made = synthetic(
      () => result,
      require,
      undefined,
      (id) => `/resolved/${id}`
    )
    const runtime = createRuntime(made, false)
    await assert.rejects(runtime.import('a'), { message: 'Invalid hot module export for import a!' })
    result = hmr(
      null,
      createRunner(() => 42)
    )
    assert.equal((await runtime.import('a')).exports, 42)
  }
})
