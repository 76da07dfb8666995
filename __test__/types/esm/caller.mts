import * as everything from '@upvotr/node-hmr'
import HMRRuntime, {
  AsyncRunner,
  ContentWatcher,
  type createModule,
  createPersist,
  createRunner,
  createRuntime,
  type createSyntheticRequire,
  // [node-hmr 2]
  type ExportType,
  FSWatcher,
  type HotModule,
  hmr,
  type HMRRuntime as Named,
  NoopWatcher,
  PersistManager,
  Runner,
  type synthetic,
  Watcher,
  type WatchOptions
} from '@upvotr/node-hmr'
import { createRequire } from 'module'

declare const url: string
const require = createRequire(url)

same<typeof HMRRuntime, typeof Named>(true)
// [node-hmr 31]
same<typeof everything.default, typeof Named>(true)
same<typeof everything.hmr, typeof createModule>(true)
same<typeof synthetic, typeof createSyntheticRequire>(true)

class Own extends Watcher {
  constructor(private require: NodeJS.Require) {
    super()
  }
  watch(id: string) {
    this.require.resolve(id)
    return () => {}
  }
}

const options: WatchOptions = { polling: { interval: 1000 } }
const runtime = createRuntime(require, new Own(require))
const others: Named[] = [
  new createRuntime(require, new NoopWatcher()),
  new HMRRuntime(new ContentWatcher(require, options), require),
  new HMRRuntime(new FSWatcher(require), require)
]

const loaded = await runtime.import<typeof import('./hot-module.mjs')>('./hot-module.mjs')
// [node-hmr 31]
same<typeof loaded.exports, { name: string }>(true)
same<ExportType<typeof import('./hot-module.mjs')>, { name: string }>(true)
loaded.exports.name

const made: HotModule<{ n: number }, string> = hmr(
  createPersist(() => ({ n: 1 })),
  createRunner(({ n }) => n.toFixed())
)
const byHand: HotModule<{}, number> = { persist: new PersistManager(), runner: new Runner(() => 1) }
const byHandToo: HotModule<{}, number> = { persist: new PersistManager(), runner: new AsyncRunner(async () => 1) }

// @ts-expect-error: no such export
everything.createWatcher

export { byHand, byHandToo, made, others }
