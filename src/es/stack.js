'use strict'
// Formats the stacks of hot code as plain Node would print them: places in the source, and no frame of this package. V8 calls
// the formatter when somebody first reads `stack`. A native formatter would take ten times as long for each frame.
const { createHash } = require('node:crypto')
const { SourceMap, findSourceMap } = require('node:module')
const { fileURLToPath } = require('node:url')
const { prepareStackTrace } = Error
const { apply } = Reflect

/**
 * The code of the last versions of each evaluated module, by its URL or path, the newest first. A frame may still belong to an
 * older version.
 */
const versions = new Map()
const KEPT = 3
/** `tellMap` of `maps.js`. */
let tellMap
/** `map` of `natives.rs`: the comment with the source map of an ES module's code. */
let mapOf
/** The folder whose files belong to this package. */
const ours = __filename.slice(0, -'stack.js'.length)
const keepsMaps =
  process.execArgv.includes('--enable-source-maps') || /--enable-source-maps\b/.test(process.env.NODE_OPTIONS ?? '')

/** A frame of the command `hmr`, at the bottom of the program's stacks. */
const isCommand = (site, file) => /^hmr[A-Z]/.test(site.getFunctionName()) && /[\\/]bin[\\/][\w-]+\.js$/.test(file)
/** A function of this package that a module's own code has called, so that the frame below is the user's. */
const isAccess = (site) => /^(far|[gs]et)\b/.test(site.getFunctionName())
const isOurs = (site) => {
  const file = site.getFileName()
  if (file != null) return file.startsWith(ours) || isCommand(site, file)
  return site.isEval() && `${site.getEvalOrigin()}`.includes(ours)
}
/** The column on line 1 of a module's code at which the user's text begins. */
function startIn(file) {
  const newest = versions.get(file)?.[0]
  if (newest) newest.start ??= startOf(newest.text)
  return newest?.start
}
/** A getter that the compiler has put before the user's text; importers read an export through it. */
const isGetter = (site) =>
  site.getLineNumber() === 1 &&
  site.getColumnNumber() <= startIn(site.getFileName()) &&
  /^get /.test(site.getFunctionName())
/** A frame of V8's own `next`, by which `glue.js` runs the generator of a module. */
const isStep = (site) => site.getFileName() == null && /^next$/.test(site.getFunctionName())
/** A frame of the module that Node's own loader has in place of a hot module. */
const isFacade = (site) =>
  site.getLineNumber() === 1 && site.getFunctionName() == null && versions.has(site.getFileName())

/** The frames that plain Node would have. */
function visible(sites) {
  const shown = []
  let wasOurs = false
  // By index: a program may take away how arrays are iterated, and stacks are formatted all the same.
  for (let n = 0; n < sites.length; n++) {
    const site = sites[n]
    const isHidden = isOurs(site)
    if (isHidden) {
      while (shown.length > 0 && isStep(shown.at(-1))) shown.pop()
    } else if (!isGetter(site) && !(wasOurs && isFacade(site))) {
      shown.push(site)
    }
    wasOurs = isHidden && !isAccess(site)
  }
  return shown
}

/** The version of a file that a frame belongs to; `undefined` for one that is forgotten. */
function versionOf(site, known) {
  if (known.length === 1) return known[0]
  const hash = site.getScriptHash()
  return known.find((version) => hashOf(version) === hash)
}
/** The source map of the version that a frame belongs to. Node itself knows only one map for each file. */
function mapFor(site) {
  const file = site.getFileName() ?? site.getScriptNameOrSourceURL() ?? ''
  const known = versions.get(file)
  const found = known?.length > 1 ? versionOf(site, known) : undefined
  if (!found) return findSourceMap(file)
  found.map ??= readMap(file, found.text)
  return found.map
}
function hashOf(version) {
  version.hash ??= createHash('sha256').update(version.text).digest('hex')
  return version.hash
}
const comment = /\n\/\/# sourceMappingURL=data:[^,]*;base64,(\S*)\s*$/
function readMap(file, text) {
  const data = (comment.exec(mapOf(file, text)) ?? comment.exec(text))?.[1]
  return data && new SourceMap(JSON.parse(Buffer.from(data, 'base64').toString()))
}

