// Marks what hot code starts with its owner, the version that started it. This is JavaScript so that V8 inlines it: requests
// start timers all the time, a reload runs a thousand modules, and calling a native function takes ten times as long.
//
// `storage` is an AsyncLocalStorage that holds the current owner. `keep(owner, timer)` notes a timer natively.
;(storage, keep) => {
  const kept = (timer) => {
    const owner = storage.getStore()
    if (owner !== undefined) keep(owner, timer)
    return timer
  }
  // The timers of hot code. Each call reads the global again, since a test may have put fake timers there.
  const timers = {
    setTimeout: (...args) => kept(globalThis.setTimeout(...args)),
    setInterval: (...args) => kept(globalThis.setInterval(...args)),
    setImmediate: (...args) => kept(globalThis.setImmediate(...args)),
    queueMicrotask: (...args) => {
      const owner = storage.getStore()
      const [callback] = args
      const isOwned = owner !== undefined && typeof callback === 'function'
      return isOwned ? globalThis.queueMicrotask(() => run(owner, callback)) : globalThis.queueMicrotask(...args)
    }
  }
  let thrower
  /** Runs a microtask, and notes if it throws: Node 20 and 22 leave its context before they tell of the exception. */
  const run = (owner, callback) => {
    let hasThrown = true
    // Not `catch`: the exception keeps the place in the program where it was thrown, which Node prints.
    try {
      callback()
      hasThrown = false
    } finally {
      if (hasThrown) thrower = owner
    }
  }
  /** Notes if a listener for the end of a worker throws: Node has left the worker's context before it tells of that. */
  const noteExit = (owner, worker) => {
    const emit = function (...args) {
      const plain = Object.getPrototypeOf(this).emit
      if (args[0] !== 'exit') return plain.apply(this, args)
      let hasThrown = true
      try {
        const result = plain.apply(this, args)
        hasThrown = false
        return result
      } finally {
        if (hasThrown) thrower = owner
      }
    }
    Object.defineProperty(worker, 'emit', { value: emit, configurable: true, writable: true })
  }
  /** The owner of the code whose exception Node tells of at this moment. */
  const takeThrower = () => {
    const owner = thrower
    thrower = undefined
    return owner
  }
  /** Calls `step(...args)` on behalf of `owner`. */
  const runAs = (owner, step, ...args) => {
    const before = storage.getStore()
    storage.enterWith(owner)
    try {
      return step(...args)
    } finally {
      storage.enterWith(before)
    }
  }
  /**
   * The objects that properties of `holders` hold, and the elements of those that are arrays, maps or sets. Accessors are not
   * called, since they may run the program's code.
   */
  const keptBy = (...holders) => {
    const all = new Set()
    const isObject = (value) => (typeof value === 'object' && value !== null) || typeof value === 'function'
    for (const holder of holders) {
      for (const key of Reflect.ownKeys(holder)) {
        const value = Object.getOwnPropertyDescriptor(holder, key)?.value
        if (!isObject(value)) continue
        all.add(value)
        for (const element of elements(value)) if (isObject(element)) all.add(element)
      }
    }
    return all
  }
  const elements = (value) => {
    try {
      if (Array.isArray(value)) return [...value]
      if (value instanceof Map) return [...value.values(), ...value.keys()]
      if (value instanceof Set) return [...value]
    } catch {
      // A proxy, or an object that only inherits from the class.
    }
    return []
  }
  /**
   * On Node 20 and 22 every new asynchronous resource passes the storage. Gives what `async_hooks.createHook` gives, for a
   * thousandth of what switching a hook on and off takes there; elsewhere nothing.
   */
  const hook = (init) => {
    const { _propagate } = storage
    if (typeof _propagate !== 'function') return undefined
    let isOn = false
    storage._propagate = function (resource, trigger, type) {
      _propagate.call(this, resource, trigger, type)
      if (isOn) init(undefined, type, undefined, resource)
    }
    const turn = (yes) => () => {
      isOn = yes
    }
    return { enable: turn(true), disable: turn(false) }
  }
  return { timers, noteExit, takeThrower, runAs, keptBy, hook }
}
