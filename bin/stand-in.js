'use strict'

/**
 * Listens for an event of the process as long as the program itself does not. A second listener would be in the way
 * even if it did nothing: some packages end the process only if all listeners are their own.
 *
 * @param {string} event
 * @param {(...args: any[]) => void} listener
 * @returns {() => void} ends it
 */
function standInFor(event, listener) {
  // By this the addon tells it from the program's own.
  listener.standsIn = true
  process.on(event, listener)
  process.on('newListener', added)
  process.on('removeListener', removed)

  function added(name, other) {
    if (name !== event || other === listener) return
    // Not at once: without any listener, Node would give a signal back before the new one is there.
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
