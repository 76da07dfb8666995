// What hot code has for the timers of the global object. In JavaScript, since V8 inlines it: requests start timers all
// the time, and a call of a native function costs ten times as much.
;(storage, keep) => {
  const kept = (timer) => {
    const owner = storage.getStore()
    if (owner !== undefined) keep(owner, timer)
    return timer
  }
  // Read at each call: a test may have put its fake timers there.
  return {
    setTimeout: (...args) => kept(globalThis.setTimeout(...args)),
    setInterval: (...args) => kept(globalThis.setInterval(...args)),
    setImmediate: (...args) => kept(globalThis.setImmediate(...args))
  }
}
