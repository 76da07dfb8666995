'use strict'

const { setTimeout: later } = require('node:timers')
const { standInFor } = require('./stand-in.js')

/** SIGHUP: the terminal was closed. */
const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }
/**
 * How long after the first signal another one is the same wish, in milliseconds. Whoever started the command hands the
 * terminal's Ctrl-C on to a program that has it already, or sends SIGTERM after it. Nobody presses it so fast.
 */
const SAME_WISH = 150

/** The disposers of a hot program, and all cleanups of all hot modules. */
async function cleanUp(hmr, binding) {
  await Promise.all([binding.disposeProgram?.(), hmr.HMRRuntime.shutdown?.()])
}

/**
 * On Ctrl-C, SIGTERM and SIGHUP: the disposers of a hot program and the cleanups, then the exit code the shell expects;
 * the second time, the exit alone.
 */
function leaveWell(hmr, binding, grace) {
  let leavingSince
  for (const [signal, code] of Object.entries(SIGNALS)) {
    standInFor(signal, async () => {
      // Not the program's clock, which may be a fake.
      const now = process.uptime()
      if (leavingSince !== undefined) {
        if ((now - leavingSince) * 1000 > SAME_WISH) process.exit(code)
        return
      }
      leavingSince = now
      later(() => {
        console.error(`[hmr] the cleanups took longer than ${grace} ms; leaving without them`)
        process.exit(code)
      }, grace)
      await cleanUp(hmr, binding)
      process.exit(code)
    })
  }
}

module.exports = { cleanUp, leaveWell }
