'use strict'

const fs = require('node:fs')
const Module = require('node:module')
const path = require('node:path')

const { refusal } = require('./doors.js')
const { explainMissing } = require('./missing.js')
const { say } = require('./say.js')

/** Errors that show that a file is a program and no hot module, where only hot modules can be run. */
const NO_HOT_MODULE = ['ERR_HMR_INVALID_MODULE', 'ERR_REQUIRE_ESM', 'ERR_UNKNOWN_FILE_EXTENSION', 'SyntaxError']

/** The command's own files, in whose frames a program's error may end. */
const OWN = path.join(__dirname, path.sep)

/**
 * Imports the file. A start that fails ends the process with code 1, or waits for the save that mends it.
 *
 * @param {object} given
 * @param {any} given.hmr the package that the program uses
 * @param {any} given.binding its internals
 * @param {() => Promise<any>} given.run imports the file
 * @param {any} given.require_ the wrapper that the runtime has
 * @param {string} given.file as it was typed
 * @param {object} [given.polling] options of a watcher
 * @param {boolean} given.waits whether a failed start waits for a save, as `hmr.js` decides: on a terminal or after a restart, without `--exit-on-error`
 * @param {boolean} [given.isBack] whether this is a restart
 * @param {boolean} given.isPlain whether there is no loader of the user's
 * @param {(saved: string) => Promise<never>} [given.restarts] starts the process again instead of the file
 */
async function hmrStart(given) {
  const { binding, run, require_, file, waits, isBack, restarts } = given
  const mayExit = waits && isBack && restarts && binding.startMayFail
  for (;;) {
    const before = new Set(Object.keys(require_.cache ?? {}))
    const state = stateOf(require_.resolve(file))
    const fails = (error) => hmrFail(given, error, before, state)
    const exit = mayExit && new Promise((_, reject) => binding.startMayFail(reject))
    let result
    try {
      result = await (exit ? Promise.race([run(), exit]) : run())
    } catch (error) {
      if (error?.code === 'ERR_HMR_EXIT' || !isTaken(error, require_.resolve(file))) {
        await fails(error)
        continue
      }
    }
    // It may still exit before it has come up.
    if (exit) exit.catch(fails)
    return result
  }
}

/** Reports a start that has failed. Ends the process with code 1, or waits for the save that mends it. */
async function hmrFail(
  { hmr, binding, require_, file, polling, waits, isBack, isPlain, restarts },
  error,
  before,
  state
) {
  const why = isPlain ? refusal() : undefined
  if (why !== undefined && NO_HOT_MODULE.includes(error?.code ?? error?.name)) {
    say(`[hmr] ${file}: ${why}`)
    process.exit(1)
  }
  const missing = explainMissing(file, require_.resolve(file), error)
  if (missing) say(`[hmr] ${file}: cannot be started\n${missing}`)
  else binding.reportError(file, 'cannot be started', error)
  if (error instanceof SyntaxError && /\.[cm]?tsx?$/.test(file) && isPlain)
    say(`[hmr] ${file} is TypeScript: give a loader for it with -r, as in \`hmr -r ./loader.js ${file}\``)
  if (!waits || (missing && !isBack)) process.exit(1)
  const loaded = Object.keys(require_.cache ?? {}).filter((name) => !before.has(name) && isLocal(name))
  const named = (binding.filesNamed?.(require_, error) ?? []).filter(isLocal)
  const known = binding.programFiles?.() ?? []
  const files = new Set([...loaded, ...named, ...known])
  // The failed program takes no saves any more, so that each save has one outcome.
  binding.programHasFailed?.()
  const saved = await nextSave({ hmr, require_, file, polling, state, files, named })
  // A program that has begun to run cannot begin again in this process.
  if (restarts) await restarts(saved)
  // The modules that were loaded may be wrong, too.
  for (const name of loaded) delete require_.cache[name]
}

/** Resolves when one of the files, or the one to start, was saved. */
function nextSave({ hmr, require_, file, polling, state, files, named }) {
  const entry = require_.resolve(file)
  files.add(entry)
  const watcher = new hmr.FSWatcher(require_, polling)
  return new Promise((resolve) => {
    const stops = []
    const done = (saved) => {
      watcher.off('update', done)
      for (const stop of stops) stop()
      resolve(saved)
    }
    watcher.on('update', done)
    for (const name of files) {
      try {
        stops.push(watcher.watch(name))
      } catch {
        // The system refuses to watch this file; the others are watched.
      }
    }
    const others = named.filter((name) => name !== entry && fs.existsSync(name)).slice(0, 2)
    const places = [file, ...others.map((name) => path.relative(process.cwd(), name))]
    say(`[hmr] waiting for a save of ${places.join(' or ')}`)
    // The file may have been saved between the failed evaluation and the watch.
    if (stateOf(entry) !== state) done(entry)
  })
}

/** Gives the error to the program's own listeners for uncaught errors, as Node would. Returns whether there are any. */
function isTaken(error, file) {
  const isOwn = (listener) => !listener.standsIn
  if (!process.listeners('uncaughtException').some(isOwn) && !process.hasUncaughtExceptionCaptureCallback())
    return false
  const isModule = Module._cache[file] === undefined
  return process._fatalException(error, isModule)
}

function stateOf(file) {
  const stat = fs.statSync(file, { throwIfNoEntry: false })
  return stat && `${stat.ino} ${stat.mtimeMs} ${stat.size}`
}

function isLocal(file) {
  return path.isAbsolute(file) && !/[\\/]node_modules[\\/]/.test(file) && !file.startsWith(OWN)
}

module.exports = { hmrStart }
