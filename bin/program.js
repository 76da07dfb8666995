'use strict'

const fs = require('node:fs')
const { createRequire, isBuiltin } = require('node:module')
const path = require('node:path')
const { pathToFileURL } = require('node:url')

const own = require('../package.json')

/** What was asked for is not what it should be; the message says so. */
class Refusal extends TypeError {}

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

/** The copy of this package that the module at `file` itself requires: the switches are its own. */
function packageOf(file) {
  try {
    return createRequire(fs.realpathSync(file))(own.name)
  } catch {
    return require('../index.js')
  }
}

/** Node's `require`, or the function that the module at `file` exports, as the runtime and the watcher get it. */
async function hmrWrapRequire(hmr, resolve, file) {
  if (file === undefined) return hmr.synthetic(hmrRequire, require, require.cache, resolve)
  const inner = pickDefault(await hmrLoad(require, file))
  if (typeof inner !== 'function') throw new Refusal('Invalid require function passed.')
  return hmr.synthetic(inner, inner, inner.cache ?? require.cache, resolve)

  function hmrRequire(id) {
    try {
      return require(isBuiltin(id) ? id : resolve(id))
    } finally {
      // Nobody looks for old versions among the children of a module in node_modules; kept there, none would go.
      module.children.length = 0
    }
  }
}

async function hmrMakeWatcher(hmr, require_, options) {
  if (options.watcher === undefined) {
    const Watcher = options.ignoreUnchanged ? hmr.ContentWatcher : hmr.FSWatcher
    return new Watcher(require_, options.poll === undefined ? undefined : { polling: options.poll })
  }
  const CustomWatcher = pickDefault(await hmrLoad(require_, options.watcher))
  if (typeof CustomWatcher?.prototype?.on === 'function') {
    const watcher = new CustomWatcher(require_)
    if (typeof watcher.watch === 'function') return watcher
  }
  throw new Refusal("Specified watcher file's export is not a watcher.")
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

/** The export itself, or its `default`. */
function pickDefault(exported) {
  return typeof exported === 'function' ? exported : exported?.default
}

module.exports = { Refusal, mainFile, resolverFor, packageOf, hmrWrapRequire, hmrMakeWatcher }
