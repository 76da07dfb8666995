'use strict'
// How stacks of hot code are printed: as plain Node prints them, without a frame of ours. V8 calls the formatter when
// somebody first reads `stack`; as a native function it would cost ten times as much for each frame.
const { createHash } = require('node:crypto')
const { SourceMap, findSourceMap } = require('node:module')
const { prepareStackTrace } = Error
const { apply } = Reflect

/** Addresses of evaluated modules, with the column on line 1 at which their own text begins. */
const starts = new Map()
/** The code of the last versions of each module, the newest first: frames of an older one may appear as well. */
const versions = new Map()
const KEPT = 3
/** Gives Node the source map of a file, unless it has it. */
let tellMap
/** The comment with the source map of this code, unless the code has its own. */
let mapOf
/** This folder's files are ours. */
const ours = __filename.slice(0, -'stack.js'.length)
const keepsMaps =
  process.execArgv.includes('--enable-source-maps') || /--enable-source-maps\b/.test(process.env.NODE_OPTIONS ?? '')

/** The command, below the program that it runs. */
const isCommand = (site, file) => /^hmr[A-Z]/.test(site.getFunctionName()) && /[\\/]bin[\\/][\w-]+\.js$/.test(file)
/** What the code of a module calls of ours. */
const isAccess = (site) => /^(far|[gs]et)\b/.test(site.getFunctionName())
const isOurs = (site) => {
  const file = site.getFileName()
  if (file != null) return file.startsWith(ours) || isCommand(site, file)
  return site.isEval() && `${site.getEvalOrigin()}`.includes(ours)
}
/** A getter on line 1, through which others read an export. */
const isGetter = (site) =>
  site.getLineNumber() === 1 &&
  site.getColumnNumber() <= starts.get(site.getFileName()) &&
  /^get /.test(site.getFunctionName())
/** What called our own code: the step of a generator, or the module that Node's loader has in a hot one's place. */
const isStep = (site) => site.getFileName() == null && /^next$/.test(site.getFunctionName())
const isFacade = (site) =>
  site.getLineNumber() === 1 && site.getFunctionName() == null && starts.has(site.getFileName())

function visible(sites) {
  const shown = []
  let wasOurs = false
  for (const site of sites) {
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

/** The source map of the version that a frame is of. Node knows one for each file. */
function mapFor(site) {
  const file = site.getFileName() ?? site.getScriptNameOrSourceURL() ?? ''
  const known = versions.get(file)
  if (known?.length > 1) {
    const hash = site.getScriptHash()
    const found = known.find((version) => hashOf(version) === hash)
    if (found) {
      found.map ??= readMap(file, found.text)
      return found.map
    }
  }
  return findSourceMap(file)
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

/** A line of a stack, with the place in the source. */
function line(site) {
  const text = `${site}`
  const map = mapFor(site)
  if (!map || !starts.has(site.getFileName())) return text
  const { originalLine, originalColumn } = map.findEntry(site.getLineNumber() - 1, site.getColumnNumber() - 1)
  if (originalLine === undefined) return text
  return text.replace(/:\d+:\d+(?=\)?$)/, `:${originalLine + 1}:${originalColumn + 1}`)
}

/** It has the name of Node's, which it stands for. */
function ErrorPrepareStackTrace(error, sites) {
  const shown = visible(sites)
  for (const site of shown) tellMap(site.getFileName())
  if (keepsMaps) return apply(prepareStackTrace, Error, [error, shown])
  const header = apply(prepareStackTrace, Error, [error, []])
  return [header, ...shown.map(line)].join('\n    at ')
}

/** Formatters of the program, and what Node gets for them: it leaves out the call sites that are ours. */
const cleaning = new WeakMap()
function without(formatter) {
  const made = function prepareStackTrace(error, sites) {
    return apply(formatter, this, [error, Array.isArray(sites) ? visible(sites) : sites])
  }
  cleaning.set(formatter, made)
  // It may be read, kept, and set again.
  cleaning.set(made, made)
  return made
}

// Where Node has no formatter that can be called, stacks stay what Node makes of them.
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

/** Where an ES module's own text begins in its code: after what the compiler has put before it. */
function startOf(code) {
  if (!code.startsWith('return')) return 0
  const yields = code.indexOf('yield')
  const [, before] = /^(yield.*?\}\]?;(?:\/\*node-do-not-add-exception-line\*\/)?)/.exec(code.slice(yields))
  return yields + before.length
}

module.exports = {
  start(tell, map) {
    tellMap = tell
    mapOf = map
  },
  startOf,
  /** A module's code is compiled. */
  compiled(address, code) {
    starts.set(address, startOf(code))
    const known = versions.get(address) ?? []
    if (known[0]?.text !== code) versions.set(address, [{ text: code }, ...known.slice(0, KEPT - 1)])
  },
  /** The module is no longer there. */
  forget(address) {
    starts.delete(address)
    versions.delete(address)
  }
}
