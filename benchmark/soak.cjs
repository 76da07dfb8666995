// One process of the soak: reloads, and what it holds at intervals.
// node --expose-gc soak.cjs <folder> <variant> <reloads> <every>
const fs = require('node:fs')
const path = require('node:path')
const { createRequire } = require('node:module')
const { EventEmitter } = require('node:events')
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads')

const [folder, variant, reloads, every] = isMainThread ? process.argv.slice(2) : workerData
const tell = (message) => (isMainThread ? process.send(message) : parentPort.postMessage(message))
const turn = () => new Promise(setImmediate)

class Told extends EventEmitter {
  watch() {
    return () => {}
  }
}

const version = {
  plain: (save) => `createRunner(() => ({ save: ${save} }))`,
  errors: (save) => (save % 3 === 0 ? "createRunner(() => { throw new Error('every third') })" : version.plain(save)),
  async: (save) => `createRunner(async () => { await null; return { save: ${save} } }, () => {}, true)`,
  dependencies: () => "createRunner(() => require('./dependency.js'))",
  imports: (save) => version.plain(save),
  workers: (save) => version.plain(save)
}
const text = (save) =>
  `globalThis.evaluated++\nconst { createRunner, hmr } = require('@upvotr/node-hmr')\nmodule.exports = hmr(null, ${version[variant](save)})\n`

/** After collection, and after what finalizers left for later turns. */
async function figures(projectRequire, watcher) {
  for (let time = 0; time < 4; time++) {
    globalThis.gc()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const cached = Object.values(projectRequire.cache)
  // That of a `createRequire` stands in no cache.
  const parents = new Set([...cached, ...cached.map((module) => module.parent)].filter((module) => module))
  const count = (place) => (fs.existsSync(place) ? fs.readdirSync(place).length : 0)
  return {
    evaluated: globalThis.evaluated,
    heap: process.memoryUsage().heapUsed / 1024,
    rss: process.memoryUsage.rss() / 1024 / 1024,
    references: projectRequire('@upvotr/node-hmr').HMRRuntime && nativeReferences(projectRequire),
    descriptors: count('/proc/self/fd'),
    threads: count('/proc/self/task'),
    listeners: watcher.listenerCount('update'),
    children: [...parents].reduce((sum, { children }) => sum + children.length, 0)
  }
}

function nativeReferences(projectRequire) {
  const addon = Object.values(projectRequire.cache).find((module) => module.exports?.internals)
  return addon ? addon.exports.internals().nativeReferences() : 0
}

globalThis.evaluated = 0

async function main() {
  const projectRequire = createRequire(path.join(folder, 'main.js'))
  const { HMRRuntime, createRuntime } = projectRequire('@upvotr/node-hmr')
  const [file] = JSON.parse(fs.readFileSync(path.join(folder, 'files.json'), 'utf8'))
  HMRRuntime.suppressWarnings(true)
  console.error = () => {}
  fs.writeFileSync(file, text(1))
  const watcher = new Told()
  const runtime = createRuntime(projectRequire, watcher, { dependencies: variant === 'dependencies' })
  const [dependency, leaf] = ['dependency.js', 'leaf.js'].map((name) => path.join(path.dirname(file), name))
  fs.writeFileSync(dependency, "exports.leaf = require('./leaf.js')\n")
  fs.writeFileSync(leaf, 'exports.save = 0\n')
  if (variant !== 'imports') await runtime.import(file)
  for (let save = 1; save <= Number(reloads); save++) {
    // A new text each time would measure the compiler's caches as well.
    if (variant === 'errors') fs.writeFileSync(file, text(save % 3))
    if (variant === 'imports') {
      await runtime.import(file)
      runtime.unimport(file)
    } else if (variant === 'workers') {
      await new Promise((resolve) => {
        new Worker(__filename, { workerData: [folder, 'plain', 20, 0] }).once('exit', resolve)
      })
    } else watcher.emit('update', variant === 'dependencies' ? leaf : file)
    // What is told in one turn is one update, with dependencies; an asynchronous runner needs one to end.
    if (variant === 'async' || variant === 'dependencies' || save % 50 === 0) await turn()
    if (Number(every) > 0 && save % Number(every) === 0) tell({ save, ...(await figures(projectRequire, watcher)) })
  }
  runtime.closeAll()
}

main().then(() => isMainThread && process.disconnect())
