'use strict'

const inspector = require('node:inspector')

/**
 * Opens the inspector, as `node --inspect` does. The command has an option for it because users cannot give the command
 * to `node --inspect`: some package managers make a shell script of the file in `node_modules/.bin`.
 *
 * @param {string} address `[host:]port`, or empty
 * @param {boolean} waits whether to wait for a debugger
 */
function openInspector(address, waits) {
  const match = /^(?:(?:\[([^\]]+)\]|([^:]*)):)?(\d*)$/.exec(address)
  const [, six, host = six, port] = match ?? []
  if (!match || Number(port) > 65_535)
    throw new RangeError(`--inspect takes [host:]port, as in --inspect=9230; got "${address}"`)
  // With `node --inspect` the inspector is open already.
  if (inspector.url() === undefined) inspector.open(port === '' ? 9229 : Number(port), host || undefined)
  if (waits) inspector.waitForDebugger()
}

module.exports = { openInspector }
