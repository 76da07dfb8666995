/// <reference types="node" />
// The public types of "@upvotr/node-hmr", written by hand. `index.d.mts` re-exports them, so that a class has one
// type whether it came by `require` or by `import`.
//
// An argument of the wrong kind is refused with a TypeError whose `code` is "ERR_HMR_ARGUMENT". That of a file which
// exports no hot module is "ERR_HMR_INVALID_MODULE".

import { EventEmitter } from 'events'
import { URL } from 'url'

/* ------------------------------------------------- Hot modules ------------------------------------------------- */

/**
 * What a file must export to be imported through a runtime. {@link createModule} makes one; an object written by hand
 * counts as well, provided `persist` and `runner` are instances of this package's classes.
 *
 * @typeParam P The persistent values.
 * @typeParam E What the runner returns, which becomes the module's exports.
 */
export interface HotModule<P extends Record<string | symbol, any>, E> {
  /**
   * Whether an update to this version generates the persistent values anew (a forced update). The flag of the new
   * version decides. Taken by truthiness.
   *
   * @defaultValue `false`
   */
  updatePersistentValues?: boolean
  /**
   * The spelling in the README of the JavaScript package. It counts too.
   *
   * @deprecated Write {@link HotModule.updatePersistentValues | updatePersistentValues}.
   */
  updatePersistientValues?: boolean
  /** Makes and cleans up the values that outlive an update. */
  persist: PersistManager<P>
  /** Runs each version of the module and undoes what it did. */
  runner: Runner<P, E> | AsyncRunner<P, E>
}

/**
 * The exports of a hot module: what its runner returns, and for an {@link AsyncRunner} what its promise resolves with.
 * Takes the module's export itself (`export = hmr(…)`) or a namespace whose `default` is one (`export default hmr(…)`,
 * for a {@link createSyntheticRequire | synthetic require} that returns the default export).
 *
 * `runtime.import<typeof import("./m")>("./m")` applies it for you.
 */
export type ExportType<M extends HotModule<any, any> | { default: HotModule<any, any> }> = M extends {
  runner: Runner<any, infer E> | AsyncRunner<any, infer E>
}
  ? E
  : M extends { default: { runner: Runner<any, infer E> | AsyncRunner<any, infer E> } }
    ? E
    : any

/**
 * Makes a hot module; assign the result to `module.exports`.
 *
 * @param persist The persistent values, or `null` for a module that has none (its values are `{}`).
 * @param runner The module's logic.
 * @param forceUpdate Whether an update to this version generates the persistent values anew, after the previous
 * version's were cleaned up. Taken by truthiness. Default `false`.
 * @returns `{ persist, runner, updatePersistentValues }`.
 */
export declare function createModule<P extends Record<string, any>, E>(
  persist: PersistManager<P> | null,
  runner: Runner<P, E> | AsyncRunner<P, E>,
  forceUpdate?: boolean
): HotModule<P, E>

/* ----------------------------------------------- Persistent values ----------------------------------------------- */

/**
 * Makes and cleans up a module's persistent values: servers, connections, compilers, runtimes, and whatever else is
 * too dear to make again on each save. {@link createPersist} is the shorter way to one.
 *
 * Methods overridden in a subclass are honoured.
 *
 * @typeParam P The persistent values.
 */
export declare class PersistManager<P extends Record<string, any> = {}> {
  private generatePersistentValues
  private cleanupPersistentValues

  /**
   * @param generate Makes the values, at the first import and at each forced update. A promise is awaited. Default:
   * a function that returns `{}`.
   * @param cleanup Releases the values, at a forced update before the new ones are made, and at `unimport`. A promise
   * is awaited (not by `unimport`, which returns at once); any other result is ignored. Default: does nothing.
   * @throws TypeError when an argument is neither a function nor undefined.
   */
  constructor(generate?: () => P | Promise<P>, cleanup?: (values: P) => unknown)

  /**
   * Calls the `generate` function that the instance was made with.
   *
   * @returns Its result, unchanged.
   * @throws Whatever it throws.
   */
  generate(): P | Promise<P>

  /**
   * Calls the `cleanup` function that the instance was made with.
   *
   * @param values The values to release. They are passed on unchecked.
   * @returns Its result, unchanged.
   * @throws Whatever it throws.
   */
  cleanup(values: P): void | Promise<void>
}

