'use strict'

const assert = require('node:assert/strict')
const { spawn } = require('node:child_process')
const { EventEmitter } = require('node:events')
const fs = require('node:fs')
const { createRequire } = require('node:module')
const os = require('node:os')
const path = require('node:path')
const util = require('node:util')

const root = path.resolve(__dirname, '../..')
const classic = require('../..')
const { kindInUse } = require('./kinds')
const { ManualWatcher } = require('./manual-watcher')

const kind = kindInUse()
/** For fixtures of another kind, from the `require` of a scenario to the file that it is of. */
const mains = new WeakMap()
const hmrPackage = kind.isAnother ? { ...classic, createRuntime: createRuntimeOfKind } : classic

/** A runtime over fixtures of another kind: by the file in place of its `require`, and otherwise by the same defaults. */
function createRuntimeOfKind(require, watcher, options = { dependencies: false }) {
  return classic.createRuntime(mains.get(require) ?? require, watcher, options)
}

const PATIENCE = 10_000

/** Copies `fixtures/<name>` to a temporary folder from which the package is found by its name. */
function scenario(t, name) {
  const dir = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), `hmr-${name}-`)))
  fs.cpSync(path.join(__dirname, '../fixtures', name), dir, { recursive: true })
  kind.convertFolder(dir)
  fs.mkdirSync(path.join(dir, 'node_modules/@upvotr'), { recursive: true })
  fs.symlinkSync(root, path.join(dir, 'node_modules/@upvotr/node-hmr'), 'junction')
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }))
  const file = (name) => path.join(dir, kind.rename(name))
  const require = createRequire(file('main.js'))
  mains.set(require, file('main.js'))
  return {
    dir,
    file,
    require,
    edit: (name, text) => edit(file(name), kind.convert(name, text)),
    read: (name) => fs.readFileSync(file(name), 'utf8')
  }
}

/**
 * The scenario `steps`, whose hot modules do what `plan` says at the moment of their evaluation and log each step:
 * with a ManualWatcher, one version after another without touching the file.
 */
function steps(t, options = {}) {
  const it = scenario(t, 'steps')
  const watcher = new ManualWatcher()
  const runtime = hmrPackage.createRuntime(it.require, 'watcher' in options ? options.watcher : watcher)
  const log = it.require('./log')
  const plan = it.require('./plan')
  return {
    ...it,
    watcher,
    runtime,
    log,
    plan,
    /** What was logged since the last call. */
    taken: () => log.splice(0),
    /** Sets what the next evaluation finds. */
    next: (changes) => {
      for (const key of Object.keys(plan)) delete plan[key]
      Object.assign(plan, changes)
    },
    /** Saves a new version, as the watcher sees it. */
    save: (changes, id = './module') => {
      for (const key of Object.keys(plan)) delete plan[key]
      Object.assign(plan, changes)
      watcher.tell(id)
    }
  }
}

function edit(file, text) {
  fs.mkdirSync(path.dirname(file), { recursive: true })
  fs.writeFileSync(file, text)
}

/** Resolves with the arguments of the next `update` of `id`; the only timeout there is. */
function nextUpdate(runtime, id) {
  return new Promise((resolve, reject) => {
    const onUpdate = (...args) => {
      if (id !== undefined && args[0] !== id) return
      clearTimeout(timer)
      runtime.off('update', onUpdate)
      resolve(args)
    }
    const timer = setTimeout(() => {
      runtime.off('update', onUpdate)
      reject(new Error(`no update of ${id} within ${PATIENCE} ms`))
    }, PATIENCE)
    runtime.on('update', onUpdate)
  })
}

/** The ids of all updates, as they come. */
function updatesOf(runtime) {
  const ids = []
  runtime.on('update', (id) => ids.push(id))
  return ids
}

/** Takes what is printed until the test ends: `{ method, args, text }`, `text` as the terminal would show it. */
function captureConsole(t) {
  const lines = []
  const originals = {}
  for (const method of ['log', 'info', 'debug', 'warn', 'error']) {
    originals[method] = console[method]
    console[method] = (...args) => lines.push({ method, args, text: shown(args) })
  }
  t.after(() => Object.assign(console, originals))
  return {
    lines,
    of: (method) => lines.filter((line) => line.method === method),
    taken: () => lines.splice(0)
  }
}

function shown(args) {
  try {
    return util.format(...args)
  } catch {
    return String(args[0])
  }
}

/** Fails the test for anything that would have ended the process. */
function nothingUnhandled(t) {
  const seen = []
  const onRejection = (reason) => seen.push(['unhandledRejection', reason])
  const onException = (error) => seen.push(['uncaughtException', error])
  const outer = {}
  for (const [event, own] of [
    ['unhandledRejection', onRejection],
    ['uncaughtException', onException]
  ]) {
    outer[event] = process.listeners(event)
    process.removeAllListeners(event)
    process.on(event, own)
  }
  t.after(() => {
    for (const event of Object.keys(outer)) {
      process.removeAllListeners(event)
      for (const listener of outer[event]) process.on(event, listener)
    }
  })
  return {
    seen,
    async check() {
      await turn()
      await turn()
      assert.deepEqual(seen, [])
    }
  }
}

/** Its arguments in order, for what they do; gives the last one. */
function last(...values) {
  return values.at(-1)
}

/** One turn of the event loop: every microtask and every `nextTick` is done then, and rejections were judged. */
function turn() {
  return new Promise((resolve) => setImmediate(resolve))
}

/** How many microtasks pass until the promise that `start` gives is settled. */
async function microtasks(start) {
  let settled = false
  const end = () => {
    settled = true
  }
  start().then(end, end)
  let count = 0
  while (!settled) {
    if (count > 1000) throw new Error('did not settle within 1000 microtasks')
    count += 1
    await null
  }
  return count
}

/** A promise with its two functions. */
function deferred() {
  let resolve
  let reject
  const promise = new Promise((...both) => {
    ;[resolve, reject] = both
  })
  return { promise, resolve, reject }
}

/** Runs Node and gives `{ code, signal, stdout, stderr }`. */
function node(args, options = {}) {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text))
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), options.patience ?? 60_000)
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      resolve({ code, signal, stdout, stderr })
    })
  })
}

/** An EventEmitter that is no Watcher of ours. */
class PlainWatcher extends EventEmitter {
  watch() {
    return () => {}
  }
}

module.exports = {
  ...hmrPackage,
  hmrPackage,
  last,
  root,
  assert,
  scenario,
  steps,
  edit,
  nextUpdate,
  updatesOf,
  captureConsole,
  nothingUnhandled,
  turn,
  microtasks,
  deferred,
  node,
  ManualWatcher,
  PlainWatcher
}
