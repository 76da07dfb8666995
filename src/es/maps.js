'use strict'
// The code of ES modules becomes functions here, and Node is given their source maps when a stack names the file: it takes
// more time for a map than V8 for the code. It is JavaScript since V8 compiles for whoever calls.
const NodeModule = require('node:module')
const { compileFunction, constants } = require('node:vm')
/** `import()` in what modules evaluate. */
const importModuleDynamically = constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER

let native
let compiled
let inspector
try {
  inspector = require('node:inspector')
} catch {
  // Node can be built without.
}

/** ES modules whose source maps Node does not know, by URL. */
const unmapped = new Set()
/** What keeps the maps of the others in Node: it forgets a map with its module. */
const mapped = new Map()
/** Reading `process.env` takes as long as a fifth of compiling a small module. Coverage is on from the start, or not at all. */
const isCovered = Boolean(process.env.NODE_V8_COVERAGE)
/** What may evaluate text, in which `import()` works without a warning only if Node's CommonJS compiler has compiled around it. */
const evaluates = /\beval\b|Function\b/

/** The function of an ES module. Its source map is given to Node when a stack names the file. */
function load(code, url) {
  if (isCovered || evaluates.test(code)) {
    const text = code + native.map(url)
    compiled(url, text)
    return new NodeModule(url)._compile(text, url, 'commonjs')
  }
  compiled(url, code)
  unmapped.add(url)
  const text = isDebugged() ? code + native.map(url) : code
  const make = compileFunction(text, [], { filename: url, importModuleDynamically })
  if (Error.prepareStackTrace === undefined) tellMaps()
  return make()
}

/** Whether a debugger may be there, which reads the maps in the code. */
function isDebugged() {
  return inspector?.url() !== undefined
}

/** Gives Node the map of a file. */
function tellMap(url) {
  if (!unmapped.delete(url)) return
  const module = new NodeModule(url)
  mapped.set(url, module)
  module._compile(native.map(url), url, 'commonjs')
}

/** Gives Node all maps: of what is made now there is no telling which files it names. */
function tellMaps() {
  for (const url of unmapped) tellMap(url)
}

module.exports = {
  /** `told` hears of the code of each file. */
  start(functions, told) {
    native = functions
    compiled = told
    // Before Node shows the line that an uncaught error comes from.
    process.on('uncaughtExceptionMonitor', (error) => {
      if (error instanceof Error) void error.stack
      else tellMaps()
    })
  },
  load,
  tellMap,
  /** Another map of the file counts. */
  remap(url) {
    mapped.delete(url)
    unmapped.add(url)
  },
  /** The module is no longer there. */
  forget(url) {
    unmapped.delete(url)
    mapped.delete(url)
  }
}
