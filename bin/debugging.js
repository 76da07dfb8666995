'use strict'

const inspector = require('node:inspector')

/**
 * Opens the inspector, as `node --inspect` does. An option of ours, since the file in `node_modules/.bin` that Node would
 * be given is a shell script with some package managers.
 *
 * @param {string} address `[host:]port`, or empty
 * @param {boolean} waits until a debugger is there
 */
function openInspector(address, waits) {
  const match = /^(?:(?:\[([^\]]+)\]|([^:]*)):)?(\d*)$/.exec(address)
  const [, six, host = six, port] = match ?? []
  if (!match || Number(port) > 65_535)
    throw new RangeError(`--inspect takes [host:]port, as in --inspect=9230; got "${address}"`)
  // `node --inspect` was given, too: there it is already.
  if (inspector.url() === undefined) inspector.open(port === '' ? 9229 : Number(port), host || undefined)
  if (waits) inspector.waitForDebugger()
}

module.exports = { openInspector }
