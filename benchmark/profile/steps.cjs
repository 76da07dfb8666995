// Updates with pauses between them, as an editor makes them: nothing is warm then.
// node steps.cjs <folder> <saves>
const fs = require('node:fs')
const path = require('node:path')
const { EventEmitter } = require('node:events')
const { createRequire } = require('node:module')

const [, , folder, saves] = process.argv
const [file] = JSON.parse(fs.readFileSync(path.join(folder, 'files.json'), 'utf8'))
const projectRequire = createRequire(path.join(folder, 'main.js'))

class Told extends EventEmitter {
  watch() {
    return () => {}
  }
}

async function main() {
  const watcher = new Told()
  await projectRequire('@upvotr/node-hmr').createRuntime(projectRequire, watcher).import(file)
  for (let save = 0; save < Number(saves); save++) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    watcher.emit('update', file)
  }
}

main()
