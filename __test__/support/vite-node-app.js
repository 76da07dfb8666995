'use strict'

const { EventEmitter, once } = require('node:events')
const fs = require('node:fs/promises')
const { createRequire } = require('node:module')
const os = require('node:os')
const path = require('node:path')
const { pathToFileURL } = require('node:url')

/** The versions that the entry stands for, by the name of vite-node's package. */
const STACKS = ['vite-node', 'vite-node-5', 'vite-node-3']

/** Vite as that vite-node sees it, and vite-node's parts. */
async function loadStack(name) {
  const folder = path.join(__dirname, '../../node_modules', name)
  const require = createRequire(path.join(folder, 'package.json'))
  const load = (file) => import(pathToFileURL(file).href)
  const vite = path.dirname(require.resolve('vite/package.json'))
  const version = (file) => require(file).version.split('.')[0]
  return {
    title: `Vite ${version('vite/package.json')}, vite-node ${version(path.join(folder, 'package.json'))}`,
    vite: await load(path.join(vite, 'dist/node/index.js')),
    server: await load(path.join(folder, 'dist/server.mjs')),
    client: await load(path.join(folder, 'dist/client.mjs')),
    ownHmr: await load(path.join(folder, 'dist/hmr.mjs'))
  }
}

/**
 * Runs a copy of a fixture by vite-node's documented set-up, hot by `hmr`. Modules call the globals `log(...)` and
 * `nextId()`.
 */
async function startApp(stack, hmr, fixture, { entry = 'main.ts', plugins = [] } = {}) {
  const source = path.join(__dirname, '../fixtures/vite-node', fixture)
  const root = (await fs.realpath(await fs.mkdtemp(path.join(os.tmpdir(), 'node-hmr-')))).replaceAll('\\', '/')
  await fs.cp(source, root, { recursive: true })

  const events = new EventEmitter()
  const log = []
  let ids = 0
  globalThis.log = (...entry) => {
    log.push(entry.length === 1 ? entry[0] : entry)
  }
  globalThis.nextId = () => ++ids

  const server = await stack.vite.createServer({
    root,
    configFile: false,
    logLevel: 'silent',
    optimizeDeps: { noDiscovery: true, include: [] },
    // Vite's watcher drops the second of two saves within 50 ms, so it is told of each save.
    server: { watch: null },
    plugins: [
      hmr.viteNodeHmrPlugin(),
      ...plugins,
      { name: 'edits', hotUpdate: { order: 'post', handler: onHotUpdate } }
    ]
  })
  await server.pluginContainer.buildStart({})
  // What is sent about the edit, if anything is, follows in the same turn.
  function onHotUpdate() {
    if (this.environment.name === 'ssr') events.emit('edit')
  }

  const files = [path.posix.join(root, entry)]
  const node = new stack.server.ViteNodeServer(server)
  const runner = new stack.client.ViteNodeRunner({
    root: server.config.root,
    base: server.config.base,
    fetchModule: (id) => node.fetchModule(id),
    resolveId: (id, importer) => node.resolveId(id, importer),
    createHotContext: (runner, url) => hmr.createHotContext(runner, server.emitter, files, url)
  })
  const handled = []
  server.emitter.on('message', (payload) => {
    const message = hmr.handleMessage(runner, server.emitter, files, payload)
    handled.push(message.catch(logRejection))
  })

  const logRejection = (error) => log.push(['rejected', error.message.split('\n')[0]])
  const settle = async () => {
    // The environments of a server report one edit one after another, in one turn.
    await new Promise(setImmediate)
    while (handled.length > 0) await handled.shift()
    await new Promise(setImmediate)
  }
  const report = async (event, name) => {
    const reported = once(events, 'edit')
    server.watcher.emit(event, name)
    await reported
    await settle()
  }
  const app = {
    root,
    server,
    runner,
    log,
    /** What was logged since the last call. */
    takeLog: () => log.splice(0),
    settle,
    /** `hot.data` of a module. */
    dataOf: (file) => hmr.getCache(runner).dataMap.get(path.posix.join(root, file)),
    start: () => runner.executeFile(files[0]).catch(logRejection),
    /** The maps of the runner. */
    cache: () => hmr.getCache(runner),
    /** Replaces text in a file. */
    async replace(file, from, to) {
      const name = path.join(root, file)
      const text = await fs.readFile(name, 'utf8')
      if (!text.includes(from)) throw new Error(`${file} has no ${from}`)
      await fs.writeFile(name, text.replace(from, to))
      return name
    },
    /** Replaces text in a file, and waits until the update or reload that follows is done, if there is one. */
    edit: async (file, from, to) => report('change', await app.replace(file, from, to)),
    /** Makes a file, and waits as `edit` does. */
    async add(file, text) {
      const name = path.join(root, file)
      await fs.writeFile(name, text)
      await report('add', name)
    },
    /** Deletes a file, and waits as `edit` does. */
    async remove(file) {
      const name = path.join(root, file)
      await fs.rm(name)
      await report('unlink', name)
    },
    async close() {
      await server.close()
      await fs.rm(root, { recursive: true, force: true })
    }
  }
  return app
}

module.exports = { STACKS, loadStack, startApp }
