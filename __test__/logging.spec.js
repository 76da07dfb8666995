'use strict'

const { test, beforeEach } = require('node:test')
const { assert, captureConsole, HMRRuntime, node, scenario, steps } = require('./support')

const fails = () => {
  throw new Error('fails')
}

beforeEach(() => {
  HMRRuntime.setLogging(false)
  HMRRuntime.suppressWarnings(false)
})

// [node-hmr 69]
test('"For code that works, with logging off, nothing is printed"', async (t) => {
  const { dir, edit } = scenario(t, 'steps')
  edit(
    'main.js',
    `const { createRuntime, Watcher } = require('@upvotr/node-hmr')
     class Manual extends Watcher { watch() { return () => {} } }
     const watcher = new Manual()
     const runtime = createRuntime(require, watcher)
     runtime.import('./module').then(async () => {
       Object.assign(require('./plan'), { version: 2, isAsync: true, force: true })
       watcher.emit('update', './module')
       await runtime.import('./module')
       runtime.unimport('./module')
       runtime.closeAll()
     })`
  )
  assert.deepEqual(await node(['main.js'], { cwd: dir }), { code: 0, signal: null, stdout: '', stderr: '' })
})

// [node-hmr 67, 68]
test('"`setLogging(true)` logs one line per update, which names the module by its id as written"', async (t) => {
  const printed = captureConsole(t)
  const { runtime, save } = steps(t)
  HMRRuntime.setLogging(true)
  await runtime.import('./module')
  assert.deepEqual(printed.lines, [], 'the first import is no update')
  for (let version = 2; version < 5; version += 1) {
    save({ version })
    const lines = printed.taken()
    assert.deepEqual(
      lines.map(({ method }) => method),
      ['log'],
      '"Updates go through `console.log`"'
    )
    assert.match(lines[0].text, /\.\/module(?!\.js)/)
    assert.equal(lines[0].text.split('\n').length, 1)
  }
  HMRRuntime.setLogging(false)
  save({ version: 6 })
  assert.deepEqual(printed.lines, [])
})

// [node-hmr 68]
test('"warnings through `console.warn`, errors through `console.error`", and no line of the log that repeats them', async (t) => {
  const printed = captureConsole(t)
  const { runtime, save } = steps(t)
  HMRRuntime.setLogging(true)
  await runtime.import('./module')
  save({ version: 2, run: fails })
  assert.deepEqual(
    printed
      .taken()
      .map(({ method }) => method)
      .sort(),
    ['error', 'warn']
  )
  save({ version: 2, evaluate: fails })
  assert.deepEqual(
    printed
      .taken()
      .map(({ method }) => method)
      .sort(),
    ['error', 'warn']
  )
})

// [node-hmr 66]
test('"`suppressWarnings(true)` silences warnings, not errors"', async (t) => {
  const printed = captureConsole(t)
  const { runtime, save } = steps(t)
  await runtime.import('./module')
  HMRRuntime.suppressWarnings(true)
  for (const changes of [
    { evaluate: fails },
    { run: fails },
    { exported: () => 7 },
    { force: true, generate: fails }
  ]) {
    save({ version: 2, ...changes })
    assert.deepEqual(
      printed.taken().map(({ method }) => method),
      ['error']
    )
  }
  HMRRuntime.suppressWarnings(false)
  save({ version: 2, run: fails })
  assert.deepEqual(
    printed.taken().map(({ method }) => method),
    ['error', 'warn']
  )
})

test('ids are shown as they are, whatever `console` would make of `%`', async (t) => {
  const printed = captureConsole(t)
  const { runtime, edit, save } = steps(t)
  HMRRuntime.setLogging(true)
  const ids = ['./100%s', './%o%d%%', './%c', './plain % blank']
  for (const id of ids) {
    edit(`${id}.js`, "module.exports = require('./hot')('p')")
    save({ version: 1 })
    const imported = await runtime.import(id)
    save({ version: 2, run: fails }, id)
    assert.equal(imported.exports, 'p1')
    const lines = printed.taken()
    assert.deepEqual(lines.map(({ method }) => method).sort(), ['error', 'warn'])
    for (const { text } of lines) assert.ok(text.includes(id), `${text.split('\n')[0]} shows ${id}`)
    assert.match(lines.find(({ method }) => method === 'error').text, /Error: fails\n +at /)
  }
})

test('the console is the one of the moment', async (t) => {
  const { runtime, save } = steps(t)
  await runtime.import('./module')
  const first = captureConsole(t)
  save({ version: 2, run: fails })
  const second = captureConsole(t)
  save({ version: 3, run: fails })
  assert.deepEqual([first.lines.length, second.lines.length], [2, 2])
})

