/// <reference types="node" />
// The public types of "@upvotr/node-hmr/vite-node", which stands in for "vite-node/hmr". Written by hand.
// "vite" is an optional peer, needed for these types only; its attribute below asks for TypeScript 5.3 or later.

import type { EventEmitter } from 'events'
import type { HMRPayload, Plugin } from 'vite' with { 'resolution-mode': 'import' }
import type { CustomEventMap } from 'vite/types/customEvent.js' with { 'resolution-mode': 'import' }
import type { ViteHotContext } from 'vite/types/hot.js' with { 'resolution-mode': 'import' }
// The augmentation of "vite" stands there: a CommonJS file cannot augment a package that has only ES modules.
import type {} from './vite-node.mjs' with { 'resolution-mode': 'import' }

export type { HMRPayload }

/* ---------------------------------------------------- Emitter ---------------------------------------------------- */

export type EventType = string | symbol
export type Handler<T = unknown> = (event: T) => void

/** The typed side of an {@link HMREmitter}. */
export interface Emitter<Events extends Record<EventType, unknown>> {
  on: <Key extends keyof Events>(type: Key, handler: Handler<Events[Key]>) => void
  off: <Key extends keyof Events>(type: Key, handler?: Handler<Events[Key]>) => void
  emit: (<Key extends keyof Events>(type: Key, event: Events[Key]) => void) &
    (<Key extends keyof Events>(type: undefined extends Events[Key] ? Key : never) => void)
}

/**
 * Carries messages between a Vite server and its runners: `message` brings each payload of the server, `custom` takes
 * what a module sends, as JSON text.
 */
export type HMREmitter = Emitter<{ message: HMRPayload }> & EventEmitter

/** Makes an emitter, for a server without {@link viteNodeHmrPlugin}. */
export declare function createHmrEmitter(): HMREmitter

/**
 * The Vite plugin that sets `server.emitter`. The emitter belongs to the plugin instance: listeners put on it stay after
 * the Vite server restarted.
 */
export declare function viteNodeHmrPlugin(): Plugin

/* ----------------------------------------------------- State ----------------------------------------------------- */

/** What is needed from a runner. `ViteNodeRunner` of "vite-node/client" fits, and so does a stand-in for a test. */
export interface ViteNodeRunnerLike {
  /** The modules that were executed, by id. */
  moduleCache: Pick<Map<string, any>, 'delete' | 'entries' | 'get' | 'has' | 'keys'>
  /** Evaluates a module and resolves with its exports. */
  executeId(id: string): Promise<any>
  /** The folder that root-relative paths start from. */
  root?: string
}

export type ModuleNamespace = Record<string, any> & { [Symbol.toStringTag]: 'Module' }

export type InferCustomEventPayload<T extends string> = T extends keyof CustomEventMap ? CustomEventMap[T] : any

/** The accept callbacks of one module. */
export interface HotModule {
  id: string
  callbacks: HotCallback[]
}

/** One accept callback and what it accepts. */
export interface HotCallback {
  deps: string[]
  fn: (modules: (ModuleNamespace | undefined)[]) => void
}

/** The state kept per runner. It is the state itself, not a copy. */
export interface CacheData {
  /** Accept callbacks, by owner. */
  hotModulesMap: Map<string, HotModule>
  /** `hot.data`, by owner. */
  dataMap: Map<string, any>
  /** The last disposer, by owner. */
  disposeMap: Map<string, (data: any) => void | Promise<void>>
  /** The last prune callback, by owner. */
  pruneMap: Map<string, (data: any) => void | Promise<void>>
  /** Listeners, by event. */
  customListenersMap: Map<string, ((data: any) => void)[]>
  /** Listeners by event, by owner. */
  ctxToListenersMap: Map<string, Map<string, ((data: any) => void)[]>>
  /** Messages that wait for `connected`, each a JSON text. */
  messageBuffer: string[]
  isFirstUpdate: boolean
  /** Whether a message is being handled. */
  pending: boolean
  /** Messages that wait for their turn. */
  queued: Promise<(() => void) | undefined>[]
}

/**
 * The state of a runner, weakly held.
 *
 * @throws TypeError when `runner` is no object.
 */
export declare function getCache(runner: object): CacheData

/* ---------------------------------------------------- Messages --------------------------------------------------- */

/** Sends what waits in the runner's message buffer, and empties it. */
export declare function sendMessageBuffer(runner: ViteNodeRunnerLike, emitter: HMREmitter): void

/**
 * Runs the disposers, evicts every module that is not below `node_modules`, and executes `files` again.
 *
 * @param files The entries, absolute or relative to the runner's root.
 * @returns The entries' exports, in order. Rejects with the error of an entry that fails.
 */
export declare function reload(runner: ViteNodeRunnerLike, files: string[]): Promise<any[]>

/**
 * Applies a payload of the Vite server. Updates of one runner are applied one after another.
 *
 * @param files The entries that a full reload executes.
 * @returns A promise that rejects only when a full reload's entry fails.
 */
export declare function handleMessage(
  runner: ViteNodeRunnerLike,
  emitter: HMREmitter,
  files: string[],
  payload: HMRPayload
): Promise<void>

/** `import.meta.hot`, as Vite documents it. */
export interface HotContext extends Omit<ViteHotContext, 'acceptDeps' | 'decline' | 'invalidate'> {
  /**
   * Reloads the entries.
   *
   * @param message Passed on to the listeners of `vite:invalidate`.
   * @returns The entries' exports, in order. None in a disposer: the reload comes after it.
   */
  invalidate(message?: string): Promise<any[]>

  /** Does nothing, as in Vite, where old code may still call it. */
  decline(): void
}

/**
 * Makes the `import.meta.hot` of one module: pass it as the `createHotContext` option of a `ViteNodeRunner`.
 *
 * @param files The entries that `invalidate` reloads.
 * @param ownerPath The module's id.
 */
export declare function createHotContext(
  runner: ViteNodeRunnerLike,
  emitter: HMREmitter,
  files: string[],
  ownerPath: string
): HotContext
