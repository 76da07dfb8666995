// Everything is declared in vite-node.d.ts, but for the augmentation of "vite".
import type { HMREmitter } from './vite-node.js'

export * from './vite-node.js'

declare module 'vite' {
  interface ViteDevServer {
    /** Set by the plugin of "@upvotr/node-hmr/vite-node"; emits each payload that the server sends. */
    emitter: HMREmitter
  }
}
