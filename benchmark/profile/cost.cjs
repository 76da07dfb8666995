// Watches all files of a project in one way, and tells what that took.
// node --expose-gc cost.cjs files|folders|ours <folder>
const fs = require('node:fs')
const path = require('node:path')
const { createRequire } = require('node:module')

const [, , way, folder] = process.argv
const files = JSON.parse(fs.readFileSync(path.join(folder, 'files.json'), 'utf8'))
const projectRequire = createRequire(path.join(folder, 'main.js'))
const { FSWatcher } = projectRequire('@upvotr/node-hmr')

const add = {
  ours() {
    const watcher = new FSWatcher(projectRequire)
    return files.map((file) => watcher.watch(file))
  },
  /** A watch, with its listener, for each. */
  files: () => files.map((file) => fs.watch(file, () => {})),
  folders: () => [...new Set(files.map((file) => path.dirname(file)))].map((inside) => fs.watch(inside, () => {}))
}

function resident() {
  globalThis.gc()
  return process.memoryUsage.rss()
}

const before = resident()
const began = process.hrtime.bigint()
const watches = add[way]()
const took = Number(process.hrtime.bigint() - began) / 1e6
setTimeout(() => process.send({ took, grown: resident() - before, count: watches.length }), 500)
