'use strict'

const SIGNAL = 'SIGUSR2'
/** Whether the signal came before the program could take it. */
let cameEarly = false
const noteEarly = () => {
  cameEarly = true
}
// Without a listener the signal ends the process, and whoever sent it has been told of no new process.
if (process.env.HMR_RESTARTED !== undefined && process.platform !== 'win32') process.on(SIGNAL, noteEarly)

const inspector = require('node:inspector')
const { cleanUp } = require('./leave.js')
const { standInFor } = require('./stand-in.js')

/** The command line, before anything changes it. */
const commandLine = [process.argv0, ...process.execArgv, ...process.argv.slice(1)]

/**
 * Lets the process be restarted, also by SIGUSR2. Returns whether this is a restart (`isBack`), and a function that
 * restarts the process (`restarts`).
 *
 * @param {object} given
 * @param {any} given.hmr the package that the program uses
 * @param {any} given.binding its internals
 * @param {Record<string, any>} given.options of the command
 * @param {string} given.folder where the command was started
 * @param {boolean} given.isHot whether the command runs a hot program, and not only a hot module
 */
function hmrComeBack({ hmr, binding, options, folder, isHot }) {
  if (!binding.prepareRestart) return {}
  if (process.platform !== 'win32') standInFor(SIGNAL, () => binding.restartProgram(SIGNAL))
  process.off(SIGNAL, noteEarly)
  const address = binding.prepareRestart({
    arguments: commandLine,
    folder,
    isHot,
    grace: options.grace,
    envFiles: options.envFile,
    leave: () => cleanUp(hmr, binding)
  })
  if (cameEarly) setImmediate(() => binding.restartProgram(SIGNAL))
  if (address && inspector.url() === undefined) openAgain(address)
  const isBack = address !== undefined
  if (process.platform === 'win32' || !isHot) return { isBack }
  const restarts = (what) => {
    binding.restartProgram(what)
    return new Promise(() => {})
  }
  return { isBack, restarts }
}

/** Opens the inspector that the program or a signal had opened at the same address, where debuggers look for it. */
function openAgain(address) {
  const port = address.lastIndexOf(':')
  try {
    inspector.open(Number(address.slice(port + 1)), address.slice(0, port).replace(/^\[|\]$/g, ''))
  } catch {
    // Another process has taken the port.
  }
}

module.exports = { hmrComeBack }