test('colours only where they are wanted', async (t) => {
  const { dir, edit } = scenario(t, 'steps')
  edit(
    'main.js',
    `const { createRuntime, Watcher, HMRRuntime } = require('@upvotr/node-hmr')
     class Manual extends Watcher { watch() { return () => {} } }
     const watcher = new Manual()
     HMRRuntime.setLogging(true)
     createRuntime(require, watcher).import('./module').then(() => watcher.emit('update', './module'))`
  )
  const { FORCE_COLOR, NO_COLOR, ...env } = process.env
  const plain = await node(['main.js'], { cwd: dir, env })
  const forced = await node(['main.js'], { cwd: dir, env: { ...env, FORCE_COLOR: '1' } })
  const refused = await node(['main.js'], { cwd: dir, env: { ...env, NO_COLOR: '1' } })
  assert.deepEqual(
    [plain, forced, refused].map(({ stdout }) => stdout.includes('\u001b[')),
    [false, true, false]
  )
})

test('"a module whose runner never settles" is said after some seconds, with logging on or off', async (t) => {
  const { dir, edit } = scenario(t, 'steps')
  edit(
    'main.js',
    `const { createRuntime, HMRRuntime } = require('@upvotr/node-hmr')
     HMRRuntime.setLogging(process.argv[2] === 'log')
     Object.assign(require('./plan'), { isAsync: true, run: () => new Promise(() => {}) })
     createRuntime(require, false).import('./module')
     setTimeout(() => {}, 6000)`
  )
  const [loud, quiet] = await Promise.all([
    node(['main.js', 'log'], { cwd: dir }),
    node(['main.js', 'quiet'], { cwd: dir })
  ])
  assert.match(loud.stderr, /the runner of \.\/module has not settled after 5 s/)
  assert.match(quiet.stderr, /the runner of \.\/module has not settled after 5 s/)
})

// [node-hmr 12, 17]
test('the switches: truthiness, undefined in return, detached, ignored arguments', () => {
  const { setLogging, loggingEnabled, suppressWarnings, shouldSuppressWarnings, reloadDisabled } = HMRRuntime
  const { followDependencies, dependenciesFollowed } = HMRRuntime
  for (const [set, get] of [
    [setLogging, loggingEnabled],
    [suppressWarnings, shouldSuppressWarnings],
    [followDependencies, dependenciesFollowed]
  ]) {
    for (const value of [true, 1, 'no', {}, [], () => {}, Symbol('yes'), 1n, false, 0, '', null, undefined, NaN, 0n]) {
      assert.equal(set(value), undefined)
      assert.equal(get(), Boolean(value))
    }
    set()
    assert.equal(get(), false)
  }
  assert.equal(reloadDisabled(), false)
})

// [node-hmr 12, 17, 30, 92]
test('"`disableReloading` ignores its argument", is for good, and stops what is watched', async (t) => {
  const { dir, edit } = scenario(t, 'steps')
  edit(
    'main.js',
    `const assert = require('node:assert/strict')
     const { createRuntime, Watcher, HMRRuntime } = require('@upvotr/node-hmr')
     const calls = []
     class Manual extends Watcher { watch(id) { calls.push('watch ' + id); return () => calls.push('unwatch ' + id) } }
     const watcher = new Manual()
     const runtime = createRuntime(require, watcher)
     ;(async () => {
       const imported = await runtime.import('./module')
       const { disableReloading } = HMRRuntime
       assert.equal(disableReloading(false), undefined)
       assert.equal(HMRRuntime.reloadDisabled(), true)
       assert.deepEqual(calls, ['watch ./module', 'unwatch ./module'])
       assert.equal(watcher.listenerCount('update'), 0)
       require('./plan').version = 2
       watcher.emit('update', './module')
       assert.equal(imported.exports, 'v1')
       assert.equal((await runtime.import('./other')).exports, 'o2')
       assert.equal(calls.length, 2)
       assert.equal(HMRRuntime.disableReloading(), undefined)
       runtime.unimport('./module')
       runtime.closeAll()
       console.log('done')
     })()`
  )
  assert.deepEqual(await node(['main.js'], { cwd: dir }), { code: 0, signal: null, stdout: 'done\n', stderr: '' })
})

test('the same failure again is said in one line; another one, and any odd object, in full', async (t) => {
  const printed = captureConsole(t)
  const { runtime, save } = steps(t)
  await runtime.import('./module')
  const failWith = (thrown) => {
    save({
      version: 2,
      run() {
        throw thrown
      }
    })
    return printed.taken().find(({ method }) => method === 'error')
  }
  const error = new Error('the same')
  assert.ok(failWith(error).args.includes(error))
  assert.match(failWith(error).text, /2 times now.*the same/)
  const [first, second] = [{ code: 1 }, { code: 2 }]
  assert.ok(failWith(first).args.includes(first))
  assert.ok(failWith(second).args.includes(second))
  const stack = error.stack
  save({ version: 3 })
  assert.ok(failWith(error).args.includes(error), 'a good version begins a new count')
  assert.equal(error.stack, stack, 'the error stays as it was')
})