/**
 * Makes a {@link PersistManager}.
 *
 * @param generate Makes the values. A promise is awaited. Default: a function that returns `{}`.
 * @param cleanup Releases the values. A promise is awaited; any other result is ignored. Default: does nothing.
 * @throws TypeError when an argument is neither a function nor undefined.
 */
export declare function createPersist<P extends Record<string, any>>(
  generate?: () => P | Promise<P>,
  cleanup?: (values: P) => unknown
): PersistManager<P>

/* ---------------------------------------------------- Runners ---------------------------------------------------- */

/**
 * The logic of a module: `run` makes its exports, `cleanup` undoes what `run` did. A promise that `run` returns is not
 * awaited, it *is* the exports; see {@link AsyncRunner}. {@link createRunner} is the shorter way to one.
 *
 * Methods overridden in a subclass are honoured.
 *
 * @typeParam P The persistent values.
 * @typeParam E The module's exports.
 */
export declare class Runner<P extends Record<string, any>, E> {
  private run
  private cleanup

  /**
   * @param run Makes the exports, at the first import and after each change. `values` are the persistent values now in
   * force; `emitUpdate()` emits `update` on the runtime at once, for instance when a module that this one imports
   * was updated.
   * @param cleanup Undoes what `run` did, before the next version runs. `exports` is what that run returned. A promise
   * is awaited; any other result is ignored. Default: does nothing.
   * @throws TypeError when `run` is no function, or `cleanup` neither a function nor undefined.
   */
  constructor(run: (values: P, emitUpdate: () => void) => E, cleanup?: (values: P, exports: E) => unknown)

  /**
   * Calls the `run` function that the instance was made with. The arguments are passed on unchecked.
   *
   * @param values The persistent values.
   * @param emitUpdate Emits `update` on the runtime.
   * @returns Its result, unchanged.
   * @throws Whatever it throws.
   */
  execute(values: P, emitUpdate: () => void): E

  /**
   * Calls the `cleanup` function that the instance was made with. The arguments are passed on unchecked.
   *
   * @param values The persistent values.
   * @param exports What the run to undo returned.
   * @returns Its result, unchanged.
   * @throws Whatever it throws.
   */
  clean(values: P, exports: E): void | Promise<void>
}

/**
 * A runner whose `run` returns a promise, which is awaited: the module's exports are what it resolves with. Unrelated
 * to {@link Runner}, none is an instance of the other. {@link createRunner} with `true` as its third argument is the
 * shorter way to one.
 *
 * Methods overridden in a subclass are honoured.
 *
 * @typeParam P The persistent values.
 * @typeParam E The module's exports.
 */
export declare class AsyncRunner<P extends Record<string, any>, E> {
  private run
  private cleanup

  /**
   * @param run Makes the exports, at the first import and after each change. `values` are the persistent values now in
   * force; `emitUpdate()` emits `update` on the runtime at once.
   * @param cleanup Undoes what `run` did, before the next version runs. `exports` is what that run's promise resolved
   * with. A promise is awaited; any other result is ignored. Default: does nothing.
   * @throws TypeError when `run` is no function, or `cleanup` neither a function nor undefined.
   */
  constructor(run: (values: P, emitUpdate: () => void) => Promise<E>, cleanup?: (values: P, exports: E) => unknown)

  /**
   * Calls the `run` function that the instance was made with. The arguments are passed on unchecked.
   *
   * @param values The persistent values.
   * @param emitUpdate Emits `update` on the runtime.
   * @returns Its result, unchanged.
   * @throws Whatever it throws.
   */
  execute(values: P, emitUpdate: () => void): Promise<E>

  /**
   * Calls the `cleanup` function that the instance was made with. The arguments are passed on unchecked.
   *
   * @param values The persistent values.
   * @param exports What the run to undo resolved with.
   * @returns Its result, unchanged.
   * @throws Whatever it throws.
   */
  clean(values: P, exports: E): void | Promise<void>
}

/**
 * Makes an {@link AsyncRunner}: `run` returns a promise, and what it resolves with becomes the exports.
 *
 * @param run Makes the exports. `values` are the persistent values, `emitUpdate()` emits `update` on the runtime.
 * @param cleanup Undoes what `run` did, before the next version runs. A promise is awaited; any other result is
 * ignored. Default (`undefined`): does nothing.
 * @param isAsync `true`.
 * @throws TypeError when `run` is no function, or `cleanup` neither a function nor undefined.
 */
