'use strict'

const { setImmediate: soon } = require('node:timers')
const { standInFor } = require('./stand-in.js')

/**
 * Lets the process survive uncaught exceptions and unhandled rejections, since an edit may be wrong: reports the error,
 * and the next save is taken. Not if the program listens for such errors itself.
 *
 * @param {any} hmr the package that the program uses
 * @param {any} binding its internals; with older ones, which have no such report, Node's rule stays
 * @param {string} file the file to name if the stack leads to no hot module
 * @param {boolean} atOnce whether to begin at once, and not at the first save: without a terminal, a late failure of the
 *   start has to end the process
 */
function outliveErrors(hmr, binding, file, atOnce) {
  if (!binding.reportUncaught) return
  const begin = () => {
    const end = standInFor('uncaughtException', (error, origin) => {
      const isRejection = origin === 'unhandledRejection'
      if (!hmr.HMRRuntime.reloadDisabled()) return binding.reportUncaught(error, isRejection, file)
      // The program has switched reloading off since, so no save will mend the error.
      end()
      soon(() => {
        throw error
      })
    })
  }
  // After an update the same error is reported in full again, since the update has not mended it.
  for (const outcome of ['updated', 'reloaded']) hmr.updates?.on(outcome, binding.uncaughtIsOver)
  if (atOnce) begin()
  else {
    let hasBegun = false
    const beginOnce = () => {
      if (!hasBegun) begin()
      hasBegun = true
    }
    binding.onSaveTaken(beginOnce)
    binding.onProgramSave?.(beginOnce)
  }
}

module.exports = { outliveErrors }
