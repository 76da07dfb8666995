'use strict'
// Makes functions of the code of ES modules, and gives Node their source maps. Node takes longer to read a map than V8 to
// compile the code, so it gets a map only when a stack names the file. This is JavaScript because the functions of
// `node:vm` compile on behalf of the script that calls them.
const NodeModule = require('node:module')
const { compileFunction, constants } = require('node:vm')
/** Lets `import()` work in text that a module passes to `eval`: Node's own loader answers it. */
const importModuleDynamically = constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER

/** The functions of `natives.rs`. */
let native
/** `compiled(url, code)` tells the parts that print stacks and write coverage of new code. */
let compiled
let inspector
try {
  inspector = require('node:inspector')
} catch {
  // Node can be built without an inspector.
}

/** URLs of ES modules whose source maps Node has not got yet. */
const unmapped = new Set()
/** The modules that brought Node the maps of the others, by URL. Node forgets a map when its module is collected. */
const mapped = new Map()
/** Reading `process.env` takes as long as a fifth of compiling a small module. Coverage is on from the start, or not at all. */
const isCovered = Boolean(process.env.NODE_V8_COVERAGE)
/**
 * Code that may evaluate text. `import()` in such a text works without a warning only if Node's CommonJS compiler has compiled
 * the code.
 */
const evaluates = /\beval\b|Function\b/

/**
 * Makes the function of an ES module. `mayEvaluate`: a quick look has found what `evaluates` may match. `source`: the hash of
 * the source.
 */
function load(code, url, mayEvaluate, source) {
  if (isCovered || (mayEvaluate && evaluates.test(code))) {
    const text = code + native.map(url)
    compiled(url, text, source)
    return new NodeModule(url)._compile(text, url, 'commonjs')
  }
  compiled(url, code, source)
  unmapped.add(url)
  const text = isDebugged() ? code + native.map(url) : code
  const make = compileFunction(text, [], { filename: url, importModuleDynamically })
  if (Error.prepareStackTrace === undefined) tellMaps()
  return make()
}

/** Whether a debugger may be attached. Debuggers read the map from the code itself. */
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

/** Gives Node all maps, when nothing tells which files the next stack names. */
function tellMaps() {
  for (const url of unmapped) tellMap(url)
}

module.exports = {
  /** Connects this file with `natives.rs`. Calls `told(url, code, source)` for the code of each ES module. */
  start(functions, told) {
    native = functions
    compiled = told
    // Node is about to print the line that an uncaught error comes from, and needs the map of its file.
    process.on('uncaughtExceptionMonitor', (error) => {
      try {
        // Reading `stack` formats it, and formatting gives Node the maps of the files that it names.
        if (error instanceof Error) void error.stack
        else tellMaps()
      } catch {
        // What is thrown may be a Proxy, and the program may format stacks itself. An exception here would end the process.
      }
    })
  },
  load,
  tellMap,
  /** The file has got another map. Node gets it when a stack next names the file. */
  remap(url) {
    mapped.delete(url)
    unmapped.add(url)
  },
  /** Drops the map of a module that is gone. */
  forget(url) {
    unmapped.delete(url)
    mapped.delete(url)
  }
}
