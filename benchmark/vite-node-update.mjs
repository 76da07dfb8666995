// What does an update cost in a large application? A leaf is edited whose importer accepts itself; the clock runs from
// the watcher's event until the update is done. Our entry and Vite's own module runner take turns on servers of their own,
// each after a garbage collection and first in every other round. The lower quartile of each is printed: what others do on
// the machine only ever adds. The ratios are of that quartile, and, of the turns of one round each, of their median. On Linux
// the same follows for the processor time of the JavaScript thread, which a busy machine disturbs less.
// vite-node's own module updates no nested module, so its turn is a full reload. Its turns come after all others', to which
// they would leave a heap full of what they threw away.
//
// Usage: node benchmark/vite-node-update.mjs [updates, 30 unless told] [modules…, 1 1000 10000 unless told]
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import v8 from 'node:v8'
import vm from 'node:vm'
import * as ours from '@upvotr/node-hmr/vite-node'
import { createServer, createServerModuleRunner } from 'vite'
import { ViteNodeRunner } from 'vite-node/client'
import * as viteNode from 'vite-node/hmr'
import { ViteNodeServer } from 'vite-node/server'

const [updates = 30, ...sizes] = process.argv.slice(2).map(Number)
v8.setFlagsFromString('--expose-gc')
const collectGarbage = vm.runInNewContext('gc')
const log = console.log
// The contenders report each update; a terminal is no part of the figure.
console.log = () => {}
for (const size of sizes.length > 0 ? sizes : [1, 1000, 10_000]) await measure(size)
console.log = log
process.exit()

async function measure(size) {
  const root = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'node-hmr-benchmark-')))
  const { leaf, leafCode } = writeApp(root, size)
  const contenders = {
    'our entry': await viteNodeApp(root, ours, false),
    "Vite's module runner": await moduleRunnerApp(root),
    "vite-node's own": await viteNodeApp(root, viteNode, true)
  }
  const empty = () => Object.fromEntries(Object.keys(contenders).map((name) => [name, []]))
  const [times, processor] = [empty(), empty()]
  const take = async (update, names) => {
    fs.writeFileSync(leaf, leafCode(update))
    for (const name of names) {
      collectGarbage()
      const before = globalThis.executed
      const [start, busy] = [performance.now(), threadTime()]
      await contenders[name].update(leaf)
      const [end, busyAtEnd] = [performance.now(), threadTime()]
      // The first rounds warm up.
      if (update % 1000 >= 3) {
        times[name].push(end - start)
        processor[name].push(busyAtEnd - busy)
      }
      if (globalThis.value !== update) throw new Error(`${name} did not load the edit`)
      contenders[name].executed = globalThis.executed - before
    }
  }
  const [own, ...rivals] = Object.keys(contenders).reverse()
  // Whoever goes first finds the file cold.
  for (let update = 0; update < updates + 3; update++) await take(update, rivals.reverse())
  for (let update = 1000; update < 1003 + updates / 3; update++) await take(update, [own])
  for (const contender of Object.values(contenders)) await contender.close()
  fs.rmSync(root, { recursive: true, force: true })

  const sorted = (figures) => figures.toSorted((a, b) => a - b)
  const part = (figures, share) => sorted(figures)[Math.floor(figures.length * share)]
  const show = (figures, name) => {
    const floor = figures["Vite's module runner"]
    const ratios = figures[name].map((figure, round) => figure / floor[round])
    return [
      `${part(figures[name], 1 / 4).toFixed(2)} ms`,
      `${(part(figures[name], 1 / 4) / part(floor, 1 / 4)).toFixed(2)} ×`,
      name === own ? '' : `paired ${part(ratios, 1 / 2).toFixed(2)} ×`
    ]
  }
  for (const name of Object.keys(contenders)) {
    const cells = [`${size} modules`, name, ...show(times, name), `${contenders[name].executed} executed`]
    if (threadTime() > 0) cells.push('thread:', ...show(processor, name))
    log(cells.map((cell, column) => cell.padEnd(column === 1 ? 22 : 16)).join(''))
  }
}

/** How long this thread has used a processor, in milliseconds; 0 where the system does not tell. */
function threadTime() {
  try {
    return Number(fs.readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6
  } catch {
    return 0
  }
}

/** main → sections, which accept themselves → leaves; all import one shared module. One module is main, which accepts itself. */
function writeApp(root, size) {
  if (size === 1) {
    const leafCode = (value) => `globalThis.executed++\nglobalThis.value = ${value}\nimport.meta.hot.accept()\n`
    const leaf = path.join(root, 'main.js')
    fs.writeFileSync(leaf, leafCode(-1))
    return { leaf, leafCode }
  }
  const sections = Math.round(Math.sqrt(size))
  const names = (count, name) => Array.from({ length: count }, (_, index) => `${name}${index}`)
  const write = (name, code) => fs.writeFileSync(path.join(root, `${name}.js`), `globalThis.executed++\n${code}`)
  const imports = (modules) => modules.map((name) => `import './${name}.js'\n`).join('')
  write('shared', '')
  write('main', imports(names(sections, 'section')))
  for (const section of names(sections, 'section')) {
    const leaves = names(sections - 1, `${section}-leaf`)
    write(section, `${imports(leaves)}import.meta.hot.accept()\n`)
    for (const leaf of leaves) write(leaf, imports(['shared']))
  }
  const leafCode = (value) => `globalThis.executed++\nimport './shared.js'\nglobalThis.value = ${value}\n`
  return { leaf: path.join(root, 'section1-leaf1.js'), leafCode }
}

async function listen(root, plugins) {
  globalThis.executed = 0
  const server = await createServer({
    root,
    configFile: false,
    logLevel: 'silent',
    optimizeDeps: { noDiscovery: true, include: [] },
    server: { watch: null },
    plugins
  })
  await server.pluginContainer.buildStart({})
  return server
}

async function viteNodeApp(root, hmr, isReloaded) {
  const server = await listen(root, [hmr.viteNodeHmrPlugin()])
  const node = new ViteNodeServer(server)
  const files = [path.join(root, 'main.js')]
  const runner = new ViteNodeRunner({
    root,
    fetchModule: (id) => node.fetchModule(id),
    resolveId: (id, importer) => node.resolveId(id, importer),
    createHotContext: (runner, url) => hmr.createHotContext(runner, server.emitter, files, url)
  })
  await runner.executeFile(files[0])
  return {
    async update(file) {
      const message = once(server.emitter, 'message')
      server.watcher.emit('change', file)
      const [payload] = await message
      await hmr.handleMessage(runner, server.emitter, files, isReloaded ? { type: 'full-reload' } : payload)
    },
    close: () => server.close()
  }
}

async function moduleRunnerApp(root) {
  const server = await listen(root, [])
  const runner = createServerModuleRunner(server.environments.ssr, { hmr: { logger: { debug() {}, error: log } } })
  await runner.import('/main.js')
  return {
    async update(file) {
      const updated = new Promise((resolve) => {
        runner.hmrClient.customListenersMap.set('vite:afterUpdate', [resolve])
      })
      server.watcher.emit('change', file)
      await updated
    },
    async close() {
      await runner.close()
      await server.close()
    }
  }
}
