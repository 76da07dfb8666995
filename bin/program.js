'use strict'

const fs = require('node:fs')
const Module = require('node:module')
const path = require('node:path')
const { pathToFileURL } = require('node:url')

const own = require('../package.json')

const { createRequire, isBuiltin } = Module

/** The loader of somebody's `--experimental-loader` may have given this file a `require` without a cache. */
const wholeRequire = require.cache ? require : createRequire(__filename)

/** An error about a file that the user named: `message` says what is wrong, `advice` what the file has to be. */
class Refusal extends TypeError {
  constructor(message, advice) {
    super(message)
    this.advice = advice
  }
}

/** Folder where the command was started. Names on the command line stay relative to it, wherever the program goes. */
const startFolder = folderNow()

function folderNow() {
  try {
    return process.cwd()
  } catch {
    // The working directory is gone. Absolute paths need none.
    return path.parse(__filename).root
  }
}

/** package.json's "main", when no file is named. */
function mainFile() {
  try {
    const { main } = JSON.parse(fs.readFileSync('package.json', 'utf8'))
    return typeof main === 'string' && main !== '' ? main : undefined
  } catch {
    return undefined
  }
}

/**
 * A `resolve` function for the start folder that never throws: it gives the file that Node finds, or else the path. The
 * file to run counts as a path also without `./`, even if a package has its name. As with Node's own function, `paths`
 * says where the search begins, so that watchers know of the links on the way.
 */
function resolverFor(file) {
  const { resolve } = createRequire(path.join(startFolder, 'index.js'))
  const resolveHere = (id) => {
    const asPath = path.resolve(startFolder, id)
    for (const candidate of id === file ? [asPath, id] : [id, asPath]) {
      try {
        return resolve(candidate)
      } catch {
        // The file does not exist (yet): tries the next spelling, and at last gives the path that it would have.
      }
    }
    return asPath
  }
  resolveHere.paths = (id) => (id === file ? [startFolder] : resolve.paths(id))
  return resolveHere
}

const isThere = (found) => fs.existsSync(found)

/**
 * The copy of this package that the module at `file` itself requires, and its internals. Each copy has its own switches.
 * An old copy, written in JavaScript, has none: ours report for it.
 */
function packageOf(file) {
  try {
    const theirs = createRequire(fs.realpathSync(file))
    const hmr = theirs(own.name)
    const internals = path.join(path.dirname(theirs.resolve(own.name)), 'bin/internals.js')
    return { hmr, binding: require(fs.existsSync(internals) ? internals : './internals.js') }
  } catch {
    return { hmr: require('../index.js'), binding: require('./internals.js') }
  }
}

/**
 * What the program sees of the process, as under `node FILE`: its path as `process.argv[1]`, what stood after `--`, and
 * its module, that of the latest version, as `require.main`; an ES module is in no cache, and has none.
 */
function becomeMain(file, found, rest, isHot) {
  const asTyped = path.resolve(startFolder, file)
  process.argv[1] = fs.statSync(asTyped, { throwIfNoEntry: false })?.isFile() ? asTyped : found
  if (rest !== undefined) process.argv.splice(2, Infinity, ...rest)
  const ours = isHot ? undefined : process.mainModule
  // Node reads this whenever it makes a `require`. By then the module is in the cache.
  Object.defineProperty(process, 'mainModule', {
    configurable: true,
    enumerable: true,
    get: () => wholeRequire.cache[found] ?? ours,
    set: (value) => Object.defineProperty(process, 'mainModule', { value, writable: true })
  })
}

/** Modules that ran before a runtime requires them. The runtime gets each of these once as it is. */
const already = new Map()

/** Node's `require`, or the function that the module at `file` exports, as the runtime and the watcher get it. */
async function hmrWrapRequire(hmr, resolve, file) {
  if (file === undefined) return hmr.synthetic(hmrRequire, wholeRequire, wholeRequire.cache, resolve)
  const exported = await hmrLoad(require, file)
  const inner = pickDefault(exported)
  if (typeof inner !== 'function') {
    const way = 'it has to export the function, as in `module.exports = (file) => require(file)`'
    throw new Refusal('Invalid require function passed.', `${file} exports ${kindOf(exported)}; ${way}`)
  }
  return hmr.synthetic(inner, inner, inner.cache ?? wholeRequire.cache, resolve)

  // Loads without our module as the parent: the program's module has none, and our `children` would keep every version.
  function hmrRequire(id) {
    const found = isBuiltin(id) ? id : resolve(id)
    const ran = already.get(found)
    // Bun's `Module._load` loads nothing without a parent.
    if (ran === undefined) return process.versions.bun ? require(found) : Module._load(found, null, false)
    already.delete(found)
    wholeRequire.cache[found] = ran
    return ran.exports
  }
}

async function hmrMakeWatcher(hmr, require_, options) {
  if (options.watcher === undefined) {
    const Watcher = options.ignoreUnchanged ? hmr.ContentWatcher : hmr.FSWatcher
    return new Watcher(require_, options.poll === undefined ? undefined : { polling: options.poll })
  }
  const exported = await hmrLoad(require_, options.watcher)
  const CustomWatcher = pickDefault(exported)
  if (typeof CustomWatcher?.prototype?.on === 'function') {
    const watcher = new CustomWatcher(require_)
    if (typeof watcher.watch === 'function') return watcher
  }
  const way = 'it has to export a class like `class extends Watcher { watch(id) { … } }`'
  throw new Refusal(
    "Specified watcher file's export is not a watcher.",
    `${options.watcher} exports ${kindOf(exported)}; ${way}`
  )
}

async function hmrLoad(require_, file) {
  const found = resolverFor(file)(file)
  try {
    return require_(found)
  } catch (error) {
    if (error?.code !== 'ERR_REQUIRE_ESM' && error?.code !== 'ERR_REQUIRE_ASYNC_MODULE') throw error
    return import(pathToFileURL(found))
  }
}

function kindOf(exported) {
  if (exported === null || exported === undefined) return 'nothing'
  if (typeof exported === 'function')
    return /^class\b/.test(exported) ? `the class ${exported.name || '(without a name)'}` : 'a function'
  if (typeof exported !== 'object') return `a ${typeof exported}`
  const names = Object.keys(exported)
  return names.length === 0 ? 'an object without properties' : `an object with ${names.slice(0, 5).join(', ')}`
}

/** The export itself, or its `default`. */
function pickDefault(exported) {
  return typeof exported === 'function' ? exported : exported?.default
}

module.exports = {
  already,
  Refusal,
  startFolder,
  mainFile,
  isThere,
  resolverFor,
  packageOf,
  becomeMain,
  hmrWrapRequire,
  hmrMakeWatcher
}
