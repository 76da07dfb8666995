'use strict'

const { test } = require('node:test')
const {
  assert,
  captureConsole,
  createRuntime,
  deferred,
  microtasks,
  node,
  nothingUnhandled,
  scenario,
  steps,
  turn,
  updatesOf
} = require('./support')

// [node-hmr 11]
test('`runtime.import(id): Promise<{ exports }>`', async (t) => {
  const { runtime } = steps(t)
  const promise = runtime.import('./module')
  assert.ok(promise instanceof Promise)
  const imported = await promise
  assert.deepEqual(imported, { exports: 'v1' })
  assert.deepEqual(Object.keys(imported), ['exports'])
})

// [node-hmr 52]
test('`update` is emitted "after an update (not after the first import)"', async (t) => {
  const { runtime, save } = steps(t)
  const updates = updatesOf(runtime)
  await runtime.import('./module')
  assert.deepEqual(updates, [])
  save({ version: 2 })
  await null
  assert.deepEqual(updates, ['./module'])
})

// [node-hmr 33]
test('"the custom `require` is called with the **resolved** path"', async (t) => {
  const it = steps(t)
  const required = []
  const custom = Object.assign(
    (id) => {
      required.push(id)
      return it.require(id)
    },
    { resolve: it.require.resolve, cache: it.require.cache }
  )
  const runtime = createRuntime(custom, it.watcher)
  await runtime.import('./module')
  assert.deepEqual(required, [it.file('module.js')])
  assert.deepEqual(it.watcher.watched, ['./module'], '"`watch(id)` and `update` carry the id as the caller wrote it"')
})

// [node-hmr 34]
test('"`./m` and `./m.js` are two modules"', async (t) => {
  const { runtime, taken, watcher, save } = steps(t)
  const [short, long] = [await runtime.import('./module'), await runtime.import('./module.js')]
  assert.notEqual(short, long)
  assert.deepEqual(
    taken().filter((line) => line.endsWith('generate')),
    ['v1 generate', 'v1 generate']
  )
  assert.deepEqual(watcher.watched, ['./module', './module.js'])
  save({ version: 2 }, './module')
  assert.deepEqual([short.exports, long.exports], ['v2', 'v1'])
  save({ version: 3 }, './module.js')
  assert.deepEqual([short.exports, long.exports], ['v2', 'v3'])
})

// [node-hmr 36]
test('"A module imported by name is treated like any other, also below `node_modules`"', async (t) => {
  const { runtime, save, edit, watcher, taken, require } = steps(t)
  edit('node_modules/dependency/package.json', '{ "main": "index.js" }')
  edit('node_modules/dependency/index.js', "require('./inner'); module.exports = require('../../hot')('d')")
  edit('node_modules/dependency/inner.js', "require('../../log').push('inner evaluate')")
  const imported = await runtime.import('dependency')
  assert.deepEqual(watcher.watched, ['dependency'])
  save({ version: 2 }, 'dependency')
  assert.equal(imported.exports, 'd2')
  assert.equal(
    taken().filter((line) => line === 'inner evaluate').length,
    1,
    '"only what it requires there is left alone"'
  )
  assert.ok(require.cache[require.resolve('dependency')])
})

// [node-hmr 37]
test('"The object that `import` resolves with stays the same across updates, failures and a second `import`"', async (t) => {
  captureConsole(t)
  const { runtime, save } = steps(t)
  const imported = await runtime.import('./module')
  save({ version: 2 })
  assert.equal(await runtime.import('./module'), imported)
  save({
    version: 3,
    run() {
      throw new Error('fails')
    }
  })
  assert.equal(await runtime.import('./module'), imported)
  save({ version: 4 })
  assert.equal(await runtime.import('./module'), imported)
  assert.equal(imported.exports, 'v4', '"only its `exports` changes"')
})

