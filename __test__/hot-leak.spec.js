'use strict'

const assert = require('node:assert/strict')
const { test } = require('node:test')
const v8 = require('node:v8')
const vm = require('node:vm')
const hmr = require('@upvotr/node-hmr/vite-node')
const { fakeApp, captureConsole } = require('./support/fake-runner.js')

v8.setFlagsFromString('--expose-gc')
const collectGarbage = vm.runInNewContext('gc')

/** How many of these are left. Finalizers of native functions run in turns of their own. */
async function alive(refs) {
  for (let round = 0; round < 10; round++) {
    await new Promise(setImmediate)
    collectGarbage()
  }
  return refs.filter((ref) => ref.deref()).length
}

// [vite-node 44]
test('old versions of a module are collected, whether it was updated, failed or was reloaded', async (t) => {
  captureConsole(t)
  const MAIN = '/app/main.js'
  const versions = []
  let fails = false
  const app = fakeApp({
    [MAIN]: ({ hot }) => {
      const version = { hot }
      versions.push(new WeakRef(version))
      hot.accept(() => version)
      hot.accept(['/app/a.js'], () => version)
      hot.dispose((data) => void (data.last = version.length))
      hot.prune(() => version)
      hot.on('event', () => version)
      if (fails) throw new Error('broken')
      return { version }
    }
  })
  await app.start()
  for (let round = 0; round < 60; round++) {
    fails = round % 3 === 1
    await app.update(MAIN)
    if (round % 10 === 9) await app.send({ type: 'full-reload' }).catch(() => {})
  }
  fails = false
  await app.update(MAIN)
  assert.ok(versions.length > 60)
  assert.ok((await alive(versions)) <= 2, `${await alive(versions)} of ${versions.length} versions are left`)
})

// [vite-node 6]
test('a runner is collected with its state', async () => {
  const emitter = hmr.createHmrEmitter()
  const refs = []
  for (let count = 0; count < 50; count++) {
    const runner = { moduleCache: new Map(), executeId: async () => runner }
    const hot = hmr.createHotContext(runner, emitter, [], '/a.js')
    hot.accept(() => runner)
    hot.on('event', () => runner)
    await hmr.handleMessage(runner, emitter, ['/a.js'], { type: 'full-reload' })
    refs.push(new WeakRef(runner))
  }
  assert.ok((await alive(refs)) <= 1)
})
