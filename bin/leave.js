'use strict'

const { isatty } = require('node:tty')

const SIGNALS = { SIGINT: 130, SIGTERM: 143 }
/** npm hands the terminal's Ctrl-C on to a program that has it already, at once. Nobody presses it so fast. */
const ECHO = 100

/** On Ctrl-C and SIGTERM: the cleanups, then the exit code the shell expects; the second time, the exit alone. */
function leaveWell(hmr, grace) {
  const hasEchoes = process.env.npm_lifecycle_event !== undefined && isatty(0)
  let leavingSince
  for (const [signal, code] of Object.entries(SIGNALS)) {
    standInFor(signal, async () => {
      if (leavingSince !== undefined) {
        if (!hasEchoes || Date.now() - leavingSince > ECHO) process.exit(code)
        return
      }
      leavingSince = Date.now()
      setTimeout(() => {
        console.error(`[hmr] the cleanups took longer than ${grace} ms; leaving without them`)
        process.exit(code)
      }, grace)
      await hmr.HMRRuntime.shutdown?.()
      process.exit(code)
    })
  }
}

/**
 * Listens for a signal as long as the program itself does not. A second listener would be in the way even if it did
 * nothing: some packages end the process only if all listeners are their own.
 */
function standInFor(signal, listener) {
  process.on(signal, listener)
  process.on('newListener', (event, added) => {
    if (event !== signal || added === listener) return
    // Not at once: without any listener, Node would give the signal back before the new one is there.
    queueMicrotask(() => {
      if (process.listenerCount(signal) > 1) process.off(signal, listener)
    })
  })
  process.on('removeListener', (event) => {
    if (event === signal && process.listenerCount(signal) === 0) process.on(signal, listener)
  })
}

module.exports = { leaveWell }
