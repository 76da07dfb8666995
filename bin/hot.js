'use strict'

const fs = require('node:fs')
const { places, refusal, registerUrl } = require('./doors.js')

/** Whether the command runs the file as a hot program: a loader or a watcher of the user's is the classic way. */
function isHotProgram(binding, options) {
  return options.require === undefined && options.watcher === undefined && !refusal() && !!binding.openProgram
}

/**
 * Runs a program hot. What its entry exports is returned: a runtime takes it if it is a hot module.
 *
 * @param {object} given
 * @param {any} given.binding the addon of the package that the program uses
 * @param {Record<string, any>} given.options of the command
 * @param {string} given.entry absolute path
 */
async function hmrRunHot({ binding, options, entry }) {
  for (const file of options.envFile ?? []) process.loadEnvFile(file)
  binding.openProgram(places, { ...options, entry, command: true })
  beInherited()
  const unsettled = () => {
    if (binding.programIsPending()) process.exitCode ??= UNSETTLED
  }
  process.on('exit', unsettled)
  try {
    return await binding.runProgram(fs.realpathSync(entry))
  } finally {
    process.off('exit', unsettled)
  }
}

/** Node's exit code when a top-level await never settles. */
const UNSETTLED = 13

/** Workers and children that inherit the options of this process run hot as well. */
function beInherited() {
  process.execArgv.push('--import', registerUrl)
  const threads = require('node:worker_threads')
  threads.Worker = new Proxy(threads.Worker, {
    construct(Worker, [file, options], target) {
      if (options?.execArgv !== undefined) return Reflect.construct(Worker, [file, options], target)
      const execArgv = process.execArgv.filter((argument) => !/^--(max|inspect|title|expose)/.test(argument))
      return Reflect.construct(Worker, [file, { ...options, execArgv }], target)
    }
  })
  require('node:module').syncBuiltinESMExports()
}

module.exports = { isHotProgram, hmrRunHot }
