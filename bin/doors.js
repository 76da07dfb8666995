'use strict'

const fs = require('node:fs')
const path = require('node:path')
const { pathToFileURL } = require('node:url')
const { leaveWell } = require('./leave.js')

const urlOf = (file) => pathToFileURL(path.join(__dirname, file)).href
/** The module that `--import` loads. */
const registerUrl = urlOf('../register.mjs')
const places = { folder: path.dirname(__dirname), keeper: urlOf('keep.js'), hooks: urlOf('hooks.mjs'), registerUrl }

/** How long disposers and cleanups may take when the process is told to end, in milliseconds. */
const GRACE = 5000
/** Lowest minor version, by major version, with a `require()` of ES modules that programs can rely on. */
const FLOORS = { 20: 19, 22: 12 }

/** Why this runtime cannot run hot programs, or undefined. */
function refusal() {
  const { bun, deno, node } = process.versions
  if (bun) return 'hot programs need Node; under Bun use `bun --hot`'
  if (deno) return 'hot programs need Node; under Deno use `deno run --watch-hmr`'
  const [major, minor] = node.split('.').map(Number)
  if (major < 20 || major === 21 || minor < (FLOORS[major] ?? 0)) {
    return `hot programs need Node 20.19, 22.12 or later; this is ${node}`
  }
  return undefined
}

/**
 * `node --import @upvotr/node-hmr/register`: makes the program that Node runs next, and its workers, hot.
 *
 * @param {string} url URL of `register.mjs`; its query has the flags of a command that this process is a child of
 */
function register(url) {
  // NODE_OPTIONS may import this into the command, which opens the environment itself.
  if (isCommand(process.argv[1])) return
  const why = refusal()
  if (why !== undefined) refuse(new Error(`@upvotr/node-hmr/register: ${why}`))
  // Loaded only now, since `--version` works without an addon.
  const binding = require('./internals.js')
  const flags = JSON.parse(decodeURIComponent(new URL(url).search.slice(1)) || '{}')
  try {
    binding.openProgram(places, flags)
  } catch (error) {
    refuse(error)
  }
  const { isMainThread } = require('node:worker_threads')
  const isHot = binding.programIsHot()
  if (isHot && !isMainThread) return
  const hmr = require('../index.js')
  if (!isHot) hmr.HMRRuntime.disableReloading()
  if (!isMainThread) return
  if (isHot) leaveWell(hmr, binding, GRACE)
  binding.onEntry((exported) => {
    if (!binding.isHotModule(exported)) return
    // A program that is not hot and exports no hot module ends as under node.
    if (!isHot) leaveWell(hmr, binding, GRACE)
    void hmrTake(hmr, binding, exported)
  })
}

/** Throws an error without its stack. The comment behind `throw` keeps Node from showing that line of ours. */
function refuse(error) {
  error.stack = `${error.name}: ${error.message}`
  throw error // node-do-not-add-exception-line
}

/** Gives the hot module that the program's entry exports to a runtime, as the command does. */
async function hmrTake(hmr, binding, exported) {
  const { hmrTakeEntry } = require('./hot.js')
  const { hmrWrapRequire, resolverFor, startFolder } = require('./program.js')
  const entry = process.argv[1]
  const file = path.relative(startFolder, entry)
  try {
    const require_ = await hmrWrapRequire(hmr, resolverFor(file))
    const runtime = hmr.createRuntime(require_)
    await hmrTakeEntry({ hmr, binding, options: {}, require_, runtime, file, entry, exported })
  } catch (error) {
    binding.reportError(file, 'cannot be started', error)
    process.exit(1)
  }
}

function isCommand(file) {
  try {
    return fs.realpathSync(file) === path.join(__dirname, 'hmr.js')
  } catch {
    return false
  }
}

module.exports = { places, refusal, register, registerUrl }
