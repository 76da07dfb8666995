'use strict'

/**
 * Listens for an event of the process as long as the program itself does not. Beside a program's own listener even an
 * idle one is in the way: some packages end the process only if all listeners are their own.
 *
 * @param {string} event
 * @param {(...args: any[]) => void} listener
 * @returns {() => void} ends the listening
 */
function standInFor(event, listener) {
  // The addon tells our listeners from the program's by this property.
  listener.standsIn = true
  process.on(event, listener)
  process.on('newListener', added)
  process.on('removeListener', removed)

  function added(name, other) {
    if (name !== event || other === listener) return
    // Removed later: without any listener, Node stops listening for the signal before the new listener is there.
    queueMicrotask(() => {
      if (process.listenerCount(event) > 1) process.off(event, listener)
    })
  }

  function removed(name) {
    if (name === event && process.listenerCount(event) === 0) process.on(event, listener)
  }

  return () => {
    process.off('newListener', added)
    process.off('removeListener', removed)
    process.off(event, listener)
  }
}

module.exports = { standInFor }
