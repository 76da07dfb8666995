// Runs server.ts by vite-node, hot. It is vite-node's documented set-up, but for one import and the source maps.
import { createHotContext, handleMessage, viteNodeHmrPlugin } from '@upvotr/node-hmr/vite-node'
import { createServer } from 'vite'
import { ViteNodeRunner } from 'vite-node/client'
import { ViteNodeServer } from 'vite-node/server'

const files = ['server.ts']
const server = await createServer({
  root: import.meta.dirname,
  configFile: false,
  logLevel: 'error',
  optimizeDeps: { noDiscovery: true, include: [] },
  plugins: [viteNodeHmrPlugin()]
})
await server.pluginContainer.buildStart({})

// Node reads the source maps of evaluated text, by the name that the text gives itself: one per version.
process.setSourceMapsEnabled(true)
let version = 0
class Runner extends ViteNodeRunner {
  async runModule(context, code) {
    const parameters = Object.keys(context).join()
    const name = `${context.__filename}?version=${++version}`
    // biome-ignore lint/security/noGlobalEval: it is what vite-node does, by another function.
    const run = (0, eval)(`'use strict';async (${parameters}) => {{${code}\n}}\n//# sourceURL=${name}`)
    await run(...Object.values(context))
  }
}

const node = new ViteNodeServer(server)
const runner = new Runner({
  root: server.config.root,
  base: server.config.base,
  fetchModule: (id) => node.fetchModule(id),
  resolveId: (id, importer) => node.resolveId(id, importer),
  createHotContext: (runner, url) => createHotContext(runner, server.emitter, files, url)
})
server.emitter.on('message', (payload) => {
  // A full reload rejects when an entry fails; the next save tries again.
  handleMessage(runner, server.emitter, files, payload).catch(console.error)
})

// A start that fails does not end the process; the save that mends it starts the application.
for (const file of files) await runner.executeId(`/${file}`).catch(console.error)
