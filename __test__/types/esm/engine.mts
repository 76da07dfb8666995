// What a runtime is made with, besides a `require` function.
import { ContentWatcher, createRuntime, FSWatcher, HMRRuntime, type RuntimeBase } from '@upvotr/node-hmr'
import { URL } from 'url'

const runtimes: HMRRuntime[] = [
  createRuntime(import.meta),
  createRuntime(import.meta.url, false),
  createRuntime(new URL(import.meta.url), new FSWatcher(import.meta)),
  createRuntime('/app/index.js', undefined, { dependencies: false }),
  new createRuntime(import.meta),
  new HMRRuntime(new ContentWatcher(import.meta, { debounce: 50 }), import.meta, { dependencies: true })
]

const bases: RuntimeBase[] = [import.meta, import.meta.url, new URL(import.meta.url), '/app/index.js']

const loaded = await createRuntime(import.meta).import<typeof import('./hot-module.mjs')>('./hot-module.mjs')
same<typeof loaded.exports, { name: string }>(true)

// @ts-expect-error: no file
createRuntime(42)

export { bases, runtimes }
