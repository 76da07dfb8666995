// Watchers of one's own, as programs for the JavaScript package have them.
import {
  ContentWatcher,
  createRuntime,
  FSWatcher,
  HMRRuntime,
  NoopWatcher,
  type RuntimeOptions,
  Watcher,
  type WatchOptions
} from '@upvotr/node-hmr'
import { EventEmitter } from 'events'
import { watch } from 'fs'

export class TimestampWatcher extends Watcher {
  private watcher: unknown

  constructor(private require: NodeJS.Require) {
    super()
  }

  watch(id: string): () => void {
    let timeout: NodeJS.Timeout | undefined
    const watcher = watch(this.require.resolve(id), () => {
      if (timeout) clearTimeout(timeout)
      timeout = setTimeout(() => this.emit('update', id), 100)
    })
    this.watcher = watcher
    return () => watcher.close()
  }
}

// Overrides with the signatures of the JavaScript package.
export class Narrow extends Watcher {
  override on(eventName: 'update', listener: (...paths: string[]) => void): this {
    return super.on(eventName, listener)
  }
  override emit(eventName: 'update', ...args: string[]): boolean {
    return super.emit(eventName, ...args)
  }
  watch(id: string) {
    return () => void this.emit('update', id, id)
  }
}

export class Quiet extends FSWatcher {
  private logged = 0
  constructor(private readonly require: NodeJS.Require) {
    super(require, { debounce: 50 })
  }
  override watch(id: string) {
    this.logged++
    this.require.resolve(id)
    return super.watch(id)
  }
}

export class Logged extends HMRRuntime {
  override emit(eventName: 'update', ...args: string[]): boolean {
    return super.emit(eventName, ...args)
  }
}

// [node-hmr 14]
// @ts-expect-error: `watch` is missing
export class Incomplete extends Watcher {}

// Any event emitter with a `watch` method.
class Plain extends EventEmitter {
  watch(_id: string) {
    return () => {}
  }
}

const runtimes: HMRRuntime[] = [
  createRuntime(require),
  createRuntime(require, false),
  createRuntime(require, new TimestampWatcher(require)),
  createRuntime(require, new Plain()),
  new createRuntime(require, process.env.NODE_ENV === 'development' && new FSWatcher(require)),
  new HMRRuntime(new NoopWatcher(), require),
  new HMRRuntime(false, require)
]
// @ts-expect-error: the watcher comes first
new HMRRuntime(require, false)
// @ts-expect-error: no watcher
createRuntime(require, true)
// @ts-expect-error: an emitter without `watch`
createRuntime(require, new EventEmitter())
// @ts-expect-error: a require function is needed
createRuntime()

const followed: string[] = createRuntime(require, undefined, { dependencies: true }).dependencies('./a')
new HMRRuntime(false, require, { dependencies: { ignored: (path: string) => path.includes(followed[0]) } })
createRuntime(require, false, {})
const runtimeOptions: RuntimeOptions = { dependencies: { ignored: ['./generated'] } }
createRuntime(require, false, runtimeOptions)
// @ts-expect-error a list is no option
createRuntime(require, false, { dependencies: ['./lib'] })
// @ts-expect-error the id is needed
createRuntime(require).dependencies()

const options: WatchOptions[] = [
  {},
  { polling: true, debounce: 0, ignored: /\.log$/ },
  { polling: { interval: 250 }, ignored: (path) => path.endsWith('.log') },
  { ignored: ['./data'] }
]
new FSWatcher(require, options[0])
new ContentWatcher(require, options[1])
// @ts-expect-error: milliseconds are a number
new FSWatcher(require, { debounce: '20' })
// @ts-expect-error: polling needs its interval
new FSWatcher(require, { polling: {} })
// @ts-expect-error: a require function is needed
new FSWatcher()
const watcher: Watcher = new ContentWatcher(require)
same<ReturnType<typeof watcher.watch>, () => void>(true)

for (const runtime of runtimes) {
  same<typeof runtime, HMRRuntime>(true)
  // [node-hmr 31]
  const chained: HMRRuntime = runtime
    .on('update', (...ids) => same<typeof ids, string[]>(true))
    .once('update', (id) => id.trim())
    .off('update', () => {})
    .on('error', (error) => error)
    .once(Symbol('own'), () => {})
    .setMaxListeners(0)
  chained.emit('update', './a', './b')
}
watcher.on('update', (id) => id.trim()).on('ready', () => {})

// A watcher without a constructor of its own takes what the command passes.
class Own extends Watcher {
  watch(_id: string) {
    return () => {}
  }
}
createRuntime(require, new Own(require))
createRuntime(require, new Own())

// @ts-expect-error: the event is `update`
runtimes[0].on('updated', () => {})
// @ts-expect-error: the event is `update`
runtimes[0].once('change', () => {})
// @ts-expect-error: the event is `update`
watcher.on('updated', () => {})
const dynamic: string = runtimeOptions ? 'update' : 'error'
runtimes[0].on(dynamic, () => {}).off(dynamic, () => {})
