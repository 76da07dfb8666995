'use strict'

const assert = require('node:assert/strict')
const { describe, test } = require('node:test')
const { fakeApp, captureConsole } = require('./support/fake-runner.js')

const [MAIN, A] = ['/app/main.js', '/app/src/a.js']

describe('what a user writes into the state', () => {
  const started = async () => {
    const app = fakeApp({ [MAIN]: ({ load }) => load(A), [A]: () => 'a' })
    await app.start()
    app.takeExecuted()
    return app
  }

  // [vite-node 7, 8]
  test('callback, disposer and data of a module that made no context are used', async (t) => {
    captureConsole(t)
    const { cache, ...app } = await started()
    const got = []
    cache.hotModulesMap.set(A, { id: A, callbacks: [{ deps: [A], fn: (modules) => got.push(modules) }] })
    cache.disposeMap.set(A, (data) => got.push(data))
    cache.dataMap.set(A, { by: 'hand' })
    await app.update('/src/a.js')
    assert.deepEqual(got, [{ by: 'hand' }, ['a']])
    assert.deepEqual(app.takeExecuted(), [A])
  })

  // [vite-node 7, 8]
  test('prune callback and listener are used', async () => {
    const { cache, ...app } = await started()
    const got = []
    cache.pruneMap.set(A, () => got.push('prune'))
    cache.customListenersMap.set('vite:beforePrune', [() => got.push('before')])
    await app.send({ type: 'prune', paths: ['/src/a.js'] })
    assert.deepEqual(got, ['before', 'prune'])
  })

  // [vite-node 7, 8]
  test('what is put in the place of something registered is used instead', async (t) => {
    captureConsole(t)
    const got = []
    const { cache, ...app } = await started()
    const hot = app.context(A)
    hot.accept(() => got.push('callback'))
    hot.dispose(() => got.push('disposer'))
    hot.on('event', () => got.push('listener'))
    hot.data.x = 1
    cache.hotModulesMap.get(A).callbacks[0].fn = () => got.push('other callback')
    cache.disposeMap.set(A, (data) => got.push(['other disposer', data]))
    cache.customListenersMap.get('event')[0] = () => got.push('other listener')
    cache.dataMap.set(A, { x: 2 })
    assert.deepEqual(hot.data, { x: 2 })
    await app.send({ type: 'custom', event: 'event' })
    await app.update(A)
    assert.deepEqual(got, ['other listener', ['other disposer', { x: 2 }], 'other callback'])
  })

  // [vite-node 7, 8]
  test('what is deleted is gone', async (t) => {
    captureConsole(t)
    const { cache, ...app } = await started()
    const hot = app.context(A)
    const never = () => assert.fail('was deleted')
    hot.accept(never)
    hot.dispose(never)
    hot.prune(never)
    hot.on('event', never)
    hot.send('event')
    cache.hotModulesMap.delete(A)
    cache.disposeMap.delete(A)
    cache.pruneMap.clear()
    cache.customListenersMap.delete('event')
    cache.messageBuffer.length = 0
    app.emitter.on('custom', never)
    await app.send({ type: 'connected' })
    await app.send({ type: 'custom', event: 'event' })
    await app.update(A)
    await app.send({ type: 'prune', paths: [A] })
    assert.deepEqual(app.takeExecuted(), [A])
  })

  // [vite-node 7, 8]
  test('a map or an array in the place of ours is used', async (t) => {
    captureConsole(t)
    const { cache, ...app } = await started()
    const got = []
    cache.disposeMap = new Map([[A, () => got.push('disposer')]])
    cache.customListenersMap = new Map([['event', [() => got.push('listener')]]])
    cache.messageBuffer = ['by hand']
    app.emitter.on('custom', (text) => got.push(text))
    await app.send({ type: 'connected' })
    await app.send({ type: 'custom', event: 'event' })
    await app.update(A)
    assert.deepEqual(got, ['by hand', 'listener', 'disposer'])
    assert.deepEqual(cache.messageBuffer, [])
  })
})