export declare function createRunner<P extends Record<string, any>, E, A extends true = true>(
  run: (values: P, emitUpdate: () => void) => Promise<E>,
  cleanup: ((values: P, exports: E) => unknown) | undefined,
  isAsync: A
): AsyncRunner<P, E>
/**
 * Makes a {@link Runner}: what `run` returns becomes the exports, also when it is a promise.
 *
 * @param run Makes the exports. `values` are the persistent values, `emitUpdate()` emits `update` on the runtime.
 * @param cleanup Undoes what `run` did, before the next version runs. A promise is awaited; any other result is
 * ignored. Default: does nothing.
 * @param isAsync `false`, or left out.
 * @throws TypeError when `run` is no function, or `cleanup` neither a function nor undefined.
 */
export declare function createRunner<P extends Record<string, any>, E, A extends false = false>(
  run: (values: P, emitUpdate: () => void) => E,
  cleanup?: (values: P, exports: E) => unknown,
  isAsync?: A
): Runner<P, E>
/**
 * Makes an {@link AsyncRunner} or a {@link Runner}, as `isAsync` says.
 *
 * @param run Makes the exports; returns a promise of them when `isAsync` is true.
 * @param cleanup Undoes what `run` did, before the next version runs.
 * @param isAsync Whether to await what `run` returns. Taken by truthiness.
 * @throws TypeError when `run` is no function, or `cleanup` neither a function nor undefined.
 */
export declare function createRunner<P extends Record<string, any>, E, A extends boolean = boolean>(
  run: (values: P, emitUpdate: () => void) => A extends true ? Promise<E> : E,
  cleanup: ((values: P, exports: E) => unknown) | undefined,
  isAsync: A
): A extends true ? AsyncRunner<P, E> : Runner<P, E>

/* ---------------------------------------------------- Runtime ---------------------------------------------------- */

/** An event of a runtime besides `update`: those of each emitter. Any other name is a misspelling. */
type OtherRuntimeEvent<N> = string extends N
  ? N
  : N extends symbol | 'update' | 'error' | 'newListener' | 'removeListener'
    ? N
    : never

/** An event of a watcher besides `update`: of its own, but no misspelling of that. */
type OtherWatcherEvent<N> = N extends 'updated' | 'updates' | 'Update' | 'udpate' | 'change' | 'changed' ? never : N

/**
 * What a runtime resolves and evaluates its modules with: `import.meta`, its `url`, or the path of a file, to which ids are
 * relative, for ES modules, TypeScript and CommonJS without a loader (Node 20.19 or later); or a require function.
 */
export type RuntimeBase = NodeJS.Require | ImportMeta | URL | string

/** What an {@link HMRRuntime} does beyond its documented default. */
export interface RuntimeOptions {
  /**
   * Whether an edit of a file that a hot module requires or imports plainly updates the hot module, and which files are
   * left alone. Followed is what is reached by `require` and, in a runtime made with `import.meta`, by `import`:
   * JavaScript, TypeScript, JSON and whatever else `require` loads, within the nearest package and the workspace packages
   * linked into it, up to other hot modules. `node_modules` is not followed.
   *
   * @defaultValue `true` for a runtime made with `import.meta`, a URL or a path; otherwise what
   * {@link HMRRuntime.followDependencies} said, at first `false`: only files imported through a runtime are reloaded.
   */
  dependencies?: boolean | DependencyOptions
}

/** Which plainly required files are followed. */
export interface DependencyOptions {
  /** Files that are not followed, nor anything that is only reached through them, as {@link WatchOptions.ignored}. */
  ignored?: WatchOptions['ignored']
}

/**
 * Imports hot modules and keeps them up to date. An `EventEmitter` in every respect; its own event is `update`, with
 * the id of the module that was updated, as the caller of `import` spelled it. Two runtimes share nothing: each has its
 * own exports and persistent values of a file. {@link createRuntime} is the shorter way to one.
 */
export declare class HMRRuntime extends EventEmitter {
  /** The class itself, for `require("@upvotr/node-hmr").default.HMRRuntime` and the like. */
  static get HMRRuntime(): typeof HMRRuntime

