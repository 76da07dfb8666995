'use strict'

const assert = require('node:assert/strict')
const { exec, execFile, fork, spawnSync } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const http = require('node:http')
const nodeTimers = require('node:timers')
const os = require('node:os')
const path = require('node:path')
const sleeps = require('node:timers/promises')
const { test } = require('node:test')
const workers = require('node:worker_threads')
const { hot, resources } = require('./support/versions.js')

const nothing = () => {}
const handles = () => process.getActiveResourcesInfo().sort().join()

// [hot 137]
test('intervals, pending timeouts and immediates are released', async (t) => {
  const program = hot(t)
  const $ = resources.timers()
  const seen = []
  program.start(() => {
    for (const { setInterval, setTimeout } of [$, nodeTimers]) {
      setInterval(() => seen.push('interval'), 1)
      setTimeout(() => seen.push('timeout'), 60)
    }
  })
  await program.reloaded(nothing)
  seen.length = 0
  await new Promise((resolve) => setTimeout(resolve, 100))
  assert.deepEqual(seen, [])
})

test('timers of hot code are as those of Node', (t) => {
  hot(t)
  const $ = resources.timers()
  for (const name of ['setTimeout', 'setInterval', 'setImmediate']) {
    assert.equal($[name].name, name)
    assert.equal($[name].length, global[name].length)
    assert.equal($[name][require('node:util').promisify.custom], global[name][require('node:util').promisify.custom])
  }
  assert.throws(() => $.setTimeout('no function'), { code: 'ERR_INVALID_ARG_TYPE' })
})

test('a version keeps the timers that it starts', (t) => {
  hot(t)
  const $ = resources.timers()
  const owner = resources.owner('/app/main.js', 1)
  const timer = resources.runAs(owner, () => $.setInterval(nothing, 1000))
  assert.ok(owner.timers.has(timer))
  clearInterval(timer)
})

test('many timers that have ended are not kept', async (t) => {
  const program = hot(t)
  const $ = resources.timers()
  const owner = resources.owner('/app/other.js', 1)
  program.start(nothing)
  resources.runAs(owner, () => {
    for (let count = 0; count < 1000; count++) clearTimeout($.setTimeout(nothing, 1000))
  })
  assert.ok(owner.timers.size <= 65)
  await program.reloaded(nothing)
})

// [hot 137]
test('timers/promises are released: what waits for them never goes on', async (t) => {
  const program = hot(t)
  const seen = []
  program.start(() => {
    sleeps.setTimeout(40, 'value').then(() => seen.push('timeout'), seen.push)
    sleeps.scheduler.wait(40).then(() => seen.push('wait'), seen.push)
    const loop = async () => {
      for await (const _ of sleeps.setInterval(1)) seen.push('interval')
    }
    loop().catch(seen.push)
  })
  await program.reloaded(nothing)
  seen.length = 0
  await new Promise((resolve) => setTimeout(resolve, 80))
  assert.deepEqual(seen, [])
})

test('timers/promises do as under node while the version runs', async (t) => {
  const program = hot(t)
  program.start(nothing)
  await program.run(async () => {
    assert.equal(await sleeps.setTimeout(1, 'value'), 'value')
    assert.equal(await sleeps.setImmediate('now'), 'now')
    const controller = new AbortController()
    const wait = sleeps.setTimeout(10_000, 0, { signal: controller.signal })
    controller.abort()
    await assert.rejects(wait, { name: 'AbortError' })
    let rounds = 0
    for await (const value of sleeps.setInterval(1, 'tick')) {
      assert.equal(value, 'tick')
      if (++rounds === 3) break
    }
    const bad = sleeps.setTimeout(1, 0, 7)
    await assert.rejects(bad, { code: 'ERR_INVALID_ARG_TYPE' })
  })
})

