'use strict'

const { test, describe } = require('node:test')
const { assert, captureConsole, hmr, HMRRuntime, nothingUnhandled, steps, turn, updatesOf } = require('./support')

const hostile = () =>
  new Proxy(
    {},
    Object.fromEntries(
      ['get', 'has', 'getPrototypeOf', 'ownKeys', 'getOwnPropertyDescriptor', 'set', 'apply'].map((trap) => [
        trap,
        () => {
          throw `trap ${trap}`
        }
      ])
    )
  )
const throwingGetter = (name, others = {}) =>
  Object.defineProperty({ ...others }, name, {
    enumerable: true,
    get() {
      throw `getter of ${name}`
    }
  })
const thrower = (thrown) => () => {
  throw thrown
}

/** Ways to fail that give the thrown value to whoever called. */
const thrown = [
  ['an Error', new Error('thrown')],
  ['a string', 'thrown'],
  ['undefined', undefined],
  ['null', null],
  ['zero', 0],
  ['a symbol', Symbol('thrown')],
  ['a frozen object', Object.freeze({})],
  ['a hostile proxy', hostile()],
  ['a getter of `stack` that throws', throwingGetter('stack')],
  ['an Error with a symbol for a message', Object.assign(new Error('odd'), { message: Symbol('message') })]
]
const ways = []
for (const [name, value] of thrown) {
  ways.push([`throw ${name}`, thrower(value), value], [`reject with ${name}`, () => Promise.reject(value), value])
}
ways.push(
  ['reject with nothing', () => Promise.reject(), undefined],
  ['a thenable that rejects', () => ({ then: (_, reject) => reject('thenable') }), 'thenable'],
  ['a thenable that throws', () => ({ then: thrower('then throws') }), 'then throws'],
  ['a getter of `then` that throws', () => throwingGetter('then'), 'getter of then']
)

/** For each step, the version that fails in it, and what follows. */
const atStep = {
  evaluate: { version: (fail) => ({ evaluate: fail }), loads: false, onlySync: true },
  generate: { version: (fail) => ({ force: true, generate: fail }) },
  run: { version: (fail) => ({ isAsync: true, run: fail }) },
  'run of a Runner': { version: (fail) => ({ run: fail }), onlySync: true }
}

// [node-hmr 65]
describe('"What fails at an update" never ends the process, and the next good save is taken', () => {
  for (const [step, { version, loads = true, onlySync = false }] of Object.entries(atStep)) {
    for (const [way, fail, value] of ways) {
      if (onlySync && !way.startsWith('throw ')) continue
      // [node-hmr 58, 59, 92]
      test(`${step}: ${way}`, async (t) => {
        const unhandled = nothingUnhandled(t)
        const printed = captureConsole(t)
        const { runtime, save } = steps(t)
        const imported = await runtime.import('./module')
        const updates = updatesOf(runtime)
        save({ version: 2, ...version(fail) })
        await turn()
        assert.equal(imported.exports, 'v1')
        const [error, warning, ...rest] = printed.taken()
        assert.deepEqual([error.method, warning.method, rest.length], ['error', 'warn', 0])
        assert.ok(
          error.args.some((arg) => Object.is(arg, value)),
          'the very value is reported'
        )
        assert.match(String(error.args[0]), /\.\/module/)
        assert.match(warning.text, /\.\/module: using the last good version/)
        assert.deepEqual(updates, loads ? ['./module'] : [], 'an update that cannot be evaluated emits nothing')
        save({ version: 3 })
        assert.equal(imported.exports, 'v3')
        assert.deepEqual(printed.taken(), [])
        await unhandled.check()
      })
    }
  }
})

// [node-hmr 61]
describe('"the runner\'s or the persistent cleanup throws or rejects": "reported, and the update goes on with the new version"', () => {
  for (const step of ['clean', 'persistCleanup']) {
    for (const [way, fail, value] of ways) {
      test(`${step}: ${way}`, async (t) => {
        const unhandled = nothingUnhandled(t)
        const printed = captureConsole(t)
        const { runtime, next, save } = steps(t)
        next({ version: 1, [step]: fail })
        const imported = await runtime.import('./module')
        save({ version: 2, force: true })
        await turn()
        assert.equal(imported.exports, 'v2')
        const [error, ...rest] = printed.taken()
        assert.deepEqual([error.method, rest.length], ['error', 0])
        assert.ok(error.args.some((arg) => Object.is(arg, value)))
        save({ version: 3 })
        assert.equal(imported.exports, 'v3')
        assert.deepEqual(printed.taken(), [])
        await unhandled.check()
      })
    }
  }
})

