'use strict'

const fs = require('node:fs')
const path = require('node:path')
const { places, refusal, registerUrl } = require('./doors.js')
const { already, hmrMakeWatcher, startFolder } = require('./program.js')
const { say } = require('./say.js')

/** Node's exit code when a top-level await never settles. */
const UNSETTLED = 13
/** Node's exit code when a file of variables is missing. */
const NO_FILE = 9

/**
 * Whether the command runs the file as a hot program. With a loader or a watcher of the user's, or for a CommonJS module
 * that makes a runner, a runtime of the classic API imports the file instead.
 */
function isHotProgram(binding, options, entry) {
  if (options.require !== undefined || options.watcher !== undefined) return false
  return !refusal() && !!binding.openProgram && !looksClassic(entry)
}

function looksClassic(entry) {
  if (!/\.c?js$/.test(entry)) return false
  try {
    const text = fs.readFileSync(entry, 'utf8')
    return /\bcreateRunner\b|\bcreateModule\b|\b(Async)?Runner\b/.test(text) && !/^\s*(import|export)\s/m.test(text)
  } catch {
    // The classic way reports a missing file.
    return true
  }
}

/**
 * Why this version of Node (or Bun or Deno) cannot run the file, or undefined. Hot modules of the classic API run
 * everywhere; a file without exports is no hot module.
 */
function refusedProgram(options, entry) {
  const why = options.require === undefined && options.watcher === undefined ? refusal() : undefined
  if (why === undefined) return undefined
  try {
    const text = fs.readFileSync(entry, 'utf8')
    return /\bexports\b|\bexport\s+default\b|\bas\s+default\b|\bexport\s*=/.test(text) ? undefined : why
  } catch {
    return undefined
  }
}

/**
 * Opens this process for a hot program. Returns a function that runs the program. If the entry exports a hot module, the
 * runtime takes it.
 *
 * @param {object} given
 * @param {any} given.hmr the package that the program uses
 * @param {any} given.binding its internals
 * @param {Record<string, any>} given.options of the command
 * @param {any} given.require_ the wrapper that the runtime has
 * @param {any} given.runtime
 * @param {string} given.file as it was typed
 * @param {string} given.entry its absolute path
 * @param {(what: string) => Promise<never>} [given.restarts] starts the process again
 */
function hmrOpenHot({ hmr, binding, options, require_, runtime, file, entry, restarts }) {
  hmrLoadVariables(options.envFile ?? [])
  binding.openProgram(places, { ...options, entry, command: true })
  beInherited(options)
  if (binding.programIsHot()) process.once('beforeExit', () => waitForChanges(binding, options))
  return async function hmrRunHot() {
    await hmrRun(binding, entry)
    const hmrTake = (exported) =>
      hmrTakeEntry({ hmr, binding, options, require_, runtime, file, entry, restarts, exported })
    const taken = await hmrTake(binding.entryExport())
    if (taken) return taken
    binding.onEntry((exported) => {
      hmrTake(exported).catch((error) => binding.reportError(file, 'the new version failed', error))
    })
    const isOnTerminal = process.stdout.isTTY && !options.suppressWarnings
    if (options.enableLogging === undefined && isOnTerminal) binding.logByDefault()
    return undefined
  }
}

/** Lets a runtime take the entry's export if it is a hot module. Then the program is closed, and only runtimes watch. */
async function hmrTakeEntry({ hmr, binding, options, require_, runtime, file, entry, restarts, exported }) {
  if (!binding.isHotModule(exported)) return undefined
  binding.closeProgram()
  // A later version of the file may export no hot module: then the process starts again, as a program.
  if (restarts) binding.onNoHotModule(file, () => !!restarts(entry))
  const path = realPath(entry)
  const ran = require_.cache[path]
  if (ran && ran.exports === exported) {
    already.set(path, ran)
    // Taken out, as the runtime would evict it and then get the same exports: it would take the loader for one that never
    // forgets.
    delete require_.cache[path]
    return runtime.import(file)
  }
  const engine = binding.entryRequire(startFolder, path)
  const watcher = await hmrMakeWatcher(hmr, engine, options)
  return hmr.createRuntime(engine, watcher, { dependencies: !!options.dependencies }).import(file)
}

/** Lets the watches keep the process alive from now on, since the program has nothing else to do. */
function waitForChanges(binding, options) {
  if (!binding.keepProgramAlive()) return
  if (!options.suppressWarnings) say('[hmr] waiting for changes')
}

/** Loads files of variables as `node --env-file` does: variables that are set stay, and a later file counts more. */
function hmrLoadVariables(files) {
  for (const file of [...files].reverse()) {
    try {
      process.loadEnvFile(path.resolve(startFolder, file))
    } catch (error) {
      if (error.code !== 'ENOENT') throw error
      console.error(`[hmr] --env-file=${file}: not found`)
      process.exit(NO_FILE)
    }
  }
}

async function hmrRun(binding, entry) {
  let unsettled = []
  const idle = () => {
    if (process.exitCode !== undefined || binding.keepProgramAlive()) return
    unsettled = binding.unsettledModules()
    // Set only now, so that exit listeners get it. A `process.exit()` of the program's own means what it says.
    if (unsettled.length > 0) process.exitCode = UNSETTLED
  }
  const settled = () => {
    if (unsettled.length > 0 && process.exitCode === UNSETTLED) process.exitCode = undefined
    unsettled = []
  }
  const warn = () => {
    for (const url of unsettled) say(`Warning: Detected unsettled top-level await at ${url}`)
  }
  process.on('beforeExit', idle)
  process.on('exit', warn)
  try {
    return await binding.runProgram(entry)
  } finally {
    settled()
    process.off('beforeExit', idle)
    process.off('exit', warn)
  }
}

function realPath(file) {
  try {
    return fs.realpathSync(file)
  } catch {
    return file
  }
}

/** Lets workers and child processes that inherit the options of this process run hot as well. */
function beInherited({ noWatch, ignore, include }) {
  const flags = JSON.stringify({ inherited: true, noWatch: noWatch || undefined, ignore, include })
  process.execArgv.push('--import', `${registerUrl}?${encodeURIComponent(flags)}`)
  const threads = require('node:worker_threads')
  threads.Worker = new Proxy(threads.Worker, {
    construct(Worker, [file, options], target) {
      if (options?.execArgv !== undefined) return Reflect.construct(Worker, [file, options], target)
      // Node refuses options of a whole process for a thread.
      const execArgv = process.execArgv.filter((argument) => !/^--(max|inspect|title|expose)/.test(argument))
      return Reflect.construct(Worker, [file, { ...options, execArgv }], target)
    }
  })
  require('node:module').syncBuiltinESMExports()
}

module.exports = { isHotProgram, refusedProgram, hmrOpenHot, hmrTakeEntry }