/** The text of a frame, with its place in the source. */
function line(site) {
  const text = `${site}`
  const map = mapFor(site)
  if (!map || !versions.has(site.getFileName())) return text
  const { originalLine, originalColumn } = map.findEntry(site.getLineNumber() - 1, site.getColumnNumber() - 1)
  if (originalLine === undefined) return text
  return text.replace(/:\d+:\d+(?=\)?$)/, `:${originalLine + 1}:${originalColumn + 1}`)
}

/** For each error, the file of its innermost hot frame and the hash of the source that this frame belongs to. */
const places = new WeakMap()
function notePlace(error, shown) {
  for (let n = 0; n < shown.length; n++) {
    const file = shown[n].getFileName()
    const known = versions.get(file)
    if (known) return places.set(error, { file, source: versionOf(shown[n], known)?.source ?? null })
  }
}

/** The formatter. Node's own formatter has the same name, which a program may print. */
function ErrorPrepareStackTrace(error, sites) {
  const shown = visible(sites)
  notePlace(error, shown)
  for (let n = 0; n < shown.length; n++) tellMap(shown[n].getFileName())
  if (keepsMaps) return apply(prepareStackTrace, Error, [error, shown])
  const header = apply(prepareStackTrace, Error, [error, []])
  return [header, ...shown.map(line)].join('\n    at ')
}

/** For each formatter that the program has set, the one that V8 calls in its place. */
const cleaning = new WeakMap()
/** A formatter that passes a formatter of the program's the frames that plain Node would have. */
function without(formatter) {
  const made = function prepareStackTrace(error, sites) {
    if (!Array.isArray(sites)) return apply(formatter, this, [error, sites])
    const shown = visible(sites)
    notePlace(error, shown)
    return apply(formatter, this, [error, shown])
  }
  cleaning.set(formatter, made)
  // A program may read `Error.prepareStackTrace`, keep what it got, and set it again later.
  cleaning.set(made, made)
  return made
}

// Without a formatter of Node's that can be called, stacks stay as V8 and Node format them.
if (typeof prepareStackTrace === 'function') {
  cleaning.set(prepareStackTrace, ErrorPrepareStackTrace)
  cleaning.set(ErrorPrepareStackTrace, ErrorPrepareStackTrace)
  let current = ErrorPrepareStackTrace
  Object.defineProperty(Error, 'prepareStackTrace', {
    get: () => current,
    set(value) {
      current = typeof value === 'function' ? (cleaning.get(value) ?? without(value)) : ErrorPrepareStackTrace
    },
    configurable: true
  })
}

const strict = '"use strict";'
/** The offset in a module's code at which the user's text begins, behind what the compiler has put before it. */
function startOf(code) {
  if (!code.startsWith('return')) return 0
  if (code.startsWith('return(function(')) return code.indexOf(strict) + strict.length
  const yields = code.indexOf('yield')
  const [, before] = /^(yield.*?\}\]?;(?:\/\*node-do-not-add-exception-line\*\/)?)/.exec(code.slice(yields))
  return yields + before.length
}

module.exports = {
  /** Connects this file with `maps.js` and `natives.rs`. */
  start(tell, map) {
    tellMap = tell
    mapOf = map
  },
  startOf,
  /** Notes the code of a module's version, and the hash of its source. The address is a URL, for CommonJS a path. */
  compiled(address, code, source) {
    const known = versions.get(address) ?? []
    // Only types or the like may differ.
    if (known[0]?.text === code) known[0].source = source
    else versions.set(address, [{ text: code, source }, ...known.slice(0, KEPT - 1)])
  },
  /** The hash of the source of the innermost hot frame, if that is in `path`: `null` if it is not known any more. */
  sourceOf(error, path) {
    const { file, source } = places.get(error) ?? {}
    const isThere = file?.startsWith('file:') ? fileURLToPath(file) === path : file === path
    return isThere ? source : undefined
  },
  /** Drops the code of a module that is gone. */
  forget(address) {
    versions.delete(address)
  }
}
