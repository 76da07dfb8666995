'use strict'
// `$`: what a module's code sees of the world.
const { create, defineProperty, freeze, setPrototypeOf } = Object
const { apply } = Reflect
const { ReferenceError: NoReference, TypeError: WrongType } = globalThis
const { Map: Table } = globalThis
const { get: tableGet, set: tableSet } = Table.prototype

let native
/** Counts the updates: what long chains of re-exports led to before the last one counts no more. */
let epoch = 0

class Scope {
  constructor(id, serial) {
    this.id = id
    this.serial = serial
    /** The module's compiled function, with which the next version of the same text begins. */
    this.make = undefined
    /** The generator of that function, from instantiation to evaluation. */
    this.run = undefined
    /** Getters of the module's own exports, as its code gives them. */
    this.local = undefined
    /** What importers read: the getters of all exports. */
    this.env = undefined
  }
  import(specifier, options) {
    return native.import(this.id, this.serial, specifier, options)
  }
  /** What a function of the module has just assigned to an export; code outside is told by an own `u` (`tell`). */
  u(value) {
    return value
  }
  /** Reads an export of another module at the end of a long chain of re-exports. */
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
  /** Empties the variables that say names of imports (a module that has some has its own). */
  z() {}
  /** Names the anonymous function or class of `export default`. */
  named(value) {
    defineProperty(value, 'name', { value: 'default', configurable: true })
  }
  get arguments() {
    throw new NoReference('arguments is not defined')
  }
}
setPrototypeOf(Scope.prototype, null)
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
const hotTimers = ['setTimeout', 'setInterval', 'setImmediate']
// The global object, with the timers of hot code.
lazily(
  'world',
  ($) => new Proxy(globalThis, { get: (target, key) => (hotTimers.includes(key) ? $[key] : target[key]) })
)
// CommonJS's names in an ES module: not defined, unless somebody has made globals of them.
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
/** Lets the names of timers be those of `given`, and the global ones where that has none. */
function setTimers(given) {
  for (const name of ['setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'clearImmediate']) {
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
  start(functions) {
    native = functions
  },
  setTimers,
  rewired: () => void epoch++
}