  /**
   * Switches the logging of updates, one line each, for all runtimes. Works detached from the class.
   *
   * @param log Taken by truthiness. Off until this was called.
   */
  static setLogging(this: void, log: boolean): void
  /** Whether updates are logged. */
  static loggingEnabled(this: void): boolean
  /**
   * Silences warnings, for all runtimes. Errors are still printed. Works detached from the class.
   *
   * @param suppress Taken by truthiness. Off until this was called.
   */
  static suppressWarnings(this: void, suppress: boolean): void
  /** Whether warnings are silenced. */
  static shouldSuppressWarnings(this: void): boolean
  /**
   * Switches following dependencies, for the runtimes made from now on whose {@link RuntimeOptions.dependencies} is left
   * out. The command's `--dependencies` calls this. Works detached from the class.
   *
   * @param follow Taken by truthiness. Off until this was called.
   */
  static followDependencies(this: void, follow: boolean): void
  /** Whether runtimes follow dependencies that are not told whether to. */
  static dependenciesFollowed(this: void): boolean
  /**
   * Switches reloading off, for all runtimes and for good: watches that run are stopped, and a later import watches
   * nothing. For production.
   */
  static disableReloading(this: void): void
  /** Whether {@link HMRRuntime.disableReloading} was called. */
  static reloadDisabled(this: void): boolean
  /**
   * Leaves well: stops every watch of every runtime, then cleans every module up: first all runners, then all
   * persistent values, those imported last first, each awaited. What a cleanup throws is reported, and the next one
   * runs. The command calls this on Ctrl-C and SIGTERM; a program with signal handlers of its own may call it there.
   *
   * @returns A promise that fulfils after the last cleanup. It waits for each cleanup, however long that takes.
   */
  static shutdown(this: void): Promise<void>

  /**
   * Mind the order of the arguments; {@link createRuntime} takes them the other way round.
   *
   * @param watcher Tells when a module changed; `false` to watch nothing. Any `EventEmitter` with a `watch` method.
   * @param require Resolves and evaluates the modules, and holds their cache. Normally `import.meta`, or the `require` of
   * the calling file, to which relative ids are relative.
   * @param options What to do beyond the default.
   * @throws TypeError when `watcher` is neither `false` nor an event emitter with a `watch` method, or `require` is
   * nothing that a runtime can be made with.
   */
  constructor(watcher: Watcher | false, require: RuntimeBase, options?: RuntimeOptions)

  /**
   * Imports a hot module, runs it and watches it. The object that the promise resolves with stays the same for good;
   * each update puts new `exports` on it, so hold the object, not its `exports`.
   *
   * A second import of an id runs the module again without evaluating its file, and gives the same object.
   *
   * @typeParam E `typeof import("./m")`, from which the runner's exports are inferred, or the type of the exports.
   * @param id What one would pass to `require`. `"./m"` and `"./m.js"` are two modules.
   * @returns The exports object. Its `exports` is what the runner gave; where `E` is the type of the exports, which is
   * not checked against the module, it may be undefined.
   * @throws (the promise rejects) TypeError when `id` is no string; TypeError `Invalid hot module export for import
   * <id>!` when the file exports no hot module; whatever resolving or evaluating the file, `generate`, the runner or
   * the watcher throws, unchanged. Nothing stays watched then. Errors of a later update reject nothing: they are
   * printed, and the last good version stays.
   */
  import<E = any>(
    id: string
  ): Promise<{
    exports: E extends HotModule<any, any> | { default: HotModule<any, any> } ? ExportType<E> : E | undefined
  }>

  /**
   * Forgets a module: stops its watch and calls the `cleanup` of its persistent values (not that of its runner), all
   * before it returns. The exports object that was handed out keeps its last `exports`; a later import starts afresh.
   *
   * @param id The id as it was given to `import`. An unknown id is ignored.
   * @throws TypeError when `id` is no string.
   */
  unimport(id: string): void

  /**
   * What is followed for a module with the option {@link RuntimeOptions.dependencies | dependencies}, for tools and tests.
   *
   * @param id The id as it was given to `import`.
   * @returns Resolved paths, those nearest to the module first. Empty for an unknown id, and without the option.
   * @throws TypeError when `id` is no string.
   */
  dependencies(id: string): string[]

  /** Stops the watches of all modules and cleans nothing up. A later import of a module gives the same object. */
  closeAll(): void

