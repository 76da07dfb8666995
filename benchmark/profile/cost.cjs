// Watches all files of a project in one way, and tells what that took.
// node --expose-gc cost.cjs ours|files|ours-alone|files-alone|folders <folder>
const fs = require('node:fs')
const path = require('node:path')
const { createRequire } = require('node:module')

const [, , way, folder] = process.argv
const files = JSON.parse(fs.readFileSync(path.join(folder, 'files.json'), 'utf8'))
const projectRequire = createRequire(path.join(folder, 'main.js'))
const { FSWatcher } = projectRequire('@upvotr/node-hmr')

const watchAll = (require) => {
  const watcher = new FSWatcher(require)
  return files.map((file) => watcher.watch(file))
}

const add = {
  ours: () => watchAll(projectRequire),
  /** A watch, with its listener, for each, which has to find the file of an id as well. */
  files: () => files.map((file) => fs.watch(projectRequire.resolve(file), () => {})),
  /** Without what Node takes to find the file of an id. */
  'ours-alone': () => watchAll({ resolve: (file) => file }),
  'files-alone': () => files.map((file) => fs.watch(file, () => {})),
  folders: () => [...new Set(files.map((file) => path.dirname(file)))].map((inside) => fs.watch(inside, () => {}))
}

/** What is resident, and how much of that belongs to the process alone: not the pages of Node's binary that it ran. */
function memory() {
  globalThis.gc()
  globalThis.gc()
  const rollup = '/proc/self/smaps_rollup'
  const own = fs.existsSync(rollup)
    ? /^Anonymous: +(\d+) kB$/m.exec(fs.readFileSync(rollup, 'utf8'))[1] * 1024
    : Number.NaN
  return { resident: process.memoryUsage.rss(), own }
}

// Once for what the measuring itself takes.
memory()
const before = memory()
const began = process.hrtime.bigint()
const watches = add[way]()
const took = Number(process.hrtime.bigint() - began) / 1e6
setTimeout(() => {
  const { resident, own } = memory()
  process.send({ took, resident: resident - before.resident, own: own - before.own, count: watches.length })
}, 500)
