#!/usr/bin/env node
'use strict'

const { createRequire } = require('node:module')
const path = require('node:path')
const { parse, helpText } = require('./options.js')

const own = require('../package.json')

main().catch((error) => {
  console.error(error)
  process.exit(1)
})

async function main() {
  // A reader that goes away (`hmr -l … | head`) must not take the server with it.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error) => {
      if (error.code !== 'EPIPE') throw error
    })
  }
  const { options, rest, warnings } = parse(process.argv.slice(2))
  if (options.help) return void console.log(helpText(own.version))
  if (options.version) return void console.log(own.version)
  if (options.info) return void console.log(info())
  for (const warning of warnings) console.warn(`[hmr] ${warning}`)

  const file = options.file ?? mainFile()
  if (file === undefined) {
    console.error(helpText(own.version))
    console.error('\nMissing required argument: f')
    console.error('Name the module to run, as in `hmr -f server.js`, or set "main" in package.json.')
    process.exitCode = 1
    return
  }
  const hmr = packageOf(file)
  const require_ = await wrappedRequire(hmr, options.require)
  const watcher = await makeWatcher(hmr, options, require_)
  if (options.enableLogging) hmr.HMRRuntime.setLogging(true)
  if (options.suppressWarnings) hmr.HMRRuntime.suppressWarnings(true)
  if (options.noWatch) hmr.HMRRuntime.disableReloading()
  if (rest !== undefined) process.argv = [process.argv[0], require_.resolve(file), ...rest]
  leaveWell(hmr, options.grace)
  try {
    await hmr.createRuntime(require_, watcher).import(file)
  } catch (error) {
    require('../native-binding.js').reportError(file, 'cannot be started', error)
    process.exit(1)
  }
}

/** package.json's "main", when no file is named. */
function mainFile() {
  try {
    return require(path.resolve('package.json')).main
  } catch {
    return undefined
  }
}

/** The copy of this package that the program itself requires: the switches are its own. */
function packageOf(file) {
  try {
    return createRequire(path.resolve(file))(own.name)
  } catch {
    return require('../index.js')
  }
}

/** Node's `require`, or the user's, with ids from the working directory. Its `resolve` never throws. */
async function wrappedRequire(hmr, file) {
  const inner = file === undefined ? require : pickDefault(await load(require, path.resolve(file)))
  if (typeof inner !== 'function') throw new TypeError('Invalid require function passed.')
  const fromHere = createRequire(path.resolve('index.js'))
  const resolve = (id) => {
    for (const candidate of [path.resolve(id), id]) {
      try {
        const found = fromHere.resolve(candidate)
        if (path.isAbsolute(found)) return found
      } catch {
        // Not there (yet): the next spelling, or the path it would have.
      }
    }
    return path.resolve(id)
  }
  return hmr.synthetic(inner, inner, inner.cache ?? {}, resolve)
}

async function makeWatcher(hmr, options, require_) {
  if (options.watcher === undefined) {
    const Watcher = options.ignoreUnchanged ? hmr.ContentWatcher : hmr.FSWatcher
    return new Watcher(require_, options.poll === undefined ? undefined : { polling: options.poll })
  }
  const CustomWatcher = pickDefault(await load(require_, path.resolve(options.watcher)))
  if (typeof CustomWatcher === 'function' && CustomWatcher.prototype) {
    const watcher = new CustomWatcher(require_)
    if (typeof watcher.watch === 'function' && typeof watcher.on === 'function') return watcher
  }
  throw new TypeError("Specified watcher file's export is not a watcher.")
}

async function load(require_, file) {
  try {
    return require_(file)
  } catch (error) {
    if (error?.code !== 'ERR_REQUIRE_ESM' && error?.code !== 'ERR_REQUIRE_ASYNC_MODULE') throw error
    return import(require('node:url').pathToFileURL(require.resolve(file)))
  }
}

/** The export itself, or its `default`. */
function pickDefault(exported) {
  return typeof exported === 'function' ? exported : exported?.default
}

/** On Ctrl-C and SIGTERM: the cleanups, then the exit code the shell expects. A program's own handler decides. */
function leaveWell(hmr, grace) {
  let isLeaving = false
  for (const [signal, code] of [['SIGINT', 130], ['SIGTERM', 143]]) {
    const leave = async () => {
      if (process.listeners(signal).some((listener) => listener !== leave)) return
      if (isLeaving) process.exit(code)
      isLeaving = true
      setTimeout(() => {
        console.error(`[hmr] the cleanups took longer than ${grace} ms; leaving without them`)
        process.exit(code)
      }, grace)
      await hmr.HMRRuntime.shutdown()
      process.exit(code)
    }
    process.on(signal, leave)
  }
}

function info() {
  const { addonVersion } = require('../native-binding.js')
  const lines = [`${own.name} ${own.version}`, `addon ${addonVersion()}`]
  const runtime = process.versions.bun ? `bun ${process.versions.bun}` : `node ${process.versions.node}`
  lines.push(`platform ${process.platform}-${process.arch}`, runtime)
  return [...lines, ...watchLimits()].join('\n')
}

function watchLimits() {
  const { readFileSync } = require('node:fs')
  const backends = { linux: 'inotify', darwin: 'FSEvents', win32: 'ReadDirectoryChangesW' }
  const lines = [`watch backend ${backends[process.platform] ?? 'kqueue or polling'}`]
  if (process.platform !== 'linux') return lines
  for (const limit of ['max_user_watches', 'max_user_instances', 'max_queued_events']) {
    try {
      lines.push(`fs.inotify.${limit} ${readFileSync(`/proc/sys/fs/inotify/${limit}`, 'utf8').trim()}`)
    } catch {
      lines.push(`fs.inotify.${limit} unknown`)
    }
  }
  return lines
}
