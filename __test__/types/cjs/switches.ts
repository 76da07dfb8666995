// The class, its statics, and the ways to reach them.

import * as everything from '@upvotr/node-hmr'
import HMRRuntime, { type createSyntheticRequire, type HMRRuntime as Named, synthetic } from '@upvotr/node-hmr'

import required = require('@upvotr/node-hmr')

// [node-hmr 31]
same<typeof HMRRuntime, typeof Named>(true)
same<typeof required.default, typeof Named>(true)
same<typeof required.HMRRuntime, typeof Named>(true)
same<typeof everything.default, typeof Named>(true)
same<typeof Named.HMRRuntime, typeof Named>(true)
same<typeof synthetic, typeof createSyntheticRequire>(true)

const { setLogging, suppressWarnings, followDependencies, disableReloading } = HMRRuntime
setLogging(true)
suppressWarnings(false)
followDependencies(true)
disableReloading()
const switches: boolean[] = [
  HMRRuntime.loggingEnabled(),
  HMRRuntime.shouldSuppressWarnings(),
  HMRRuntime.dependenciesFollowed(),
  HMRRuntime.reloadDisabled()
]
const left: Promise<void> = HMRRuntime.shutdown()
same<ReturnType<typeof setLogging>, void>(true)
// @ts-expect-error: a boolean
setLogging('yes')
// @ts-expect-error: a boolean
followDependencies({ ignored: [] })

const own: NodeJS.Require = synthetic((id) => require(id).default, require)
const shared = synthetic(
  (id: string) => require(id),
  require,
  require.cache,
  (id) => id
)
// [node-hmr 13]
same<typeof shared, NodeJS.Require>(true)
shared.resolve('./m')
// @ts-expect-error: the real require is needed
synthetic((id: string) => id)

// @ts-expect-error: no such export
everything.createWatcher

export { own, switches }
