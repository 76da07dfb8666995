'use strict'

// A runtime that follows dependencies, over the scenario `dependencies`.

const path = require('node:path')
const { createRuntime, ManualWatcher, scenario } = require('./index')

/** The scenario `dependencies` with a runtime that follows, and a watcher whose events the test makes. */
function following(t, ...options) {
  const it = scenario(t, 'dependencies')
  // The support code of the fixture is no part of what is tested.
  const isOwn = (file) => /(count|hot|runtime)\.js$/.test(file)
  const given = options.length === 0 ? { dependencies: { ignored: isOwn } } : options[0]
  const watcher = new ManualWatcher()
  const runtime = createRuntime(it.require, watcher, given)
  const { evaluated, steps } = it.require('./count.js')
  t.after(() => runtime.closeAll())
  const names = (files) => files.map((file) => path.relative(it.dir, file).replaceAll('\\', '/')).sort()
  return {
    ...it,
    watcher,
    runtime,
    /** What was evaluated, and what ran, since the last call. */
    evaluated: () => evaluated.splice(0),
    steps: () => steps.splice(0),
    /** Writes a file and tells of it, by its path. */
    save(name, text) {
      it.edit(name, text)
      watcher.tell(it.file(name))
    },
    follows: (id) => names(runtime.dependencies(id)),
    watches: () => names(watcher.watched.filter((id) => path.isAbsolute(id)))
  }
}

const text = (value) => `require('../count.js').count(module)\nexports.text = ${JSON.stringify(value)}\n`

module.exports = { following, text }