for (const [name, thrown] of [
  ['an Error', new Error('thrown')],
  ['"text"', 'text'],
  ['undefined', undefined],
  ['null', null],
  ['a number', 7],
  ['a symbol', Symbol('thrown')],
  ['a bigint', 10n],
  ['a frozen object', Object.freeze({ frozen: true })],
  ['a frozen error', Object.freeze(new TypeError('frozen'))],
  ['a function', () => {}],
  [
    'a hostile proxy',
    new Proxy(
      {},
      {
        get: () => {
          throw new Error('no getting')
        },
        getPrototypeOf: () => {
          throw new Error('no prototype')
        }
      }
    )
  ],
  ['a promise', Promise.resolve(1)]
]) {
  for (const step of ['evaluate', 'generate', 'run', 'async run', 'async generate']) {
    // [node-hmr 38, 40, 59, 62, 63]
    test(`"Errors and thrown values reach the caller unchanged": ${step} gives ${name}`, async (t) => {
      const unhandled = nothingUnhandled(t)
      const printed = captureConsole(t)
      const { runtime, next, watcher } = steps(t)
      const isAsync = step.startsWith('async ')
      next({
        version: 1,
        isAsync: step === 'async run',
        [isAsync ? step.slice(6) : step]: isAsync
          ? () => Promise.reject(thrown)
          : () => {
              throw thrown
            }
      })
      const result = await runtime.import('./module').then(
        () => ({ fulfilled: true }),
        (reason) => ({ reason })
      )
      assert.ok('reason' in result)
      assert.ok(Object.is(result.reason, thrown))
      assert.deepEqual(printed.lines, [], '"the caller has the error, nothing more is printed"')
      assert.deepEqual(watcher.watched, [], '"A failed first import leaves nothing watched"')
      assert.equal(watcher.listenerCount('update'), 0)
      await unhandled.check()
      next({ version: 2 })
      assert.equal(
        (await runtime.import('./module')).exports,
        'v2',
        '"After a failed first import the file is evaluated afresh"'
      )
    })
  }
}

// [node-hmr 38]
test('"exports pass by identity"', async (t) => {
  const { runtime, next, save } = steps(t)
  for (const value of [{}, [], () => {}, Symbol('exports'), null, undefined, 0, -0, NaN, '', 5n, new Proxy({}, {})]) {
    next({ version: 1, run: () => value })
    const imported = await runtime.import('./module')
    assert.ok(Object.is(imported.exports, value))
    const second = { another: 'value' }
    save({ version: 2, run: () => second })
    assert.equal(imported.exports, second)
    runtime.unimport('./module')
  }
})

// [node-hmr 64]
test('"A rejected `import()` that nobody handles stays an unhandled rejection"', async (t) => {
  const { dir, edit } = scenario(t, 'steps')
  edit(
    'main.js',
    `const { createRuntime } = require('@upvotr/node-hmr')
     Object.assign(require('./plan'), { run() { throw new Error('nobody cares') } })
     createRuntime(require, false).import('./module')
     process.on('unhandledRejection', (reason) => console.log('unhandled', reason.message))`
  )
  const { stdout, stderr, code } = await node(['main.js'], { cwd: dir })
  assert.deepEqual({ stdout, stderr, code }, { stdout: 'unhandled nobody cares\n', stderr: '', code: 0 })
})

// [node-hmr 54]
test('"A runner may import through the same runtime: no deadlock"', async (t) => {
  const { runtime, next, taken } = steps(t)
  next({
    version: 1,
    isAsync: true,
    run: async () => {
      next({ version: 1 })
      const other = await runtime.import('./other')
      return `with ${other.exports}`
    }
  })
  const imported = await runtime.import('./module')
  assert.equal(imported.exports, 'with o1')
  assert.deepEqual(taken(), [
    'v1 evaluate',
    'v1 generate',
    'v1 run with v1',
    'o1 evaluate',
    'o1 generate',
    'o1 run with o1'
  ])
})

for (const way of ['./a', './b']) {
  // [node-hmr 54]
  test(`modules that import each other get the exports object as it is, like \`require\`: from ${way}`, async (t) => {
    const { require } = scenario(t, 'circle')
    const runtime = createRuntime(require, false)
    require('./partner').runtime = runtime
    const first = await runtime.import(way)
    const other = way === './a' ? './b' : './a'
    assert.equal(first.exports.other.exports.name, other)
    assert.equal(first.exports.other.exports.other, first)
  })
}

for (const callback of ['run', 'generate', 'clean', 'persistCleanup']) {
  // [node-hmr 54]
  test(`a module that imports itself in \`${callback}\` does not wait for ever`, async (t) => {
    const { runtime, next, save } = steps(t)
    let own
    next({
      version: 1,
      isAsync: true,
      [callback]: async () => {
        own = await runtime.import('./module')
        return { by: 'itself' }
      }
    })
    const imported = await runtime.import('./module')
    save({ version: 2, force: true })
    await turn()
    assert.equal(own, imported)
    assert.equal(imported.exports, 'v2')
  })
}

