'use strict'

const fs = require('node:fs')
const Module = require('node:module')
const path = require('node:path')
const { pathToFileURL } = require('node:url')

const own = require('../package.json')

const { createRequire, isBuiltin } = Module

/** What was asked for is not what it should be; the message says so, and the advice what it is. */
class Refusal extends TypeError {
  constructor(message, advice) {
    super(message)
    this.advice = advice
  }
}

/** Where the command was started. The program may leave it; what is named on the command line may not. */
const startFolder = folderNow()

function folderNow() {
  try {
    return process.cwd()
  } catch {
    // It is gone. Paths that begin at the root can do without.
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
 * Resolves from the working directory, and never throws: what Node finds there, else the path. The file to run is a
 * path in any case, also without `./`, whatever package has its name. As with Node's own, `paths` says where the search
 * begins: by that, whoever watches knows of the links on the way.
 */
function resolverFor(file) {
  const { resolve } = createRequire(path.join(startFolder, 'index.js'))
  const resolveHere = (id) => {
    const asPath = path.resolve(startFolder, id)
    for (const candidate of id === file ? [asPath, id] : [id, asPath]) {
      try {
        return resolve(candidate)
      } catch {
        // Not there (yet): the next spelling, or the path it would have.
      }
    }
    return asPath
  }
  resolveHere.paths = (id) => (id === file ? [startFolder] : resolve.paths(id))
  return resolveHere
}

const isThere = (found) => fs.existsSync(found)

/**
 * The copy of this package that the module at `file` itself requires, and its addon: the switches are its own. A copy
 * written in JavaScript has no addon; ours reports for it.
 */
function packageOf(file) {
  try {
    const theirs = createRequire(fs.realpathSync(file))
    const hmr = theirs(own.name)
    const addon = path.join(path.dirname(theirs.resolve(own.name)), 'load-binding.js')
    return { hmr, binding: require(fs.existsSync(addon) ? addon : '../load-binding.js') }
  } catch {
    return { hmr: require('../index.js'), binding: require('../load-binding.js') }
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
  // Node asks whenever it makes a `require`; by then the module is in the cache.
  Object.defineProperty(process, 'mainModule', {
    configurable: true,
    enumerable: true,
    get: () => require.cache[found] ?? ours,
    set: (value) => Object.defineProperty(process, 'mainModule', { value, writable: true })
  })
}

/** Modules that ran before a runtime asks for them: it gets them as they are, once. */
const already = new Map()

/** Node's `require`, or the function that the module at `file` exports, as the runtime and the watcher get it. */
async function hmrWrapRequire(hmr, resolve, file) {
  if (file === undefined) return hmr.synthetic(hmrRequire, require, require.cache, resolve)
  const exported = await hmrLoad(require, file)
  const inner = pickDefault(exported)
  if (typeof inner !== 'function') {
    const way = 'it has to export the function, as in `module.exports = (file) => require(file)`'
    throw new Refusal('Invalid require function passed.', `${file} exports ${kindOf(exported)}; ${way}`)
  }
  return hmr.synthetic(inner, inner, inner.cache ?? require.cache, resolve)

  // Without us as the parent: the program's module has none, and no version is kept among our children.
  function hmrRequire(id) {
    const found = isBuiltin(id) ? id : resolve(id)
    const ran = already.get(found)
    // Bun's loads nothing without a parent.
    if (ran === undefined) return process.versions.bun ? require(found) : Module._load(found, null, false)
    already.delete(found)
    require.cache[found] = ran
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