// [hot 137]
test('listeners on process and its streams are released, each once', async (t) => {
  const program = hot(t)
  const shared = () => {}
  const count = () => ['SIGUSR2', 'exit', 'warning'].map((event) => process.listenerCount(event)).join()
  const before = count()
  const streams = process.stdout.listenerCount('resize')
  const evaluate = () => {
    process.on('SIGUSR2', () => {})
    process.once('exit', () => {})
    process.prependListener('warning', shared)
    process.stdout.on('resize', () => {})
  }
  program.start(evaluate)
  const after = count()
  assert.notEqual(after, before)
  for (let round = 0; round < 3; round++) {
    await program.reloaded(evaluate)
    assert.equal(count(), after)
    assert.equal(process.stdout.listenerCount('resize'), streams + 1)
  }
  await program.reloaded(nothing)
  assert.equal(count(), before)
})

// [hot 137]
test('watchers, workers and child processes are released', async (t) => {
  const program = hot(t)
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'hmr-release-'))
  t.after(() => fs.rmSync(dir, { recursive: true }))
  const file = path.join(dir, 'file')
  fs.writeFileSync(file, '')
  const idle = 'setInterval(() => {}, 1000)'
  fs.writeFileSync(path.join(dir, 'child.js'), idle)
  const seen = program.start(() => {
    fs.promises.watch(dir)[Symbol.asyncIterator]().next()
    fs.watchFile(file, nothing)
    return {
      watcher: fs.watch(dir),
      worker: new workers.Worker(idle, { eval: true }),
      forked: fork(path.join(dir, 'child.js')),
      executed: execFile(process.execPath, [path.join(dir, 'child.js')])
    }
  })
  assert.ok(seen.worker instanceof workers.Worker)
  await once(seen.worker, 'online')
  const closed = once(seen.watcher, 'close')
  const exits = [once(seen.worker, 'exit'), once(seen.forked, 'exit'), once(seen.executed, 'exit')]
  await program.reloaded(nothing)
  await closed
  const [, [, signal]] = await Promise.all(exits)
  assert.equal(signal, 'SIGTERM')
  assert.ok(!handles().includes('StatWatcher') && !handles().includes('FSEvent'), handles())
})

// [hot 137]
const withoutList = process.platform !== 'linux' && 'the system does not tell whose a process is'
test('the commands that a shell of exec runs are released with it', { skip: withoutList }, async (t) => {
  const program = hot(t)
  const command = `"${process.execPath}" -e "console.log(process.pid); setInterval(() => {}, 1000)"; true`
  let shell
  program.start(() => {
    shell = exec(command)
  })
  await once(shell.stdout, 'data')
  const closed = once(shell, 'close')
  await program.reloaded(nothing)
  // The pipe of the command's output closes when the command has ended.
  await closed
})

// [hot 138]
test('not released: what hot.data or globalThis holds, as a value or in an array, Map or Set there', async (t) => {
  const program = hot(t)
  const $ = resources.timers()
  const data = {}
  const ticks = { property: 0, array: 0, map: 0, set: 0, global: 0, free: 0 }
  resources.keep(data)
  const begin = (name) => $.setInterval(() => ticks[name]++, 1)
  program.start(() => {
    data.property = begin('property')
    data.array = [begin('array')]
    data.map = new Map([['timer', begin('map')]])
    data.set = new Set([begin('set')])
    globalThis.heldTimer = begin('global')
    begin('free')
    data.server = http.createServer().listen(0)
  })
  await once(data.server, 'listening')
  const all = [data.property, ...data.array, ...data.map.values(), ...data.set, globalThis.heldTimer]
  t.after(() => {
    for (const timer of all) clearInterval(timer)
    data.server.close()
    delete globalThis.heldTimer
    resources.keep({})
  })
  await program.reloaded(nothing)
  const before = { ...ticks }
  await new Promise((resolve) => setTimeout(resolve, 50))
  for (const name of Object.keys(ticks)) assert.equal(ticks[name] > before[name], name !== 'free', name)
  assert.equal(data.server.listening, true)
})

