'use strict'
// The part of the engine that has to be JavaScript. V8 inlines accessors, getters and traps that are written in
// JavaScript; calling native ones takes ten to fifty times as long. `import()` works only in a script of Node's loader.
//
// The user's code shares the globals with this file and may replace them. So what runs after the start uses the copies
// that are made here.
const {
  create,
  defineProperty,
  freeze,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  is,
  preventExtensions,
  setPrototypeOf
} = Object
const { apply, defineProperty: define, ownKeys, set } = Reflect
const nothing = freeze(create(null))
const isStrict = process.versions.node.split('.')[0] >= 26
const { hasOwnProperty: hasOwn, propertyIsEnumerable: isEnumerable } = Object.prototype
const { Proxy: Deputy, TypeError: WrongType } = globalThis
const { captureStackTrace } = Error
const { isArray } = Array
const { stringify } = JSON
const { next } = getPrototypeOf(function* () {}).prototype
const { next: asyncNext } = getPrototypeOf(async function* () {}).prototype
// biome-ignore lint/security/noGlobalEval: the compiled text of a module becomes code by it.
const evaluate = globalThis.eval

/** The functions of `natives.rs`. */
let native
/** The class of `$`, and what stands for exports that are not there yet (`scope.js`). */
let Scope, early
/** `compiled(address, code, source)` tells the parts that print stacks and write coverage of new code. */
let compiled

/** The traps of a namespace. Its keys are those of the target, its values are read from the version in the cell. */
class Traps {
  constructor(cell) {
    this.cell = cell
  }
  get(target, key) {
    return typeof key === 'string' && key in target ? this.cell.env[key] : target[key]
  }
  /** Until Node 26 an object that has a namespace as its prototype gets a property of its own, against ECMAScript. */
  set(target, key, value, receiver) {
    if (isStrict || receiver === this.proxy || (typeof key === 'symbol' && key in target)) return false
    return set(nothing, key, value, receiver)
  }
  getOwnPropertyDescriptor(target, key) {
    const found = getOwnPropertyDescriptor(target, key)
    if (found !== undefined && typeof key === 'string') found.value = this.cell.env[key]
    return found
  }
  defineProperty(target, key, wanted) {
    if (typeof key === 'symbol') return define(target, key, wanted)
    if (!(key in target)) return false
    const value = this.cell.env[key]
    if (wanted.configurable === true || wanted.enumerable === false || wanted.writable === false) return false
    if ('get' in wanted || 'set' in wanted) return false
    return 'value' in wanted ? is(wanted.value, value) : true
  }
}
setPrototypeOf(Traps.prototype, null)

/**
 * Defines getters for what is exported from elsewhere. `reads` has three values for each: the name, the request, and the name
 * there, which is `undefined` for the namespace. `isLong`: through a chain so long that no getter may call the next.
 */
function elsewhere($, reads, isLong) {
  for (let n = 0; n < reads.length; n += 3) {
    const name = reads[n]
    const request = reads[n + 1]
    const imported = reads[n + 2]
    let get
    if (imported === undefined) get = () => $[`n${request}`]
    else if (isLong) get = () => $.far(request, imported)
    else get = reader($, name, request, imported)
    defineProperty($.env, name, { get, enumerable: true, configurable: true })
  }
}

/**
 * A getter that is replaced by one of its own code, which V8 inlines, once it is read often. Most names of an `export *` are
 * never read, and compiling takes a hundred times as long as making this one.
 */
function reader($, name, request, imported) {
  let reads = 0
  return () => {
    if (++reads === OFTEN) {
      const get = evaluate(`($)=>()=>$[${request}][${stringify(imported)}]`)($)
      defineProperty($.env, name, { get, enumerable: true, configurable: true })
    }
    return $[request][imported]
  }
}
const OFTEN = 1000

const NodeModule = require('node:module')
const nodeRequire = NodeModule.prototype.require

