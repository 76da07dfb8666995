// node update.cjs <rounds> <folder> <folder>: updates of a hot module in both projects, in turns.
const fs = require('node:fs')
const path = require('node:path')
const { EventEmitter } = require('node:events')
const { createRequire } = require('node:module')

const [, , rounds, ...folders] = process.argv

class Told extends EventEmitter {
  watch() {
    return () => {}
  }
}

async function open(folder) {
  const [file] = JSON.parse(fs.readFileSync(path.join(folder, 'files.json'), 'utf8'))
  const projectRequire = createRequire(path.join(folder, 'main.js'))
  const watcher = new Told()
  await projectRequire('@upvotr/node-hmr').createRuntime(projectRequire, watcher).import(file)
  return () => watcher.emit('update', file)
}

async function main() {
  const updates = [await open(folders[0]), await open(folders[1])]
  const took = [[], []]
  for (let round = 0; round < Number(rounds); round++) {
    for (const side of round % 2 === 0 ? [0, 1] : [1, 0]) {
      const before = process.hrtime.bigint()
      updates[side]()
      const microseconds = Number(process.hrtime.bigint() - before) / 1000
      // The first tenth warms up.
      if (round >= rounds / 10) took[side].push(microseconds)
    }
    if (round % 50 === 0) await new Promise(setImmediate)
  }
  process.send({ took })
}

main()