// [hot 138]
// [hot 138]
test('not released: what a request started', async (t) => {
  const program = hot(t)
  const $ = resources.timers()
  let ticks = 0
  let timer
  const listener = () => {}
  const version = (seen) => async () => {
    seen.server = http.createServer((_, response) => {
      timer ??= $.setInterval(() => ticks++, 1)
      if (!process.listeners('SIGUSR2').includes(listener)) process.on('SIGUSR2', listener)
      response.end()
    })
    seen.server.listen(0, '127.0.0.1', () => (seen.listening = $.setInterval(nothing, 1000)))
    await once(seen.server, 'listening')
  }
  const [one, two] = [{}, {}]
  await program.start(version(one))
  const agent = new http.Agent({ keepAlive: true })
  const { port } = one.server.address()
  const ask = () =>
    new Promise((resolve) =>
      http.get({ port, host: '127.0.0.1', agent }, (response) => response.resume().on('end', resolve))
    )
  await ask()
  await program.reloaded(version(two))
  await ask()
  await program.reloaded(nothing)
  const before = ticks
  await new Promise((resolve) => setTimeout(resolve, 30))
  assert.ok(ticks > before)
  assert.equal(one.listening._destroyed, true, 'the callback of listen is no request')
  assert.ok(process.listeners('SIGUSR2').includes(listener))
  clearInterval(timer)
  process.off('SIGUSR2', listener)
  agent.destroy()
})

// [hot 138]
test('not released: what a package started, though a module called it', async (t) => {
  const program = hot(t)
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'hmr-package-'))
  t.after(() => fs.rmSync(dir, { recursive: true }))
  const folder = path.join(dir, 'node_modules/starter')
  fs.mkdirSync(folder, { recursive: true })
  fs.writeFileSync(
    path.join(folder, 'index.js'),
    `exports.start = () => {
      exports.listener = () => {}
      process.on('SIGUSR2', exports.listener)
      exports.watcher = require('node:fs').watch(__dirname)
      exports.timer = require('node:timers').setInterval(() => {}, 1000)
    }`
  )
  const starter = require(folder)
  program.start(() => starter.start())
  await program.reloaded(nothing)
  assert.ok(process.listeners('SIGUSR2').includes(starter.listener))
  assert.equal(starter.timer._destroyed, false)
  let isClosed = false
  starter.watcher.on('close', () => (isClosed = true))
  await new Promise(setImmediate)
  assert.equal(isClosed, false)
  starter.watcher.close()
  clearInterval(starter.timer)
  process.off('SIGUSR2', starter.listener)
})

test('what a released version starts later ends at once', async (t) => {
  const program = hot(t)
  const $ = resources.timers()
  let goOn
  let seen
  const late = new Promise((resolve) => (goOn = resolve))
  const done = program.start(async () => {
    await late
    process.on('SIGUSR2', nothing)
    seen = { timer: $.setInterval(nothing, 1), server: http.createServer().listen(0) }
  })
  await program.reloaded(nothing)
  goOn()
  await done
  await new Promise(setImmediate)
  assert.equal(seen.timer._destroyed, true)
  assert.equal(seen.server.listening, false)
  assert.ok(!process.listeners('SIGUSR2').includes(nothing))
})

// [hot 122]
test('a version that exits, or leaves an error to nobody, before it has come up has failed', () => {
  const main = path.join(__dirname, 'fixtures/failing-versions/main.js')
  const versions = path.join(__dirname, 'support/versions.js')
  const child = spawnSync(process.execPath, [main, versions], { encoding: 'utf8' })
  assert.deepEqual(child.stdout.split('\n'), [
    'exits: back, process.exit(1) before the new version had come up, released true, old true',
    'exits later: back, process.exit(3) before the new version had come up, released true, old true',
    'throws later: back, late, released true, old true',
    'rejects: back, rejected, released true, old true',
    'up',
    ''
  ])
  assert.match(child.stderr, /the end/)
  assert.equal(child.status, 1)
})

test('uninstalled, everything is as it was', (t) => {
  const before = [
    fs.watch,
    nodeTimers.setTimeout,
    workers.Worker,
    process.exit,
    process._fatalException,
    sleeps.setTimeout
  ]
  const listeners = process.listenerCount('newListener')
  hot(t)
  assert.notEqual(fs.watch, before[0])
  resources.uninstall()
  const after = [
    fs.watch,
    nodeTimers.setTimeout,
    workers.Worker,
    process.exit,
    process._fatalException,
    sleeps.setTimeout
  ]
  assert.deepEqual(after, before)
  assert.equal(process.listenerCount('newListener'), listeners)
  assert.equal(Object.hasOwn(process, '_fatalException'), true)
})
