// Whose is what, where V8 has to inline it: requests start timers all the time, and a reload runs a thousand modules. A call of a
// native function costs ten times as much.
;(storage, keep) => {
  const kept = (timer) => {
    const owner = storage.getStore()
    if (owner !== undefined) keep(owner, timer)
    return timer
  }
  // Read at each call: a test may have put its fake timers there.
  const timers = {
    setTimeout: (...args) => kept(globalThis.setTimeout(...args)),
    setInterval: (...args) => kept(globalThis.setInterval(...args)),
    setImmediate: (...args) => kept(globalThis.setImmediate(...args))
  }
  const runAs = (owner, step, ...args) => {
    const before = storage.getStore()
    storage.enterWith(owner)
    try {
      return step(...args)
    } finally {
      storage.enterWith(before)
    }
  }
  // A property's value, and what is in it. An accessor is not called, as it may run the program's code.
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
  return { timers, runAs, keptBy }
}
