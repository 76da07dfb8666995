#!/usr/bin/env node
'use strict'

// First of all: a restarted program hears of the next SIGUSR2 from then on.
const { hmrComeBack } = require('./restart.js')
const { parse, helpText } = require('./options.js')
const program = require('./program.js')
const { explainMissing } = require('./missing.js')
const { refusal } = require('./doors.js')
const { hmrOpenHot, isHotProgram, refusedProgram } = require('./hot.js')
const { hmrStart } = require('./start.js')
const { isOnTerminal, outliveReaders } = require('./terminal.js')
const { leaveWell } = require('./leave.js')
const { information } = require('./information.js')
const { openInspector } = require('./debugging.js')
const { outliveErrors } = require('./uncaught.js')
const own = require('../package.json')

outliveReaders()

const MISSING = 'Missing required argument: f'
const ADVICE = 'Name the module to run, as in `hmr -f server.js`, or set "main" in package.json.'

// Called later and not from here: otherwise each stack would end with this line.
queueMicrotask(hmrMain)

// Functions that may appear in users' stacks have names beginning with "hmr": the report leaves out their frames by that.
async function hmrMain() {
  let settings
  try {
    settings = parse(process.argv.slice(2))
  } catch (error) {
    return refuse(error)
  }
  const { options, rest, warnings } = settings
  options.noWatch ??= !['', '0', 'false', undefined].includes(process.env.HMR_NO_WATCH)
  if (options.help) return void console.log(helpText(own.version))
  if (options.version) return void console.log(own.version)
  if (options.info) return void console.log(information())
  if (!options.suppressWarnings) for (const warning of warnings) console.warn(`[hmr] ${warning}`)

  if (options.lacksFile) return refuse(MISSING, `No file follows -f. ${ADVICE}`)
  const file = options.file ?? program.mainFile()
  if (file === undefined) return refuse(helpText(own.version), '', MISSING, ADVICE)
  const resolve = program.resolverFor(file)
  if (options.file === undefined && !program.isThere(resolve(file)))
    return refuse(MISSING, `"main" of package.json is ${file}, which is not there. ${ADVICE}`)
  try {
    const debugging = options.inspectBrk ?? options.inspect
    if (debugging !== undefined) openInspector(debugging, options.inspectBrk !== undefined)
  } catch (error) {
    return refuse(error)
  }
  // The addon does not load in older versions.
  if (Number(process.versions.node.split('.')[0]) < 20) return refuse(`[hmr] ${file}: ${refusal()}`)
  let copy
  try {
    copy = program.packageOf(resolve(file))
  } catch (error) {
    if (error?.code !== 'ERR_HMR_NO_ADDON') throw error
    return refuse(error.message)
  }
  await hmrRun({ ...copy, options, rest, file, resolve })
}

async function hmrRun({ hmr, binding, options, rest, file, resolve }) {
  if (options.enableLogging) hmr.HMRRuntime.setLogging(true)
  if (options.suppressWarnings) hmr.HMRRuntime.suppressWarnings(true)
  // A switch, so that it holds also for runtimes that the program makes. Older copies of the package do not have it.
  if (options.dependencies) hmr.HMRRuntime.followDependencies?.(true)
  if (options.noWatch) hmr.HMRRuntime.disableReloading()

  const why = refusedProgram(options, resolve(file))
  if (why !== undefined) return refuse(`[hmr] ${file}: ${why}`)
  const isHot = isHotProgram(binding, options, resolve(file))
  let asked
  let runtime
  let require_
  try {
    asked = options.require
    require_ = await program.hmrWrapRequire(hmr, resolve, options.require)
    asked = options.watcher
    runtime = hmr.createRuntime(require_, await program.hmrMakeWatcher(hmr, require_, options))
  } catch (error) {
    if (error instanceof program.Refusal) return refuse(`TypeError: ${error.message}`, error.advice)
    const missing = asked && explainMissing(asked, program.resolverFor(asked)(asked), error)
    if (missing) console.error(`[hmr] ${asked}: cannot be used\n${missing}`)
    else binding.reportError(asked ?? file, 'cannot be used', error)
    return process.exit(1)
  }
  program.becomeMain(file, resolve(file), isHot ? (rest ?? []) : rest, isHot)
  leaveWell(hmr, binding, options.grace)
  const { isBack, restarts } = options.noWatch
    ? {}
    : hmrComeBack({ hmr, binding, options, folder: program.startFolder, isHot })
  const outlives = !options.noWatch && !options.exitOnError
  const waits = outlives && (isBack || isOnTerminal())
  if (outlives) outliveErrors(hmr, binding, file, waits)
  const polling = options.poll === undefined ? undefined : { polling: options.poll }
  const isPlain = options.require === undefined
  const hmrImport = () => runtime.import(file)
  let run = hmrImport
  try {
    if (isHot) run = hmrOpenHot({ hmr, binding, options, require_, runtime, file, entry: resolve(file), restarts })
  } catch (error) {
    // An option has a wrong value: the message is enough.
    console.error(`[hmr] ${error?.message ?? error}`)
    return process.exit(1)
  }
  await hmrStart({ hmr, binding, run, require_, file, polling, waits, isBack, isPlain: isPlain && !isHot, restarts })
  if (!options.noWatch) binding.programIsUp?.()
  const isDisabled = options.noWatch ? '--noWatch' : hmr.HMRRuntime.reloadDisabled() && 'reloading is disabled'
  const saves = isDisabled ? `saves are not taken (${isDisabled})` : 'its saves are taken'
  binding.remark?.(`${file} runs; ${saves}`)
}

function refuse(...lines) {
  for (const line of lines) console.error(String(line))
  process.exitCode = 1
}
