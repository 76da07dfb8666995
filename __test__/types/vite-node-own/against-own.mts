// Type tests: checked by tsc, never run.

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
import type { Plugin, ViteDevServer } from 'vite'
import { ViteNodeRunner } from 'vite-node/client'
import type * as own from 'vite-node/hmr'

declare const server: ViteDevServer
declare const files: string[]

// The documented usage.
const runner: ViteNodeRunner = new ViteNodeRunner({
  root: server.config.root,
  fetchModule: async () => ({ code: '' }),
  createHotContext: (runner, url) => createHotContext(runner, server.emitter, files, url)
})
server.emitter.on('message', (payload) => {
  // [vite-node 5]
  same<typeof payload, HMRPayload>(true)
  handleMessage(runner, server.emitter, files, payload)
})

same<ReturnType<typeof viteNodeHmrPlugin>, Plugin>(true)
same<ReturnType<typeof createHmrEmitter>, HMREmitter>(true)
same<ReturnType<typeof reload>, Promise<any[]>>(true)
same<ReturnType<typeof handleMessage>, Promise<void>>(true)
// [vite-node 5]
same<ReturnType<typeof getCache>, CacheData>(true)
sendMessageBuffer(runner, server.emitter)

// [vite-node 2]
// What is written for vite-node's own types takes ours.
const functions: Omit<typeof own, 'default'> = {
  createHmrEmitter,
  createHotContext,
  getCache,
  handleMessage,
  reload,
  sendMessageBuffer,
  viteNodeHmrPlugin
  // [vite-node 5]
} satisfies Record<keyof typeof own, unknown>
functions.getCache(runner).queued satisfies Promise<(() => void) | undefined>[]
declare const ownTypes: {
  emitter: own.HMREmitter
  module: own.HotModule
  callback: own.HotCallback
  namespace: own.ModuleNamespace
}
// [vite-node 5]
ownTypes.emitter satisfies HMREmitter satisfies Emitter<{ message: HMRPayload }>
// [vite-node 5]
ownTypes.module satisfies HotModule
// [vite-node 5]
ownTypes.callback satisfies HotCallback
// [vite-node 5]
ownTypes.namespace satisfies ModuleNamespace
// [vite-node 5]
same<own.EventType, EventType>(true)
// [vite-node 5]
same<own.Handler<string>, Handler<string>>(true)
// [vite-node 5]
same<own.InferCustomEventPayload<'vite:error'>, InferCustomEventPayload<'vite:error'>>(true)

// A context has what Vite documents, and `invalidate` can be awaited.
// [vite-node 5]
declare const hot: HotContext
hot.accept()
hot.accept((module) => module?.default)
hot.accept('./dep', (module) => module?.default)
hot.accept(['./a', './b'], ([a, b]) => [a?.default, b?.default])
hot.acceptExports(['a'], (module) => module?.a)
hot.dispose((data) => void (data.x = 1))
hot.prune((data) => data.x)
hot.on('vite:beforeUpdate', (payload) => payload.updates.length)
hot.on('custom', (data) => data.x)
hot.off('custom', () => {})
hot.send('custom', { x: 1 })
hot.decline()
hot.invalidate('why') satisfies Promise<any[]>
// @ts-expect-error getter only
hot.data = {}
// @ts-expect-error no such thing
hot.accept(1)
// @ts-expect-error a runner is an object
getCache('runner')

// A stand-in for a test is runner enough.
getCache({})
reload({ moduleCache: new Map(), executeId: async (id) => ({ id }) }, files)