test('a callback that cannot be called leaves the imports of other modules in order', async (t) => {
  captureConsole(t)
  const { runtime, next, save, watcher } = steps(t)
  next({ version: 1 })
  await runtime.import('./other')
  const inside = deferred()
  next({
    version: 1,
    isAsync: true,
    run: async () => {
      await inside.promise
      return runtime.import('./module')
    }
  })
  const importing = runtime.import('./module')
  save(
    {
      version: 2,
      exported: (made) => Object.assign(made, { runner: Object.assign(made.runner, { execute: 'no function' }) })
    },
    './other'
  )
  inside.resolve()
  const imported = await importing
  assert.equal(imported.exports, imported)
  assert.deepEqual(watcher.watched, ['./other', './module'])
})

test('ids are taken as they are: any Unicode, `__proto__`, `constructor`, a path with a NUL-free blank', async (t) => {
  const it = steps(t)
  const ids = [
    '__proto__',
    'constructor',
    'hasOwnProperty',
    'toString',
    '',
    ' ',
    '%s %d %o',
    'naïve ☃ 𝒳 é',
    '\u202e',
    'line\nbreak',
    '\ud800 alone'
  ]
  const seen = []
  const custom = Object.assign(
    (id) => {
      seen.push(id)
      return it.require('./module')
    },
    { resolve: (id) => id, cache: Object.create(null) }
  )
  const runtime = createRuntime(custom, it.watcher)
  const updates = updatesOf(runtime)
  const objects = new Set()
  for (const id of ids) {
    objects.add(await runtime.import(id))
    assert.equal(await runtime.import(id), [...objects].at(-1))
    it.watcher.tell(id)
  }
  await null
  assert.equal(objects.size, ids.length)
  assert.equal(updates.length, ids.length)
  assert.deepEqual(updates.slice(0, -1), ids.slice(0, -1))
  for (const id of ids) runtime.unimport(id)
  assert.deepEqual(it.watcher.watched, [])
  assert.equal(it.watcher.listenerCount('update'), 0)
})

// [node-hmr 1, 44]
test('"Two runtimes share nothing"', async (t) => {
  const { runtime, require, watcher, taken, save } = steps(t)
  const second = createRuntime(require, watcher)
  const [a, b] = [await runtime.import('./module'), await second.import('./module')]
  assert.notEqual(a, b)
  assert.deepEqual(taken(), [
    'v1 evaluate',
    'v1 generate',
    'v1 run with v1',
    'v1 evaluate',
    'v1 generate',
    'v1 run with v1'
  ])
  save({ version: 2 })
  assert.deepEqual([a.exports, b.exports], ['v2', 'v2'], '"One watcher may serve two runtimes"')
  runtime.unimport('./module')
  save({ version: 3 })
  assert.deepEqual([a.exports, b.exports], ['v2', 'v3'])
})

// [node-hmr 53]
test('"Synchronous steps take no more microtasks than in JavaScript"', async (t) => {
  const { runtime, next } = steps(t)
  const plain = async () => ({ exports: 1 })
  next({ version: 1 })
  assert.equal(await microtasks(() => runtime.import('./module')), await microtasks(plain))
  assert.equal(await microtasks(() => runtime.import('./module')), await microtasks(plain), 'a second import')
})

test('asynchronous steps take the microtasks of `await`', async (t) => {
  const { runtime, next } = steps(t)
  const values = async () => ({ by: 'async' })
  const run = async () => 'exports'
  next({ version: 1, isAsync: true, generate: values, run })
  const inJavaScript = async () => {
    await values()
    return { exports: await run() }
  }
  assert.equal(await microtasks(() => runtime.import('./module')), await microtasks(inJavaScript))
  const again = async () => ({ exports: await run() })
  assert.equal(await microtasks(() => runtime.import('./module')), await microtasks(again))
})

test('a thousand modules', async (t) => {
  const it = steps(t)
  const ids = Array.from({ length: 1000 }, (_, index) => `./many/${index}`)
  for (const id of ids) it.edit(`${id}.js`, `module.exports = require('../hot')('m${id.slice(7)}-')`)
  const imported = await Promise.all(ids.map((id) => it.runtime.import(id)))
  assert.equal(imported[999].exports, 'm999-1')
  assert.equal(it.watcher.listenerCount('update'), 1)
  it.plan.version = 2
  it.watcher.tell(...ids)
  assert.ok(imported.every((module, index) => module.exports === `m${index}-2`))
  for (const id of ids) it.runtime.unimport(id)
  assert.equal(it.watcher.listenerCount('update'), 0)
})
