// In one process: what an update costs over evict + require of the same file.
// node life-cycle.cjs <folder> <rounds>
const fs = require('node:fs')
const path = require('node:path')
const { EventEmitter } = require('node:events')
const { createRequire } = require('node:module')

const [, , folder, rounds] = process.argv
const files = JSON.parse(fs.readFileSync(path.join(folder, 'files.json'), 'utf8'))
const projectRequire = createRequire(path.join(folder, 'main.js'))
const { createRuntime } = projectRequire('@upvotr/node-hmr')

class Told extends EventEmitter {
  watch() {
    return () => {}
  }
}

async function main() {
  const watcher = new Told()
  const runtime = createRuntime(projectRequire, watcher)
  const [file, other, ...rest] = files
  for (const one of rest) await runtime.import(one)
  await runtime.import(file)
  // As much as an update does of the user's work: evaluate, run.
  const bare = () => {
    delete projectRequire.cache[other]
    return projectRequire(other).runner.run()
  }
  bare()
  // The same by someone who has the id, not the path.
  const byId = () => {
    delete projectRequire.cache[projectRequire.resolve(other)]
    return projectRequire(other).runner.run()
  }
  const updated = () => watcher.emit('update', file)
  const took = { ours: [], bare: [], byId: [] }
  const time = (row, action) => {
    const before = process.hrtime.bigint()
    action()
    row.push(Number(process.hrtime.bigint() - before) / 1000)
  }
  for (let round = 0; round < Number(rounds); round++) {
    if (round % 2 === 0) time(took.ours, updated)
    time(took.bare, bare)
    time(took.byId, byId)
    if (round % 2 === 1) time(took.ours, updated)
    // What `delete require.cache` alone leaves behind is not the control's fault.
    for (const loaded of Object.values(projectRequire.cache)) {
      if (round % 100 > 0) break
      loaded.children = loaded.children.filter((child) => projectRequire.cache[child.filename] === child)
    }
  }
  process.send({ took })
}

main()
