// Watches one file in one way, and tells when the change was noticed: node notice.cjs ours|floor <file>
const fs = require('node:fs')
const path = require('node:path')
const { createRequire } = require('node:module')

const [, , way, file] = process.argv
const tell = () => process.send({ noticed: Number(process.hrtime.bigint()) / 1e6 })

if (way === 'ours') {
  const require = createRequire(file)
  const { FSWatcher } = require('@upvotr/node-hmr')
  const watcher = new FSWatcher(require)
  watcher.on('update', tell)
  watcher.watch(file)
} else {
  fs.watch(path.dirname(file), (_, name) => name === path.basename(file) && tell())
}
// The folder is armed on another thread.
setTimeout(() => process.send({ ready: true }), 100)
