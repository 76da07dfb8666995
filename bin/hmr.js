#!/usr/bin/env node
'use strict'

const { reportError } = require('../load-binding.js')
const { parse, helpText } = require('./options.js')
const program = require('./program.js')
const { leaveWell } = require('./leave.js')
const { information } = require('./information.js')
const own = require('../package.json')

// A reader that goes away (`hmr -l … | head -1`) must not take the server with it.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error) => {
    if (error.code !== 'EPIPE') throw error
  })
}

const MISSING = [
  '',
  'Missing required argument: f',
  'Name the module to run, as in `hmr -f server.js`, or set "main" in package.json.'
]

// Not from here, or each stack would end with this line.
queueMicrotask(hmrMain)

// The names of functions that end up in stacks begin with "hmr": by that the report knows the frames for ours.
async function hmrMain() {
  let settings
  try {
    settings = parse(process.argv.slice(2))
  } catch (error) {
    return refuse(error)
  }
  const { options, rest, warnings } = settings
  if (options.help) return void console.log(helpText(own.version))
  if (options.version) return void console.log(own.version)
  if (options.info) return void console.log(information())
  if (!options.suppressWarnings) for (const warning of warnings) console.warn(`[hmr] ${warning}`)

  const file = options.file ?? program.mainFile()
  if (file === undefined) return refuse(helpText(own.version), ...MISSING)
  const resolve = program.resolverFor(file)
  const hmr = program.packageOf(resolve(file))
  if (options.enableLogging) hmr.HMRRuntime.setLogging(true)
  if (options.suppressWarnings) hmr.HMRRuntime.suppressWarnings(true)
  // Also for the runtimes that the program makes. A copy of the package from before the switch has no option either.
  if (options.dependencies) hmr.HMRRuntime.followDependencies?.(true)
  if (options.noWatch) hmr.HMRRuntime.disableReloading()

  let asked
  let runtime
  try {
    asked = options.require
    const require_ = await program.hmrWrapRequire(hmr, resolve, options.require)
    asked = options.watcher
    runtime = hmr.createRuntime(require_, await program.hmrMakeWatcher(hmr, require_, options))
  } catch (error) {
    if (error instanceof program.Refusal) return refuse(`TypeError: ${error.message}`)
    reportError(asked ?? file, 'cannot be used', error)
    return process.exit(1)
  }
  if (rest !== undefined) process.argv = [process.argv[0], resolve(file), ...rest]
  leaveWell(hmr, options.grace)
  try {
    await runtime.import(file)
  } catch (error) {
    reportError(file, 'cannot be started', error)
    process.exit(1)
  }
}

function refuse(...lines) {
  for (const line of lines) console.error(String(line))
  process.exitCode = 1
}
