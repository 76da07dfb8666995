'use strict'

const fs = require('node:fs')
const { createRequire } = require('node:module')
const os = require('node:os')
const path = require('node:path')
const { setTimeout: pause } = require('node:timers/promises')

const hmrPackage = require('../..')

const root = path.resolve(__dirname, '../..')
/** How long anything awaited may take, in milliseconds. Generous: it ends a test that has failed. */
const PATIENCE = 20_000

/** A temporary folder from which the package is found by its name; a fixture's files, and further ones by path. */
function makeFolder(t, { fixture, files = {} } = {}) {
  const dir = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'hmr-files-')))
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }))
  const file = (name) => path.join(dir, name)
  const write = (name, text) => {
    fs.mkdirSync(path.dirname(file(name)), { recursive: true })
    fs.writeFileSync(file(name), text)
  }
  fs.mkdirSync(file('node_modules/@upvotr'), { recursive: true })
  fs.symlinkSync(root, file('node_modules/@upvotr/node-hmr'), 'junction')
  if (fixture) fs.cpSync(path.join(__dirname, '../fixtures', fixture), dir, { recursive: true })
  for (const [name, text] of Object.entries(files)) write(name, text)
  return { dir, file, write, require: createRequire(file('index.js')) }
}

/** The ways in which editors save. */
const saves = {
  'in place': (file, text) => fs.writeFileSync(file, text),
  'by renaming a new file over it': (file, text) => {
    fs.writeFileSync(`${file}.new`, text)
    fs.renameSync(`${file}.new`, file)
  },
  'by moving it to a backup and writing it anew': (file, text) => {
    fs.renameSync(file, `${file}~`)
    fs.writeFileSync(file, text)
  },
  'by deleting and creating it': (file, text) => {
    fs.rmSync(file)
    fs.writeFileSync(file, text)
  }
}

/** Files that one watcher watches, and its events in order. */
function watched(t, ids, { Watcher = hmrPackage.FSWatcher, options, files } = {}) {
  const folder = makeFolder(t, { files: files ?? Object.fromEntries(ids.map((id) => [`${id}.js`, '1'])) })
  const watcher = new Watcher(folder.require, options)
  const events = []
  watcher.on('update', (id) => events.push(id))
  const stops = new Map()
  const watch = (id) => {
    stops.set(id, watcher.watch(id))
    return stops.get(id)
  }
  t.after(() => stops.forEach((stop) => stop()))
  for (const id of ids) watch(id)
  return {
    ...folder,
    watcher,
    events,
    watch,
    unwatch: (id) => stops.get(id)(),
    /** Resolves when that many events came, with those since the last call. */
    async seen(count) {
      await until(
        watcher,
        () => events.length >= count,
        () => `${count} events; got ${events.join(', ')}`
      )
      return events.splice(0)
    }
  }
}

/** The text of a hot module whose exports are `value`. */
function hotText(value) {
  const text = fs.readFileSync(path.join(__dirname, '../fixtures/watched/value.js'), 'utf8')
  return text.replace("'one'", JSON.stringify(value))
}

/** A hot module of the exports `'one'`, imported by a runtime with a watcher. */
async function imported(t, id, { files, Watcher = hmrPackage.FSWatcher, prepare } = {}) {
  const folder = makeFolder(t, { files: files ?? { [`${id}.js`]: hotText('one') } })
  prepare?.(folder)
  const runtime = hmrPackage.createRuntime(folder.require, new Watcher(folder.require))
  t.after(() => runtime.closeAll())
  const updates = []
  runtime.on('update', () => updates.push(module.exports))
  const module = await runtime.import(id)
  return {
    ...folder,
    runtime,
    module,
    updates,
    /** Resolves when the exports are these. */
    exports: (value) =>
      until(
        runtime,
        () => module.exports === value,
        () => `${value}; the exports are ${module.exports}`
      )
  }
}

/** Resolves when `isSo`, which each `update` of the emitter may bring about. */
function until(emitter, isSo, what = () => isSo) {
  return new Promise((resolve, reject) => {
    const check = () => {
      if (!isSo()) return
      end()
      resolve()
    }
    const timer = setTimeout(() => {
      end()
      reject(new Error(`waited in vain for ${what()}`))
    }, PATIENCE)
    const end = () => {
      clearTimeout(timer)
      emitter.off('update', check)
    }
    emitter.on('update', check)
    check()
  })
}

/** What `console[method]` is called with until the test ends. */
function captured(t, ...methods) {
  const lines = []
  for (const method of methods) {
    t.mock.method(console, method, (...args) => lines.push([method, require('node:util').format(...args)]))
  }
  return lines
}

module.exports = {
  ...hmrPackage,
  root,
  PATIENCE,
  makeFolder,
  saves,
  watched,
  hotText,
  imported,
  captured,
  pause,
  until
}
