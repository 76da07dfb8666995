'use strict'

// Programs of one module, whose versions are functions: what the engine does for modules, without it.

const addon = require('../../bin/internals.js')

const resources = addon.programResources()

/** Has Node's functions replaced while the test runs. */
function hot(t) {
  resources.install()
  t.after(() => resources.uninstall())
  return new Program()
}

class Program {
  #owner
  #version = 0

  /** The first start. */
  start(evaluate) {
    this.#owner = resources.owner('/app/main.js', ++this.#version)
    return resources.runAs(this.#owner, evaluate)
  }

  /** Runs something later on behalf of the running version. */
  run(body) {
    return resources.runAs(this.#owner, body)
  }

  /** A reload, until the new version has come up or failed: `up`, `over` or `back`. */
  async reload(evaluate) {
    const old = this.#owner
    this.error = undefined
    const transition = resources.begin([old])
    this.transition = transition
    this.#owner = resources.owner('/app/main.js', ++this.#version)
    const evaluation = async () => {
      try {
        await resources.runAs(this.#owner, evaluate)
        transition.evaluated()
      } catch (error) {
        this.error = error
        transition.rollBack()
      }
    }
    evaluation()
    const outcome = await transition.settled()
    if (outcome === 'open') {
      this.error = transition.failure()
      transition.rollBack()
    }
    if (transition.failure() || this.error) this.#owner = old
    return outcome === 'open' ? 'back' : outcome
  }

  /** A reload, until what the old version started has been released. */
  async reloaded(evaluate) {
    await this.reload(evaluate)
    return this.transition.over()
  }
}

module.exports = { Program, hot, resources }
