'use strict'

const assert = require('node:assert/strict')
const { describe, test } = require('node:test')
const { fakeApp, captureConsole, withPlugin } = require('./support/fake-runner.js')
const { loadStack, STACKS } = require('./support/vite-node-app.js')

const [MAIN, A] = ['/app/main.js', '/app/src/a.js']

describe("of a module cache that spells each id in one way, as vite-node's does", () => {
  for (const name of STACKS)
    test(`no update reads all keys (${name})`, async (t) => {
      captureConsole(t)
      const { client } = await loadStack(name)
      const { plugin, app } = withPlugin({
        [MAIN]: async ({ hot, load }) => {
          hot.accept()
          await load(A)
        },
        [A]: () => {}
      })
      const cache = new client.ModuleCacheMap()
      await app.start()
      for (const [id, module] of app.runner.moduleCache) cache.set(id, module)
      app.runner.moduleCache.clear()
      // The fake runner goes on with its own map, which stays empty.
      app.runner.moduleCache = cache
      const read = []
      for (const method of ['keys', 'entries', 'values', 'forEach', Symbol.iterator])
        cache[method] = (...args) => {
          read.push(method)
          return client.ModuleCacheMap.prototype[method].apply(cache, args)
        }
      app.takeExecuted()
      plugin.hotUpdate({ type: 'update', file: A, timestamp: 2, modules: [{ id: A }] })
      await app.update({ path: '/main.js', acceptedPath: '/main.js', timestamp: 2 })
      assert.deepEqual(app.takeExecuted(), [MAIN, A])
      plugin.hotUpdate({ type: 'update', file: '/app/browser.js', timestamp: 3, modules: [{ id: '/app/browser.js' }] })
      await app.update({ path: '/browser.js', acceptedPath: '/browser.js', timestamp: 3 })
      assert.deepEqual(app.takeExecuted(), [])
      assert.deepEqual(read, [])
    })
})

test('any other spelling of a cache is searched for', async (t) => {
  captureConsole(t)
  const app = fakeApp({ 'file:///app/main.js': () => {} }, { entries: ['file:///app/main.js'] })
  await app.start()
  app.takeExecuted()
  await app.update('/main.js')
  assert.deepEqual(app.takeExecuted(), ['file:///app/main.js'])
})
