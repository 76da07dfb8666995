import {
  type CacheData,
  createHmrEmitter,
  createHotContext,
  type Emitter,
  type EventType,
  getCache,
  type Handler,
  type HMREmitter,
  type HMRPayload,
  type HotCallback,
  type HotContext,
  type HotModule,
  handleMessage,
  type InferCustomEventPayload,
  type ModuleNamespace,
  reload,
  sendMessageBuffer,
  viteNodeHmrPlugin
} from '@upvotr/node-hmr/vite-node'
import type { UserConfig, ViteDevServer } from 'vite'
import type { ViteNodeRunner } from 'vite-node/client'

declare const server: ViteDevServer
declare const runner: ViteNodeRunner

const config: UserConfig = { plugins: [viteNodeHmrPlugin()] }
const files = ['./src/main.ts']

// [vite-node 5]
same<typeof server.emitter, HMREmitter>(true)
server.emitter.on('message', (payload) => {
  same<typeof payload, HMRPayload>(true)
  handleMessage(runner, server.emitter, files, payload).then((done) => same<typeof done, void>(true))
})
createHmrEmitter().emit('message', { type: 'connected' })
createHmrEmitter()
  .on('custom', () => {})
  .emit('custom', '{}')

const hot: HotContext = createHotContext(runner, server.emitter, files, '/src/main.ts')
hot.accept()
hot.accept('./dep', (dep) => dep?.['answer'])
hot.accept(['./a', './b'], ([a, b]) => [a, b])
hot.dispose((data) => (data.old = true))
hot.on('vite:beforeUpdate', (payload) => payload.updates.length)
hot.send('my:event', { any: 'thing' })
hot.invalidate('why').then((exports) => same<typeof exports, any[]>(true))
same<ReturnType<typeof hot.decline>, void>(true)

// Fits vite-node's own option.
const option: NonNullable<ViteNodeRunner['options']['createHotContext']> = (r, url) =>
  createHotContext(r, server.emitter, files, url)

// A stand-in for a test.
const cache: CacheData = getCache({})
same<typeof cache.hotModulesMap, Map<string, HotModule>>(true)
reload({ moduleCache: new Map(), executeId: async () => ({}) }, files)
sendMessageBuffer(runner, server.emitter)
// @ts-expect-error: a runner is an object
getCache('runner')

export type Kept = [EventType, Handler, Emitter<{ message: HMRPayload }>, HotCallback, ModuleNamespace]
same<InferCustomEventPayload<'my:event'>, any>(true)
export { config, option }