  /** `update`: a module was updated, or its runner called `emitUpdate`. The argument is the module's id. */
  on(eventName: 'update', listener: (...ids: string[]) => void): this
  on<N extends string | symbol>(eventName: OtherRuntimeEvent<N>, listener: (...args: any[]) => void): this
  once(eventName: 'update', listener: (...ids: string[]) => void): this
  once<N extends string | symbol>(eventName: OtherRuntimeEvent<N>, listener: (...args: any[]) => void): this
  off(eventName: 'update', listener: (...ids: string[]) => void): this
  off<N extends string | symbol>(eventName: OtherRuntimeEvent<N>, listener: (...args: any[]) => void): this
  emit(eventName: 'update', ...ids: string[]): boolean
  emit(eventName: string | symbol, ...args: any[]): boolean
}

/**
 * Makes an {@link HMRRuntime}: `createRuntime(import.meta)`, or `createRuntime(require)` in CommonJS. With `new` it is the
 * same.
 *
 * @param require Resolves and evaluates the modules. `import.meta`, `import.meta.url` or a path: modules of every kind,
 * with the hot module as `default` export or `module.exports`, resolved relative to that file. A `require` function: what
 * that loads.
 * @param watcher Tells when a module changed; `false` to watch nothing. Default `new FSWatcher(require)`.
 * @param options What to do beyond the default.
 * @throws TypeError when `require` is no require function, or `watcher` neither `false` nor an event emitter with a
 * `watch` method.
 */
export declare const createRuntime: {
  (require: RuntimeBase, watcher?: Watcher | false, options?: RuntimeOptions): HMRRuntime
  new (require: RuntimeBase, watcher?: Watcher | false, options?: RuntimeOptions): HMRRuntime
}

/* ---------------------------------------------------- Watchers --------------------------------------------------- */

/**
 * Base class of watchers: an `EventEmitter` in every respect, whose own event is `update`, with one or several ids of
 * changed modules. Extend it and emit `update` with the id that `watch` was called with (the resolved path is
 * understood as well). Give the constructor one parameter, `require`: that is what the command's `--watcher` passes.
 *
 * @example
 * ```ts
 * class Tick extends Watcher {
 *   watch(id: string) {
 *     const timer = setInterval(() => this.emit("update", id), 1000);
 *     return () => clearInterval(timer);
 *   }
 * }
 * ```
 */
export declare abstract class Watcher extends EventEmitter {
  /** @param require What the command passes to a watcher of one's own. This class does not use it. */
  constructor(require?: NodeJS.Require)

  /**
   * Starts to watch a module. Called once per module and runtime; an error thrown here rejects the import.
   *
   * @param id The id as the caller of `import` spelled it; resolve it through the `require` the watcher was made with.
   * @returns A function without parameters that ends this watch.
   */
  abstract watch(id: string): () => void

  /** `update`: modules changed. The arguments are their ids. */
  on(eventName: 'update', listener: (...ids: string[]) => void): this
  on<N extends string | symbol>(eventName: OtherWatcherEvent<N>, listener: (...args: any[]) => void): this
  once(eventName: 'update', listener: (...ids: string[]) => void): this
  once<N extends string | symbol>(eventName: OtherWatcherEvent<N>, listener: (...args: any[]) => void): this
  off(eventName: 'update', listener: (...ids: string[]) => void): this
  off<N extends string | symbol>(eventName: OtherWatcherEvent<N>, listener: (...args: any[]) => void): this
  /** Tells the runtimes that listen which modules changed. */
  emit(eventName: 'update', ...ids: string[]): boolean
  emit(eventName: string | symbol, ...args: any[]): boolean
}

/** How {@link FSWatcher} and {@link ContentWatcher} watch. */
export interface WatchOptions {
  /**
   * Whether to ask for the files' state at an interval instead of relying on the operating system's events. `interval` is
   * in milliseconds, at least 1; `true` is an interval of 300. `false` polls only what the system refuses to watch.
   * Default: what the environment variable `HMR_POLLING` says (`1`, or an interval); without it also what lies on a file
   * system that is known to send no events, such as network drives.
   */
  polling?: boolean | { interval: number }
  /**
   * Wait until a file was quiet for so long, in milliseconds, before its change is delivered. A file that is saved again
   * and again is delivered after five times as long. Default: the first save of a quiet file is delivered at once, and a
   * burst of further saves when it pauses for about 20.
   */
  debounce?: number
  /**
   * Files whose changes are not reported: a function of the resolved path, an expression that the resolved path is
   * matched against, or a list of files and folders, relative to the working directory in which the watcher, or the
   * runtime, is made. A folder stands for all below it.
   */
  ignored?: ((path: string) => boolean) | RegExp | string[]
}

