'use strict'

const assert = require('node:assert/strict')
const { describe, test } = require('node:test')
const { captureConsole, edit, withPlugin } = require('./support/fake-runner.js')

const [MAIN, A, VIEW] = ['/app/main.js', '/app/src/a.js', '/app/src/view.vue']

describe('a `prune` of a channel', () => {
  /** main imports a and the view, and the view imports a. */
  const setUp = async (main = (load) => Promise.all([load(VIEW), load(A)])) => {
    const pruned = []
    const modules = {
      [MAIN]: ({ load }) => main(load),
      [A]: ({ hot }) => {
        hot.data.kept = true
        hot.accept()
        hot.dispose(() => pruned.push('dispose'))
        hot.prune(() => pruned.push('prune'))
      },
      [VIEW]: ({ load }) => load(A)
    }
    const set = withPlugin(modules, { ws: { send() {} }, environments: { ssr: { hot: { send() {} } } } })
    const messages = []
    set.server.emitter.on('message', (payload) => messages.push(set.app.send(payload)))
    await set.app.start()
    const prune = async (channel, ...paths) => {
      channel.send({ type: 'prune', paths })
      await Promise.all(messages)
      return pruned.splice(0)
    }
    return { ...set, prune, ssr: set.server.environments.ssr.hot, ws: set.server.ws }
  }
  const isLoaded = (app, id) => app.runner.moduleCache.has(id)

  test("the browsers': what a loaded module imports stays, with its data, and so does an entry", async () => {
    const { app, ws, prune } = await setUp()
    assert.deepEqual(await prune(ws, '/src/a.js', '/main.js'), [])
    assert.deepEqual([isLoaded(app, A), isLoaded(app, MAIN)], [true, true])
    assert.deepEqual(app.cache.dataMap.get(A), { kept: true })
  })

  test("the browsers': what no loaded module imports any more goes", async (t) => {
    captureConsole(t)
    const { app, plugin, ws, prune } = await setUp((load) => load(A))
    app.modules[MAIN] = () => {}
    await edit(app, plugin, MAIN, 100, ['/main.js'])
    assert.deepEqual(await prune(ws, '/src/a.js'), ['dispose', 'prune'])
    assert.equal(isLoaded(app, A), false)
  })

  test("the SSR environment's: what a module in web mode imports stays", async () => {
    const { app, ssr, prune } = await setUp()
    assert.deepEqual(await prune(ssr, '/src/a.js'), [])
    assert.equal(isLoaded(app, A), true)
    assert.deepEqual(await prune(ssr, '/src/view.vue', '/src/a.js'), ['dispose', 'prune'])
    assert.deepEqual([isLoaded(app, VIEW), isLoaded(app, A)], [false, false])
  })
})
