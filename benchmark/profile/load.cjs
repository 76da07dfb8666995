// node load.cjs <folder> <reloads>
const fs = require('node:fs')
const path = require('node:path')
const { EventEmitter } = require('node:events')
const { createRequire } = require('node:module')

const [, , folder, reloads] = process.argv
const [file] = JSON.parse(fs.readFileSync(path.join(folder, 'files.json'), 'utf8'))
const projectRequire = createRequire(path.join(folder, 'main.js'))

const before = performance.now()
const { createRuntime } = projectRequire('@upvotr/node-hmr')
const took = performance.now() - before

class Told extends EventEmitter {
  watch() {
    return () => {}
  }
}

/** After collection, and after what finalizers left for the next turns of the event loop. */
async function heap() {
  for (let turn = 0; turn < 4; turn++) {
    gc()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return process.memoryUsage().heapUsed / 1024
}

async function main() {
  let perReload = 0
  if (Number(reloads) > 0) {
    const watcher = new Told()
    await createRuntime(projectRequire, watcher).import(file)
    const reload = async (count) => {
      for (let done = 0; done < count; done++) {
        watcher.emit('update', file)
        if (done % 100 === 0) await new Promise(setImmediate)
      }
    }
    await reload(2_000)
    const first = await heap()
    await reload(Number(reloads))
    perReload = ((await heap()) - first) / Number(reloads)
  }
  process.send({ took, heap: perReload })
}

main()
