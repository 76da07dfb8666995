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
  return { timers, runAs }
}
