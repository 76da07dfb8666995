'use strict'

const { setImmediate: soon } = require('node:timers')
const { standInFor } = require('./stand-in.js')

/**
 * An uncaught exception or unhandled rejection is reported, and the process waits for the next save: an edit may be
 * wrong. Not if the program listens for it itself.
 *
 * @param {any} hmr the package that the program uses
 * @param {any} binding its addon; one from before this has no such report, and keeps Node's rule
 * @param {string} file what is blamed if the stack leads to no hot module
 * @param {boolean} atOnce otherwise from the first save on: whoever started it has to see that a start fails late
 */
function outliveErrors(hmr, binding, file, atOnce) {
  if (!binding.reportUncaught) return
  const begin = () => {
    const end = standInFor('uncaughtException', (error, origin) => {
      const isRejection = origin === 'unhandledRejection'
      if (!hmr.HMRRuntime.reloadDisabled()) return binding.reportUncaught(error, isRejection, file)
      // The program has switched reloading off since: no save will mend it.
      end()
      soon(() => {
        throw error
      })
    })
  }
  // The same error is said in full again after an update: it was not mended.
  for (const outcome of ['updated', 'reloaded']) binding.updates?.on(outcome, binding.uncaughtIsOver)
  if (atOnce) begin()
  else {
    let hasBegun = false
    const beginOnce = () => {
      if (!hasBegun) begin()
      hasBegun = true
    }
    binding.onSaveTaken(beginOnce)
    for (const outcome of ['updated', 'reloaded', 'failed']) binding.updates?.once(outcome, beginOnce)
  }
}

module.exports = { outliveErrors }
