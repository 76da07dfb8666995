// Declares `import.meta.hot`, and `module.hot` for CommonJS. In tsconfig.json:
//   "types": ["node", "@upvotr/node-hmr/import-meta"]
// It may stand beside "vite/client" with `skipLibCheck`, whose type `import.meta.hot` has then.

declare namespace NodeHmr {
  /** The exports of a module. */
  type ModuleNamespace = Record<string, any> & { [Symbol.toStringTag]: 'Module' }

  /** One accepted change. */
  interface Update {
    type: 'js-update'
    /** The accepting module's absolute path. */
    path: string
    /** The absolute path of the module that it accepts. */
    acceptedPath: string
    /** Milliseconds since 1970. */
    timestamp: number
  }

  /** The events of an update, with what their listeners get. */
  interface Events {
    'vite:beforeUpdate': { type: 'update'; updates: Update[] }
    'vite:afterUpdate': { type: 'update'; updates: Update[] }
    'vite:beforeFullReload': { type: 'full-reload'; path: string; triggeredBy?: string }
    'vite:beforePrune': { type: 'prune'; paths: string[] }
    'vite:invalidate': { path: string; message: string | undefined; firstInvalidatedBy: string }
    'vite:error': { type: 'error'; err: unknown }
  }

  /** What `import.meta.hot` is: present in every hot module, `undefined` when the program does not run hot. */
  interface HotContext {
    /** An object that outlives versions, failures and reloads of the module, until it is pruned. */
    readonly data: any

    /** Takes the module's own updates. The callback gets the new version, `undefined` if that failed; it is awaited. */
    accept(callback?: (module: ModuleNamespace | undefined) => unknown): void
    /** Takes the updates of a module that this one imports, now or later. */
    accept(
      dependency: string,
      callback?: (module: ModuleNamespace | undefined) => unknown,
      errorHandler?: (error: unknown, ids: { moduleId: string; dependencyId: string }) => unknown
    ): void
    /** Takes the updates of several. The callback gets those that were updated in their places, once per update. */
    accept(
      dependencies: readonly string[],
      callback?: (modules: Array<ModuleNamespace | undefined>) => unknown,
      errorHandler?: (error: unknown, ids: { moduleId: string; dependencyId: string }) => unknown
    ): void

    /** Takes the module's own updates as long as its importers use only these exports. */
    acceptExports(names: string | readonly string[], callback?: (module: ModuleNamespace | undefined) => unknown): void

    /** A change that reaches this module restarts the process. */
    decline(): void

    /** Called before this version is replaced, pruned or released; awaited. The latest is called first. */
    dispose(callback: (data: any) => unknown): void

    /** Called after the disposers when nobody imports the module any more. */
    prune(callback: (data: any) => unknown): void

    /** This version cannot take the update after all: the change goes on to the importers. */
    invalidate(message?: string): void

    /** Listens for an event, until this version is replaced. */
    on<Name extends keyof Events>(event: Name, listener: (payload: Events[Name]) => unknown): void
    on(event: string, listener: (data: any) => unknown): void
    /** Ends that. */
    off(event: string, listener: (data: any) => unknown): void
    /** Tells the listeners of `on` in this process, and those of `updates`. */
    send(event: string, data?: unknown): void

    /**
     * Watches files that are no modules: paths, file: URLs, folders or globs, relative to the module's folder. A change
     * counts as one of this module; with a callback, that alone is called, with the absolute path.
     */
    watch(paths: string | URL | ReadonlyArray<string | URL>, callback?: (path: string) => unknown): void
  }

  /** `module.hot` of CommonJS: the same, and webpack's names. */
  interface CommonJsHotContext extends HotContext {
    /** As `dispose`. */
    addDisposeHandler(callback: (data: any) => unknown): void
    /** Takes a disposer back. */
    removeDisposeHandler(callback: (data: any) => unknown): void
  }
}

interface ImportMeta {
  /** Present when the program runs hot: `import.meta.hot?.accept()` needs no other guard. */
  readonly hot?: NodeHmr.HotContext
}

declare namespace NodeJS {
  interface Module {
    /** Present when the program runs hot. */
    hot?: NodeHmr.CommonJsHotContext
  }
}

interface NodeModule {
  /** Present when the program runs hot. */
  hot?: NodeHmr.CommonJsHotContext
}
