// Persistent values, runners and hot modules, made in every way.
import {
  type AsyncRunner,
  type createModule,
  createPersist,
  createRunner,
  type HotModule,
  hmr,
  PersistManager,
  Runner
} from '@upvotr/node-hmr'

interface Values {
  port: number
}

same<typeof createModule, typeof hmr>(true)

/* Persistent values */
const persist = createPersist(() => ({ port: 0 }))
same<typeof persist, PersistManager<{ port: number }>>(true)
const awaited = createPersist(
  async (): Promise<Values> => ({ port: 0 }),
  async (values) => void values.port.toFixed()
)
same<typeof awaited, PersistManager<Values>>(true)
createPersist()
createPersist(undefined, () => 5)
new PersistManager()
new PersistManager<Values>(() => ({ port: 1 }))
same<ReturnType<PersistManager<Values>['generate']>, Values | Promise<Values>>(true)
persist.cleanup({ port: 1 })
// @ts-expect-error: other values
persist.cleanup({ host: '' })
// @ts-expect-error: values are an object
createPersist(() => 5)

/* Runners */
const sync = createRunner((values: Values, emitUpdate) => (emitUpdate(), values.port))
same<typeof sync, Runner<Values, number>>(true)
const cleaned = createRunner(
  ({ port }: Values) => String(port),
  ({ port }, exports) => port.toFixed() + exports.trim()
)
same<typeof cleaned, Runner<Values, string>>(true)
const cleanedLater = createRunner(
  ({ port }: Values) => String(port),
  async (_values, exports) => void exports.trim(),
  false
)
same<typeof cleanedLater, Runner<Values, string>>(true)
const promised = createRunner(async ({ port }: Values) => port)
same<typeof promised, Runner<Values, Promise<number>>>(true)
const asynchronous = createRunner(
  async ({ port }: Values, emitUpdate: () => void) => (emitUpdate(), { port }),
  async (values, exports) => void (values.port + exports.port),
  true
)
same<typeof asynchronous, AsyncRunner<Values, { port: number }>>(true)
const withoutCleanup = createRunner(async (_: Values) => 1, undefined, true)
same<typeof withoutCleanup, AsyncRunner<Values, number>>(true)
const three = createRunner<Values, string, true>(
  async () => '',
  () => {},
  true
)
same<typeof three, AsyncRunner<Values, string>>(true)
const two = createRunner<Values, string>(() => '')
same<typeof two, Runner<Values, string>>(true)
const threeFalse = createRunner<Values, string, false>(() => '')
same<typeof threeFalse, Runner<Values, string>>(true)
// @ts-expect-error: an AsyncRunner's run returns a promise
createRunner((_: Values) => 5, undefined, true)
// @ts-expect-error: a runner needs a run function
createRunner()
// @ts-expect-error: cleanup is a function
createRunner(() => 5, 'cleanup')

const isAsync: boolean = Math.random() > 0.5
const either = createRunner<Values, string, boolean>(() => '' as never, undefined, isAsync)
same<typeof either, AsyncRunner<Values, string> | Runner<Values, string>>(true)

same<ReturnType<Runner<Values, string>['execute']>, string>(true)
same<ReturnType<AsyncRunner<Values, string>['execute']>, Promise<string>>(true)
asynchronous.clean({ port: 1 }, { port: 2 })

// The two are unrelated.
// @ts-expect-error
const notAsync: AsyncRunner<Values, number> = sync
// @ts-expect-error
const notSync: Runner<Values, Promise<{ port: number }>> = asynchronous

class Counted extends Runner<Values, number> {
  runs = 0
  constructor() {
    super(({ port }) => port)
  }
  override execute(values: Values, emitUpdate: () => void) {
    this.runs++
    return super.execute(values, emitUpdate)
  }
}

/* Hot modules */
const hot = hmr(persist, sync)
same<typeof hot, HotModule<{ port: number }, number> | HotModule<Values, number>>(false)
const asValues: HotModule<Values, number> = hot
hmr(
  null,
  createRunner(() => 'text'),
  true
)
hmr(awaited, new Counted(), false)
same<ReturnType<typeof hmr<Values, string>>['updatePersistentValues'], boolean | undefined>(true)
// @ts-expect-error: a look-alike is no runner
// [node-hmr 7]
hmr(null, { execute: () => 1, clean() {} })
const otherValues = createPersist(() => ({ host: '' }))
// @ts-expect-error: values of another type
hmr(otherValues, sync)
// @ts-expect-error: undefined is no persist manager
hmr(undefined, sync)

// [node-hmr 31]
const byHand: HotModule<Values, number> = { persist: awaited, runner: sync }
const flagged: HotModule<Values, number> = { persist: awaited, runner: sync, updatePersistentValues: true }
const misspelled: HotModule<Values, number> = { persist: awaited, runner: sync, updatePersistientValues: true }
// @ts-expect-error: no such flag
const unknownFlag: HotModule<Values, number> = { persist: awaited, runner: sync, update: true }
// @ts-expect-error: persist is required in a hot module written by hand
const withoutPersist: HotModule<Values, number> = { runner: sync }
export { asValues, byHand, flagged, misspelled, notAsync, notSync, unknownFlag, withoutPersist }
