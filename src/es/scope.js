'use strict'
// `$`, the object through which the compiled code of one version reaches everything but its own variables.
const { create, defineProperty, freeze, setPrototypeOf } = Object
const { apply } = Reflect
const { Proxy: Deputy, ReferenceError: NoReference, String: text, TypeError: WrongType } = globalThis
const { Map: Table } = globalThis
const { get: tableGet, set: tableSet } = Table.prototype
const { get: weakGet, set: weakSet } = WeakMap.prototype
/** The objects of the program's enums, each with the type of its values. */
const enums = new WeakMap()
const types = { Number, Object, String }

/** The functions of `natives.rs`. */
let native
/** Number of updates so far. An update may change the end of a long chain of re-exports. */
let epoch = 0

class Scope {
  constructor(id, serial) {
    this.id = id
    this.serial = serial
    /** The module's compiled function, with which the next version of the same text begins. */
    this.make = undefined
    /** From instantiation to evaluation: the generator of that function, or the plain function of a module that runs alone. */
    this.run = undefined
    /** Getters of the module's own exports, as its code gives them. */
    this.local = undefined
    /** What importers read: the getters of all exports. */
    this.env = undefined
  }
  import(specifier, options) {
    return native.import(this.id, this.serial, specifier, options)
  }
  /**
   * Returns `value`. Compiled code calls this when a function of the module has assigned `value` to an export. Where Node's
   * own loader has imported the module, `tell` of `glue.js` puts another `u` on the object.
   */
  u(value) {
    return value
  }
  /** Reads an export through a long chain of re-exports, without calling the getters on the way. */
  far(request, name) {
    if (this.epoch !== epoch) {
      this.epoch = epoch
      this.ends = new Table()
    }
    const key = `${request} ${name}`
    let end = apply(tableGet, this.ends, [key])
    if (end === undefined) {
      end = native.far(this.id, this.serial, request, name)
      apply(tableSet, this.ends, [key, end])
    }
    return end[0][end[1]]
  }
  /**
   * Empties the variables in which compiled code keeps imported functions, so that V8's errors name them as the source does.
   * The code of a module with such variables defines its own `z`.
   */
  z() {}
  /** Notes the object of an `enum`, with the name of its values' type in decorators' metadata. */
  enumerated(object, type) {
    const known = apply(weakGet, enums, [object])
    // Several declarations of one enum may differ.
    apply(weakSet, enums, [object, known === undefined || known === types[type] ? types[type] : types.Object])
  }
  /** The value of a type's name in decorators' metadata: a class, or the type of an enum's values, or else `Object`. */
  type(read) {
    let value
    try {
      value = read()
    } catch {
      // A module of a cycle that has not run, or a type only.
    }
    return typeof value === 'function' ? value : (apply(weakGet, enums, [value]) ?? types.Object)
  }
  /** Names the anonymous function or class of `export default`. */
  named(value) {
    defineProperty(value, 'name', { value: 'default', configurable: true })
  }
  get arguments() {
    throw new NoReference('arguments is not defined')
  }
}
setPrototypeOf(Scope.prototype, null)
/** Stands for the exports of a module that is evaluated by itself until they are there, and then leads to them. */
function early($) {
  const env = new Deputy(nothing, {
    get(_, key) {
      if ($.env === env) throw new NoReference(`Cannot access '${text(key)}' before initialization`)
      return $.env[key]
    }
  })
  return env
}
const nothing = freeze(create(null))
// Compiled code assigns to `$.k.v` where the source assigns to an import, which has to throw.
defineProperty(Scope.prototype, 'k', {
  value: freeze(
    setPrototypeOf(
      {
        set v(_) {
          throw new WrongType('Assignment to constant variable.')
        }
      },
      null
    )
  )
})

/** Defines a property of `$` whose value is made when it is first read. */
function lazily(name, make) {
  defineProperty(Scope.prototype, name, {
    get() {
      const value = make(this)
      defineProperty(this, name, { value, writable: true, configurable: true })
      return value
    },
    set(value) {
      defineProperty(this, name, { value, writable: true, configurable: true })
    }
  })
}
defineProperty(Scope.prototype, 'global', { value: globalThis })
const hotTimers = ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask']
// The global object, with the timers of hot code.
lazily(
  'world',
  ($) => new Proxy(globalThis, { get: (target, key) => (hotTimers.includes(key) ? $[key] : target[key]) })
)
// CommonJS's names are not defined in an ES module, unless the user has defined global variables with these names.
const free = create(null)
for (const name of ['require', 'module', 'exports', '__filename', '__dirname']) {
  defineProperty(free, name, {
    get() {
      if (name in globalThis) return globalThis[name]
      throw new NoReference(`${name} is not defined`)
    },
    set(value) {
      if (!(name in globalThis)) throw new NoReference(`${name} is not defined`)
      globalThis[name] = value
    }
  })
}
defineProperty(Scope.prototype, 'free', { value: free })
lazily('meta', ($) => native.meta($.id, $.serial))
lazily('module', ($) => native.module($.id, $.serial))
lazily('require', ($) => $.module.require_)
lazily('exports', ($) => $.module.exports)
lazily('__filename', ($) => $.module.filename)
lazily('__dirname', ($) => $.module.path)
/** Gives all versions the timers of `given`, and the global ones where `given` has none. */
function setTimers(given) {
  for (const name of [...hotTimers, 'clearTimeout', 'clearInterval', 'clearImmediate']) {
    const value = given?.[name]
    if (value !== undefined) defineProperty(Scope.prototype, name, { value, writable: true, configurable: true })
    else {
      defineProperty(Scope.prototype, name, {
        get: () => globalThis[name],
        set(value) {
          defineProperty(this, name, { value, writable: true, configurable: true })
        },
        configurable: true
      })
    }
  }
}
setTimers()

module.exports = {
  Scope,
  early,
  /** Connects this file with `natives.rs`. */
  start(functions) {
    native = functions
  },
  setTimers,
  /** An update has changed where chains of re-exports end. */
  rewired: () => void epoch++
}
