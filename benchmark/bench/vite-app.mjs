// Runs entry.js of the working directory on a Vite server: `node vite-app.mjs runner|vite-node`. It is copied there first,
// so that its imports are the project's.
import { createServer, createServerModuleRunner } from 'vite'

const server = (plugins, hmr) =>
  createServer({
    configFile: false,
    logLevel: 'error',
    optimizeDeps: { noDiscovery: true, include: [] },
    server: { middlewareMode: true, hmr },
    plugins
  })

if (process.argv[2] === 'runner') {
  const vite = await server([])
  await createServerModuleRunner(vite.environments.ssr).import('/entry.js')
} else {
  const { createHotContext, handleMessage, viteNodeHmrPlugin } = await import('@upvotr/node-hmr/vite-node')
  const { ViteNodeRunner } = await import('vite-node/client')
  const { ViteNodeServer } = await import('vite-node/server')
  const vite = await server([viteNodeHmrPlugin()], true)
  await vite.environments.client.pluginContainer.buildStart({})
  const node = new ViteNodeServer(vite)
  const files = ['entry.js']
  const runner = new ViteNodeRunner({
    root: vite.config.root,
    base: vite.config.base,
    fetchModule: (id) => node.fetchModule(id),
    resolveId: (id, importer) => node.resolveId(id, importer),
    createHotContext: (of, url) => createHotContext(of, vite.emitter, files, url)
  })
  await runner.executeFile(files[0])
  vite.emitter.on('message', (payload) => handleMessage(runner, vite.emitter, files, payload))
}
