// What is measured: a process that loads all modules of a project and tells of every new version.
// node server.cjs ours|control <folder> [--with-files]
const fs = require('node:fs')
const path = require('node:path')
const { createRequire } = require('node:module')

const now = () => Number(process.hrtime.bigint()) / 1e6
const [, , way, folder] = process.argv
const files = JSON.parse(fs.readFileSync(path.join(folder, 'files.json'), 'utf8'))
const projectRequire = createRequire(path.join(folder, 'main.js'))
const tell = (version) => process.send({ version, at: now() })

async function ours() {
  const { createRuntime } = projectRequire('@upvotr/node-hmr')
  const runtime = createRuntime(projectRequire)
  const modules = new Map()
  for (const file of files) modules.set(file, await runtime.import(file))
  runtime.on('update', (file) => tell(modules.get(file).exports.version))
}

/** The floor: the least that takes a save, with nothing for the failures in between. */
function control() {
  // Loaded from here first, as above: Node remembers how an id was resolved only where it was loaded by it.
  projectRequire('@upvotr/node-hmr')
  const modules = new Map()
  const load = (file) => projectRequire(file).runner.run()
  for (const file of files) modules.set(file, { exports: load(file) })
  const reload = (file) => {
    if (!modules.has(file)) return
    delete projectRequire.cache[file]
    try {
      modules.get(file).exports = load(file)
      tell(modules.get(file).exports.version)
    } catch {
      // Half of a file: the next event tells of the rest.
    }
  }
  for (const inside of new Set(files.map((file) => path.dirname(file))))
    fs.watch(inside, (_, name) => reload(path.join(inside, name)))
}

async function main() {
  const began = now()
  await { ours, control }[way]()
  process.send({ ready: true, took: now() - began, at: now() })
  process.on('message', () => process.send({ memory: process.memoryUsage() }))
}

main()