module.exports = {
  /** Connects this file with `natives.rs` and the other scripts. `coverage` is there only with NODE_V8_COVERAGE. */
  start(functions, scopes, stack, maps, coverage) {
    native = functions
    Scope = scopes.Scope
    early = scopes.early
    scopes.start(functions)
    module.exports.timers = scopes.setTimers
    module.exports.rewired = scopes.rewired
    compiled = (address, code, source) => {
      stack.compiled(address, code, source)
      coverage?.compiled(address, code)
    }
    maps.start(functions, compiled)
    stack.start(maps.tellMap, native.map)
    module.exports.sourceOf = stack.sourceOf
    coverage?.start(functions, stack)
    for (const name of ['load', 'remap']) module.exports[name] = maps[name]
    module.exports.forget = (address) => {
      maps.forget(address)
      stack.forget(address)
    }
  },
  scope: (id, serial) => new Scope(id, serial),
  /** Makes the version call `tell` whenever one of its functions has assigned to an export. */
  tell($, tell) {
    defineProperty($, 'u', {
      value: (value) => {
        tell()
        return value
      },
      configurable: true
    })
  },
  /**
   * Makes `$` of a version, and runs the module's generator up to its first `yield`: functions are hoisted then, and the yield
   * brings the getters of the exports that the module declares itself. `model` is the module's function, or `$` of a version
   * that has it.
   */
  instantiate(model, id, serial) {
    const $ = new Scope(id, serial)
    const make = typeof model === 'function' ? model : model.make
    $.make = make
    // Not as a method of `$`: stacks would name it so.
    $.run = make($)
    $.env = setPrototypeOf(apply(next, $.run, []).value, null)
    return $
  },
  /**
   * Does the same for a module with top-level await. Its code sets `$.local` itself, because an asynchronous generator hands
   * out what it yields in a later microtask.
   */
  instantiateAsync(model, id, serial) {
    const $ = new Scope(id, serial)
    const make = typeof model === 'function' ? model : model.make
    $.make = make
    // Not as a method of `$`: stacks would name it so.
    $.run = make($)
    const hoisted = apply(asyncNext, $.run, [])
    $.env = setPrototypeOf($.local, null)
    $.local = undefined
    return [$, hoisted]
  },
  /** Does the same with the plain function of a module that is evaluated by itself. It is called when the module is evaluated. */
  instantiateAlone(make, id, serial) {
    const $ = new Scope(id, serial)
    $.run = make
    $.env = early($)
    return $
  },
  step($) {
    const { run } = $
    $.run = undefined
    apply(next, run, [])
  },
  stepAsync($) {
    const { run } = $
    $.run = undefined
    return apply(asyncNext, run, [])
  },
  stepAlone($) {
    const { run } = $
    $.run = undefined
    $.env = setPrototypeOf(run($), null)
  },
  /** Adds getters for what is exported from elsewhere to what importers read. */
  reExport($, reads, isLong) {
    $.env = setPrototypeOf({}, $.env)
    elsewhere($, reads, isLong)
  },
  /** Adds getters to what importers read already, in place of those that led elsewhere. */
  extend: elsewhere,
  namespace(cell, names) {
    const target = create(null)
    // By index, as in all of these functions: a program may take away how arrays are iterated.
    for (let n = 0; n < names.length; n++) {
      defineProperty(target, names[n], { value: undefined, writable: true, enumerable: true, configurable: false })
    }
    defineProperty(target, Symbol.toStringTag, { value: 'Module' })
    preventExtensions(target)
    const traps = new Traps(cell)
    traps.proxy = new Deputy(target, traps)
    return { proxy: traps.proxy, traps, target }
  },
  /** Copies the values to the target. `console.log` prints the target, past the traps. */
  fill({ traps, target }) {
    const { env } = traps.cell
    const keys = ownKeys(target)
    for (let n = 0; n < keys.length; n++) {
      if (typeof keys[n] !== 'string') continue
      try {
        target[keys[n]] = env[keys[n]]
      } catch {
        // The variable is not initialized yet.
      }
    }
  },
  /** The names and values of an evaluated CommonJS module. */
  commonJs(exports, hasModuleExports) {
    const env = {}
    const isObject = (typeof exports === 'object' && exports !== null) || typeof exports === 'function'
    const names = []
    const add = (name, value) => {
      names.push(name)
      defineProperty(env, name, { value, writable: true, enumerable: true, configurable: true })
    }
    // What is not enumerable is `length` and the like of functions and arrays, and an export of any other object.
    const isPlain = isObject && typeof exports !== 'function' && !isArray(exports)
    const keys = isObject ? ownKeys(exports) : []
    for (let n = 0; n < keys.length; n++) {
      const name = keys[n]
      if (typeof name !== 'string' || name === 'default' || name === 'module.exports') continue
      if (name !== '__esModule' && !isPlain && !apply(isEnumerable, exports, [name])) continue
      let value
      try {
        value = exports[name]
      } catch {
        // Node, too, takes `undefined` for a getter that throws.
      }
      add(name, value)
    }
    add('default', exports)
    if (hasModuleExports) add('module.exports', exports)
    return [setPrototypeOf(env, null), names]
  },
  json(value) {
    const env = {}
    const isObject = typeof value === 'object' && value !== null && !isArray(value)
    const names = []
    const add = (name, value) => {
      names.push(name)
      defineProperty(env, name, { value, writable: true, enumerable: true, configurable: true })
    }
    const keys = isObject ? ownKeys(value) : []
    for (let n = 0; n < keys.length; n++) {
      const name = keys[n]
      if (typeof name === 'string' && name !== 'default' && native.isName(name)) add(name, value[name])
    }
    add('default', value)
    return [setPrototypeOf(env, null), names]
  },
  /**
   * The object that a TypeScript importer reads from if a CommonJS module has set `__esModule`. `default` is
   * `module.exports.default` there, and `module.exports` for all others.
   */
  interop(env) {
    const value = env.default
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null || !value.__esModule)
      return undefined
    return create(env, { default: { get: () => env.default.default, enumerable: true } })
  },
  /** A cell for the result of `require` of an ES module to which Node adds `__esModule`. */
  marked: (cell) => ({
    get env() {
      return create(cell.env, { __esModule: { value: true } })
    }
  }),
  keys: (object) => ownKeys(object).filter((key) => typeof key === 'string'),
  text: (value) => `${value}`,
  /** The attributes of an `import()` as a list of keys and values. The checks and their messages are V8's. */
  attributes(options) {
    if (options === undefined) return []
    if ((typeof options !== 'object' && typeof options !== 'function') || options === null) {
      throw new WrongType('The second argument to import() must be an object')
    }
    const attributes = options.with
    if (attributes === undefined) return []
    if ((typeof attributes !== 'object' && typeof attributes !== 'function') || attributes === null) {
      throw new WrongType("The 'with' option must be an object")
    }
    const list = []
    const keys = ownKeys(attributes)
    for (let n = 0; n < keys.length; n++) {
      const key = keys[n]
      if (typeof key !== 'string' || !apply(isEnumerable, attributes, [key])) continue
      const value = attributes[key]
      if (typeof value !== 'string') throw new WrongType('Import attribute value must be a string')
      list.push(key, value)
    }
    return list
  },
  import: (url, options) => import(url, options),
  /**
   * Node's namespace of a package or builtin, without waiting. `text` is a module that exports the namespace as `ns`. Node
   * keeps one such module for each `file`.
   */
  external(file, text) {
    const virtual = new NodeModule(file)
    virtual.filename = file
    virtual.paths = []
    virtual._compile(text, file, 'module')
    return virtual.exports.ns
  },
  /**
   * The exports of a file in a zip archive of Yarn's, which Node's loader of ES modules cannot read everywhere. This requires
   * the package by the key of `exports` that leads to the file; for an ES module that gives the CommonJS version beside it.
   */
  archived(file) {
    if (!process.versions.pnp || !/\.zip[\\/]/.test(file)) return undefined
    const path = NodeModule._load('node:path')
    const require = NodeModule.createRequire(file)
    const folder = /^.*[\\/]node_modules[\\/](@[^\\/]+[\\/])?[^\\/]+/.exec(file)?.[0] ?? path.dirname(file)
    const { name, exports } = require(path.join(folder, 'package.json'))
    const isThis = (target) => {
      if (typeof target === 'string') return path.join(folder, target) === file
      return typeof target === 'object' && target !== null && Object.values(target).some(isThis)
    }
    const key = Object.keys(Object(exports)).find((key) => key[0] === '.' && isThis(exports[key]))
    return { exports: require(key === undefined ? file : name + key.slice(1)) }
  },
  /** Defines `module.__hmr__`, which the first line of compiled CommonJS reads. Reading it deletes it. */
  door(module, $) {
    defineProperty(module, '__hmr__', {
      configurable: true,
      get() {
        delete module.__hmr__
        return $
      }
    })
  },
  /** Calls `native.required` after each `require` that has added to `module.children`, at any time of the module's life. */
  observe(module, id, serial) {
    let seen = 0
    defineProperty(module, 'require', {
      value: function require(id_) {
        try {
          return apply(nodeRequire, this, [id_])
        } finally {
          const { length } = module.children
          if (length !== seen) {
            seen = length
            native.required(id, serial)
          }
        }
      },
      writable: true,
      configurable: true
    })
  },
  compile(module, code, file, source) {
    compiled(file, code, source)
    return module._compile(code, file, 'commonjs')
  },
  /** `module` for an ES module in which CommonJS's names exist, and with it `require`, which Node makes for compiled code. */
  looseModule(file, folder, isMain) {
    const module = isMain ? new NodeModule('.', null) : new NodeModule(file)
    if (isMain) process.mainModule = module
    module.filename = file
    module.path = folder
    module.paths = NodeModule._nodeModulePaths(folder)
    module._compile('Object.defineProperty(module,"require_",{value:require})', file, 'commonjs')
    module.loaded = true
    return module
  },
  /** An error of the engine. `place` is its stack if it belongs to a place in the source. */
  error(kind, message, code, place) {
    // For an uncaught error, Node prints the line that made it, unless that line contains this comment.
    const error = new globalThis[kind](message) // node-do-not-add-exception-line
    if (!place) {
      // Node's own errors show the code in the first line of the stack, while `name` does not contain it.
      // `captureStackTrace` leaves the frame of this function out.
      const { name } = error
      if (code.startsWith('ERR_')) error.name = `${name} [${code}]`
      captureStackTrace(error, module.exports.error)
      void error.stack
      delete error.name
    }
    if (code) error.code = code
    if (place) module.exports.setStack(error, place)
    return error
  },
  setStack: (error, stack) => defineProperty(error, 'stack', { value: stack, writable: true, configurable: true }),
  hasOwn: (object, key) => apply(hasOwn, object, [key])
}