// [node-hmr 21, 22, 46, 58]
describe('"Anything else, primitives and null included" is an invalid hot module', () => {
  const { Runner, PersistManager, AsyncRunner } = require('..')
  const persist = new PersistManager()
  const runner = new Runner(() => 'never')
  const lookAlike = { execute: () => 'look-alike', clean() {}, generate: () => ({}), cleanup() {} }
  const rubbish = [
    ['undefined', undefined],
    ['null', null],
    ['a number', 7],
    ['a string', 'text'],
    ['a symbol', Symbol('export')],
    ['an empty object', {}],
    ['a function', () => {}],
    ['a class', class {}],
    ['a runner alone', runner],
    ['a persist manager alone', persist],
    ['no persist', { runner }],
    ['no runner', { persist }],
    ['null persist', { persist: null, runner }],
    ['a primitive runner', { persist, runner: 'runner' }],
    ['a class for a runner', { persist, runner: Runner }],
    ['swapped', { persist: runner, runner: persist }],
    ['a runner that looks alike: "an object that merely has `execute` and `clean`"', { persist, runner: lookAlike }],
    ['a persist that looks alike', { persist: lookAlike, runner }],
    ['an ES module of one', { __esModule: true, default: { persist, runner } }],
    ['a promise of one', Promise.resolve({ persist, runner })],
    ['hmr(…) with a look-alike for a runner', hmr(persist, lookAlike)]
  ]
  for (const [name, value] of rubbish) {
    test(`at the first import and at an update: ${name}`, async (t) => {
      const unhandled = nothingUnhandled(t)
      const printed = captureConsole(t)
      const { runtime, next, save, watcher } = steps(t)
      const message = 'Invalid hot module export for import ./module!'
      next({ version: 1, exported: () => value })
      await assert.rejects(runtime.import('./module'), (error) => {
        assert.ok(error instanceof TypeError)
        assert.equal(error.message, message)
        return true
      })
      assert.deepEqual(watcher.watched, [])
      next({ version: 1 })
      const imported = await runtime.import('./module')
      assert.deepEqual(printed.lines, [])
      save({ version: 2, exported: () => value })
      const [error, warning] = printed.taken()
      assert.deepEqual([error.method, error.args.at(-1).message, warning.method], ['error', message, 'warn'])
      assert.equal(imported.exports, 'v1')
      save({ version: 3 })
      assert.equal(imported.exports, 'v3')
      await unhandled.check()
    })
  }

  // [node-hmr 23]
  test('an AsyncRunner is a runner, but no Runner, and the other way round', () => {
    assert.equal(new AsyncRunner(() => {}) instanceof Runner, false)
    assert.equal(new Runner(() => {}) instanceof AsyncRunner, false)
  })
})

describe('exports that throw when they are looked at', () => {
  const { Runner, PersistManager } = require('..')
  const parts = { persist: new PersistManager(), runner: new Runner(() => 'never') }
  for (const [name, make, value] of [
    ['a hostile proxy', hostile, 'trap get'],
    ['a getter of runner', () => throwingGetter('runner', parts), 'getter of runner'],
    ['a getter of persist', () => throwingGetter('persist', parts), 'getter of persist'],
    ['a getter of the flag', () => throwingGetter('updatePersistentValues', parts), 'getter of updatePersistentValues'],
    ['a hostile runner', () => ({ ...parts, runner: hostile() }), 'trap getPrototypeOf'],
    ['a hostile persist', () => ({ ...parts, persist: hostile() }), 'trap getPrototypeOf'],
    [
      'a revoked proxy',
      () => {
        const { proxy, revoke } = Proxy.revocable({}, {})
        revoke()
        return proxy
      }
    ]
  ]) {
    test(name, async (t) => {
      const unhandled = nothingUnhandled(t)
      const printed = captureConsole(t)
      const { runtime, next, save } = steps(t)
      next({ version: 1, exported: make })
      await assert.rejects(runtime.import('./module'), (error) => value === undefined || error === value)
      next({ version: 1 })
      const imported = await runtime.import('./module')
      save({ version: 2, exported: make })
      assert.deepEqual(
        printed.taken().map(({ method }) => method),
        ['error', 'warn']
      )
      assert.equal(imported.exports, 'v1')
      save({ version: 3 })
      assert.equal(imported.exports, 'v3')
      await unhandled.check()
    })
  }

  for (const [method, replacement] of [
    ['execute', 'no function'],
    ['execute', undefined],
    ['clean', 7],
    ['clean', null]
  ]) {
    test(`a runner whose ${method} is ${String(replacement)}`, async (t) => {
      const unhandled = nothingUnhandled(t)
      const printed = captureConsole(t)
      const { runtime, save } = steps(t)
      const imported = await runtime.import('./module')
      save({
        version: 2,
        exported: (made) => Object.assign(made, { runner: Object.assign(made.runner, { [method]: replacement }) })
      })
      assert.equal(imported.exports, method === 'execute' ? 'v1' : 'v2')
      save({ version: 3 })
      assert.equal(imported.exports, 'v3')
      assert.equal(printed.of('error').length, 1)
      assert.ok(printed.of('error')[0].args.at(-1) instanceof TypeError)
      await unhandled.check()
    })
  }
})

