'use strict'

const { setTimeout: later } = require('node:timers')
const { say } = require('./say.js')
const { standInFor } = require('./stand-in.js')

/** SIGHUP: the terminal was closed. */
const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }
/**
 * Time after the first signal within which another one is the same wish, in milliseconds. npm and others hand the
 * terminal's Ctrl-C on to a program that has got it already, or send SIGTERM after it. No user presses it so fast.
 */
const SAME_WISH = 150

/** Runs the disposers of a hot program and the cleanups of all hot modules. */
async function cleanUp(hmr, binding) {
  await Promise.all([binding.disposeProgram?.(), hmr.HMRRuntime.shutdown?.()])
}

/**
 * On Ctrl-C, SIGTERM and SIGHUP, runs the disposers of a hot program and the cleanups, then exits with the code that
 * shells expect. A second signal exits at once. If the program listens for the signal itself, the process ends once the
 * program has nothing left to do, as under node.
 */
function leaveWell(hmr, binding, grace) {
  let leavingSince
  for (const [signal, code] of Object.entries(SIGNALS)) {
    standInFor(
      signal,
      async () => {
        // The program's own clock may be a fake.
        const now = process.uptime()
        if (leavingSince !== undefined) {
          if ((now - leavingSince) * 1000 > SAME_WISH) process.exit(code)
          return
        }
        leavingSince = now
        later(() => {
          say(`[hmr] the cleanups took longer than ${grace} ms; leaving without them`)
          process.exit(code)
        }, grace)
        await cleanUp(hmr, binding)
        process.exit(code)
      },
      () => binding.letProgramEnd?.()
    )
  }
}

module.exports = { cleanUp, leaveWell }
