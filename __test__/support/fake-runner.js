'use strict'

const hmr = require('@upvotr/node-hmr/vite-node')

const [MAIN, A, B, C] = ['/app/main.js', '/app/src/a.js', '/app/src/b.js', '/app/src/c.js']

/**
 * A runner of a made-up application. `modules` maps an id to what the module does when it is executed: a function of
 * `hot` (its context, made when the function asks for it) and `load` (imports another module); its result is the
 * module's exports. Modules are cached with their importers and imports, as vite-node does it.
 */
function fakeApp(modules = {}, { root = '/app', entries = ['/app/main.js'], emitter = hmr.createHmrEmitter() } = {}) {
  const executed = []
  const moduleCache = new Map()
  const runner = {
    root,
    moduleCache,
    async executeId(id) {
      return load(id)
    }
  }

  function load(id, importer) {
    const known = moduleCache.get(id) ?? { importers: new Set(), imports: new Set() }
    moduleCache.set(id, known)
    if (importer) known.importers.add(importer)
    moduleCache.get(importer)?.imports.add(id)
    known.promise ??= run(id)
    return known.promise
  }

  async function run(id) {
    executed.push(id)
    const module = {
      id,
      get hot() {
        this.context ??= app.context(id)
        return this.context
      },
      load: (dep) => load(dep, id)
    }
    if (!modules[id]) throw new Error(`no module ${id}`)
    return (await modules[id](module)) ?? { id }
  }

  const app = {
    runner,
    emitter,
    entries,
    modules,
    executed,
    cache: hmr.getCache(runner),
    load,
    /** The ids executed since the last call. */
    takeExecuted: () => executed.splice(0),
    context: (id) => hmr.createHotContext(runner, emitter, entries, id),
    send: (payload) => hmr.handleMessage(runner, emitter, entries, payload),
    update: (...updates) => app.send({ type: 'update', updates: updates.map(jsUpdate) }),
    start: () => Promise.all(entries.map((entry) => load(entry)))
  }
  return app
}

/** A js-update from `"path"`, `["path", "acceptedPath"]` or an object. */
function jsUpdate(update) {
  if (typeof update === 'string') update = [update, update]
  if (Array.isArray(update)) update = { path: update[0], acceptedPath: update[1] }
  return { type: 'js-update', timestamp: 1, ...update }
}

/** main imports a (which accepts itself) and c; a imports b, b imports c. */
function chain(onUpdate = () => {}) {
  const modules = {
    [MAIN]: async ({ load }) => void (await load(A), await load(C)),
    [A]: async ({ hot, load }) => {
      hot.accept(onUpdate)
      return { b: await load(B) }
    },
    [B]: async ({ load }) => ({ c: await load(C) }),
    [C]: () => ({ name: 'c' })
  }
  return fakeApp(modules)
}

/** Emits an update whose changed file the plugin has seen. */
function edit(app, plugin, file, timestamp, ...updates) {
  plugin.hotUpdate({ type: 'update', file, timestamp, modules: [] })
  return app.send({
    type: 'update',
    updates: updates.map(([path, acceptedPath = path]) => ({ type: 'js-update', path, acceptedPath, timestamp }))
  })
}

/** An app whose emitter belongs to a plugin. */
function withPlugin(modules, server = { ws: { send() {} } }) {
  const plugin = hmr.viteNodeHmrPlugin()
  plugin.configureServer(server)
  return { plugin, server, app: fakeApp(modules, { emitter: server.emitter }) }
}

/** Collects what is written to the console until the test ends. */
function captureConsole(t) {
  const lines = { log: [], error: [] }
  for (const method of ['log', 'error']) {
    t.mock.method(console, method, (...args) => {
      lines[method].push(args.map((arg) => plain(arg)).join(' '))
    })
  }
  return lines
}

function plain(value) {
  // eslint-disable-next-line no-control-regex
  return String(value?.message ?? value).replace(/\u001b\[\d+m/g, '')
}

/** A promise with its handles outside. */
function deferred() {
  let resolve, reject
  const promise = new Promise((yes, no) => ([resolve, reject] = [yes, no]))
  return { promise, resolve, reject }
}

module.exports = { fakeApp, chain, edit, withPlugin, jsUpdate, captureConsole, deferred }
