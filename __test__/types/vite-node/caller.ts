// A CommonJS caller; vite itself has only ES modules.
import viteNode = require('@upvotr/node-hmr/vite-node')

import { createHotContext, type HMREmitter, type HotContext, viteNodeHmrPlugin } from '@upvotr/node-hmr/vite-node'
import type { Plugin, ViteDevServer } from 'vite' with { 'resolution-mode': 'import' }
import type { ViteNodeRunner } from 'vite-node/client' with { 'resolution-mode': 'import' }

declare const server: ViteDevServer
declare const runner: ViteNodeRunner

// [vite-node 5]
same<typeof server.emitter, HMREmitter>(true)
same<typeof viteNode.createHotContext, typeof createHotContext>(true)

const plugin: Plugin = viteNodeHmrPlugin()
const hot: HotContext = createHotContext(runner, server.emitter, ['./main.ts'], '/main.ts')
export = { hot, plugin }
