'use strict'

const { Watcher } = require('../..')

/** A watcher whose events the test makes. */
class ManualWatcher extends Watcher {
  /** Ids in the order in which they were watched, and still are. */
  watched = []
  calls = []

  watch(id) {
    this.calls.push(`watch ${id}`)
    this.watched.push(id)
    let active = true
    return () => {
      this.calls.push(`unwatch ${id}`)
      if (active) this.watched.splice(this.watched.indexOf(id), 1)
      active = false
    }
  }

  tell(...ids) {
    return this.emit('update', ...ids)
  }
}

module.exports = { ManualWatcher }
