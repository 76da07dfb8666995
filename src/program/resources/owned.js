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
    setImmediate: (...args) => kept(globalThis.setImmediate(...args))
  }
  /** Lets the code of a version use these timers. */
  const give = (scope) => {
    scope.setTimeout = timers.setTimeout
    scope.setInterval = timers.setInterval
    scope.setImmediate = timers.setImmediate
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
  return { timers, give, runAs }
}