// [node-hmr 59, 68]
test('"the last good runner runs again with the values now in force, its result becomes `exports`"', async (t) => {
  const printed = captureConsole(t)
  const { runtime, next, save, taken } = steps(t)
  let runs = 0
  next({ version: 1, run: () => `run ${++runs}` })
  const imported = await runtime.import('./module')
  taken()
  save({ version: 2, run: thrower('fails') })
  assert.equal(imported.exports, 'run 2')
  assert.deepEqual(taken(), ['v2 evaluate', 'v1 clean run 1 of v1', 'v2 run with v1', 'v1 run with v1'])
  assert.deepEqual(
    printed.taken().map(({ method }) => method),
    ['error', 'warn'],
    '"the fallback warning is a message of its own, after the error\'s"'
  )
  save({ version: 3, run: thrower('fails as well') })
  assert.equal(imported.exports, 'run 3')
  assert.deepEqual(taken(), ['v3 evaluate', 'v1 clean run 2 of v1', 'v3 run with v1', 'v1 run with v1'])
})

// [node-hmr 60]
test('"… and the last good version fails too": "reported; the old `exports` stay"', async (t) => {
  const unhandled = nothingUnhandled(t)
  const printed = captureConsole(t)
  const { runtime, next, save } = steps(t)
  let runs = 0
  next({
    version: 1,
    run() {
      if (++runs > 1) throw 'only once'
      return 'first'
    }
  })
  const imported = await runtime.import('./module')
  const updates = updatesOf(runtime)
  save({ version: 2, run: thrower('fails') })
  assert.equal(imported.exports, 'first')
  assert.deepEqual(
    printed.of('error').map(({ args }) => args.at(-1)),
    ['fails', 'only once']
  )
  await null
  assert.deepEqual(updates, [])
  save({ version: 3 })
  assert.equal(imported.exports, 'v3')
  await null
  assert.deepEqual(updates, ['./module'])
  await unhandled.check()
})

describe('a step that never settles delays only its own module', () => {
  const never = () => new Promise(() => {})
  for (const [step, first, second] of [
    ['clean', { clean: never }, {}],
    ['persistCleanup', { persistCleanup: never }, { force: true }],
    ['generate', {}, { force: true, generate: never }],
    ['run', {}, { isAsync: true, run: never }]
  ]) {
    test(step, async (t) => {
      const unhandled = nothingUnhandled(t)
      const printed = captureConsole(t)
      const { runtime, next, save, watcher, taken } = steps(t)
      next({ version: 1, ...first })
      const imported = await runtime.import('./module')
      next({ version: 1 })
      const other = await runtime.import('./other')
      save({ version: 2, ...second })
      await turn()
      assert.equal(imported.exports, 'v1')
      save({ version: 3 }, './other')
      assert.equal(other.exports, 'o3')
      runtime.unimport('./module')
      assert.deepEqual(watcher.watched, ['./other'])
      next({ version: 4 })
      taken()
      assert.equal((await runtime.import('./module')).exports, 'v4', 'unimport is the way out')
      assert.deepEqual(taken(), ['v4 evaluate', 'v4 generate', 'v4 run with v4'])
      assert.deepEqual(printed.lines, [])
      await unhandled.check()
    })
  }
})

test('a console that throws does not fail the update that speaks', async (t) => {
  const unhandled = nothingUnhandled(t)
  captureConsole(t)
  for (const method of ['log', 'warn', 'error']) console[method] = thrower(`console.${method}`)
  HMRRuntime.setLogging(true)
  t.after(() => HMRRuntime.setLogging(false))
  const { runtime, save } = steps(t)
  const imported = await runtime.import('./module')
  save({ version: 2, run: thrower('fails') })
  save({ version: 3 })
  assert.equal(imported.exports, 'v3')
  await unhandled.check()
})

test('an error that the console cannot show is named all the same', async (t) => {
  const { runtime, save } = steps(t)
  await runtime.import('./module')
  const lines = []
  captureConsole(t)
  console.error = (...args) => lines.push(require('node:util').format(...args))
  const unspeakable = Object.defineProperty({}, require('node:util').inspect.custom, {
    value: thrower('no inspecting')
  })
  save({ version: 2, run: thrower(unspeakable) })
  assert.equal(lines.length, 1)
  assert.match(lines[0], /\.\/module: the runner failed/)
})