/** Emits `update` when the file of a watched module was saved, also when its content stayed the same. */
export declare class FSWatcher extends Watcher {
  /**
   * @param require Used for `require.resolve` only; or what a runtime takes in its place, such as `import.meta`.
   * @param options How to watch.
   * @throws TypeError when `require` has no `resolve` function, or an option is of another type; RangeError when a number
   * of milliseconds, or `HMR_POLLING`, is out of range.
   */
  constructor(require: RuntimeBase, options?: WatchOptions)

  /**
   * Starts to watch a module's file. A watch keeps the process alive.
   *
   * @param id What `require.resolve` understands.
   * @returns A function that ends this watch; no event is emitted after it was called.
   * @throws Whatever `require.resolve` throws, for instance because there is no such file; TypeError when `id` is no
   * string.
   */
  watch(id: string): () => void
}

/** An {@link FSWatcher} that emits `update` only when the content of the file changed: a `touch` is ignored. */
export declare class ContentWatcher extends FSWatcher {}

/** Watches nothing. An alternative to `false` where a watcher is asked for. */
export declare class NoopWatcher extends Watcher {
  /**
   * @param id Ignored.
   * @returns A function that does nothing.
   */
  watch(id: string): () => void
}

/* ----------------------------------------------- Synthetic requires ----------------------------------------------- */

/**
 * Makes a require function of any function from id to exports, for a runtime to evaluate modules with: TypeScript or
 * ES modules through a loader, for instance.
 *
 * @param require Evaluates the module with the given id or path, and returns its export.
 * @param realRequire Lends `main` and `extensions`, and `resolve` unless given.
 * @param cache The cache that `require` keeps, by resolved path; each call then reaches `require`. Without it, results
 * are kept by id in a cache of the synthetic require's own.
 * @param resolve From id to path. Default: `realRequire.resolve`.
 * @returns A require function with `cache`, `main`, `extensions` and `resolve`.
 * @throws TypeError when `require` is no function, or `realRequire` is none.
 */
export declare function createSyntheticRequire(
  require: (id: string) => any,
  realRequire: NodeJS.Require,
  cache?: any,
  resolve?: (id: string) => string
): NodeJS.Require

/* -------------------------------------------------- Hot programs -------------------------------------------------- */

/** What became of a save of a hot program. Paths are absolute. */
export interface ProgramUpdate {
  outcome: 'updated' | 'reloaded' | 'failed'
  /** The files that changed together. */
  files: string[]
  /** The modules that were evaluated. */
  modules: string[]
  /** The modules that accepted the change. */
  acceptors: string[]
  /** From the first file to its acceptor, or to the entry. */
  way: string[]
  /** In milliseconds. */
  duration: number
}

/** The events of {@link updates}, with their arguments. */
export interface ProgramEvents {
  /** A module accepted the change. */
  updated: [update: ProgramUpdate]
  /** Nobody accepted it: the program's own modules were evaluated again. */
  reloaded: [update: ProgramUpdate]
  /** The new version failed; the last good one goes on. */
  failed: [update: ProgramUpdate & { error: unknown }]
  /** `import.meta.hot.send(event, data)`. */
  custom: [message: { event: string; data: unknown }]
}

/** Tells what happens to a hot program: what the log lines are made of. */
export interface Updates extends EventEmitter {
  on<N extends keyof ProgramEvents>(event: N, listener: (...args: ProgramEvents[N]) => void): this
  once<N extends keyof ProgramEvents>(event: N, listener: (...args: ProgramEvents[N]) => void): this
  off<N extends keyof ProgramEvents>(event: N, listener: (...args: ProgramEvents[N]) => void): this
}

/** Tells what happens to the hot program of this environment; silent in a process that runs none. */
export declare const updates: Updates

export { createModule as hmr, createSyntheticRequire as synthetic }
export default HMRRuntime
