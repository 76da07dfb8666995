// The process that runs the modules, and tells what each exports: node app.cjs <folder> <polling interval or 0>
const fs = require('node:fs')
const { createRequire } = require('node:module')
const path = require('node:path')
const { format, stripVTControlCharacters } = require('node:util')

const now = () => Number(process.hrtime.bigint()) / 1e6
const [, , folder, interval] = process.argv
const projectRequire = createRequire(path.join(folder, 'main.js'))
const { FSWatcher, createRuntime } = projectRequire('@upvotr/node-hmr')

const ids = JSON.parse(fs.readFileSync(path.join(folder, 'ids.json'), 'utf8'))
const updates = []
const printed = []
for (const method of ['log', 'warn', 'error'])
  console[method] = (...args) => printed.push({ method, text: stripVTControlCharacters(format(...args)), at: now() })

const options = Number(interval) > 0 ? { polling: { interval: Number(interval) } } : {}
const runtime = createRuntime(projectRequire, new FSWatcher(projectRequire, options))
globalThis.runtime = runtime
const modules = []

function versionOf({ exports }) {
  if (!Array.isArray(exports)) return -1
  return exports.every((part) => part === exports[0]) ? exports[0] : -2
}

const answers = {
  versions: () => ({ versions: modules.map(versionOf) }),
  news: () => ({ updates: updates.splice(0), printed: printed.splice(0) }),
  async heap() {
    for (let time = 0; time < 4; time++) {
      globalThis.gc()
      await new Promise((resolve) => setTimeout(resolve, 30))
    }
    return { heap: process.memoryUsage().heapUsed, rss: process.memoryUsage.rss() }
  }
}

async function main() {
  const indexes = new Map(ids.map((id, index) => [id, index]))
  for (const id of ids) modules.push(await runtime.import(id))
  runtime.on('update', (id) => {
    const index = indexes.get(id)
    updates.push([index, versionOf(modules[index]), now()])
  })
  process.on('message', async ({ ask, number }) => process.send({ ...(await answers[ask]()), number }))
  process.on('disconnect', () => process.exit())
  process.send({ ready: true })
}

main()
