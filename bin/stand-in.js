'use strict'

/** The listener that `node:domain` adds beside the first one for `uncaughtException`, and removes with the last. */
const OF_DOMAIN = 'domainUncaughtExceptionClear'

/**
 * Listens for an event of the process as long as the program itself does not. Beside a program's own listener even an
 * idle one is in the way: some packages end the process only if all listeners are their own.
 *
 * @param {string} event
 * @param {(...args: any[]) => void} listener
 * @param {() => void} [decides] called before the program's own listeners of a signal, which decide about it
 * @returns {() => void} ends the listening
 */
function standInFor(event, listener, decides) {
  // The addon tells our listeners from the program's by this property.
  listener.standsIn = true
  let isOver = false
  listen()
  process.on('newListener', added)
  process.on('removeListener', removed)

  function added(name, other) {
    if (name !== event || other === listener) return
    // Removed later: without any listener, Node stops listening for the signal before the new listener is there.
    queueMicrotask(() => {
      if (programListens()) process.off(event, listener)
    })
  }

  function removed(name, other) {
    if (name === event && !process.listeners(event).includes(listener) && !programListens()) listen()
    // `process.removeAllListeners()` takes this function last, and forgets what was added meanwhile.
    if (name === 'newListener' && other === added) queueMicrotask(begin)
  }

  function begin() {
    if (isOver) return
    for (const [name, own] of [
      ['newListener', added],
      ['removeListener', removed]
    ]) {
      process.off(name, own)
      process.on(name, own)
    }
    if (!process.listeners(event).includes(listener) && !programListens()) listen()
  }

  function programListens() {
    return process.listeners(event).some((it) => it !== listener && it.name !== OF_DOMAIN)
  }

  function listen() {
    if (!decides) return process.on(event, listener)
    // For a signal Node calls the `process.emit` that it finds as the first listener comes. So the signal is heard without
    // a listener beside the program's own.
    const own = Object.getOwnPropertyDescriptor(process, 'emit')
    const emit = process.emit
    process.emit = hmrEmit
    process.on(event, listener)
    delete process.emit
    if (own) Object.defineProperty(process, 'emit', own)

    function hmrEmit(...args) {
      if (args[0] === event && !process.listeners(event).includes(listener)) decides()
      const current = process.emit === hmrEmit ? emit : process.emit
      return Reflect.apply(current, process, args)
    }
  }

  return () => {
    isOver = true
    process.off('newListener', added)
    process.off('removeListener', removed)
    process.off(event, listener)
  }
}

module.exports = { standInFor }
