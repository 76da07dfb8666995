// @ts-check
// JavaScript that TypeScript checks: `require` gives the types as well.
const {
  HMRRuntime,
  Watcher,
  createPersist,
  createRunner,
  createRuntime,
  default: byDefault,
  hmr
} = require('@upvotr/node-hmr')

class Never extends Watcher {
  /** @param {string} id */
  watch(id) {
    return () => void id
  }
}

const runtime = new createRuntime(require, new Never())
HMRRuntime.setLogging(false)
byDefault.setLogging(false)
runtime.import('./m').then((m) => m.exports.anything())
// @ts-expect-error: an id is a string
runtime.unimport(5)

module.exports = hmr(
  createPersist(() => ({ n: 1 })),
  createRunner(({ n }) => n + 1)
)
