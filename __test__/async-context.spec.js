// Updates have no context of a request.
'use strict'

const assert = require('node:assert/strict')
const { AsyncLocalStorage } = require('node:async_hooks')
const test = require('node:test')

const { createRuntime, FSWatcher, nextUpdate, scenario, steps } = require('./support')

const als = new AsyncLocalStorage()
const HOT = (version) => `
  const { createPersist, createRunner, hmr } = require('@upvotr/node-hmr')
  const note = (what) => globalThis.noteContext('${version} ' + what)
  note('evaluation')
  module.exports = hmr(
    createPersist(() => note('generate'), () => note('persist cleanup')),
    createRunner(async () => { await null; note('runner') }, async () => { await null; note('cleanup') }, true),
    true
  )`

for (const options of [undefined, { dependencies: true }]) {
  const about = options ? 'with followed dependencies' : 'without them'
  test(`updates run outside of the context of the first import, ${about}`, async (t) => {
    const it = scenario(t, 'steps')
    const noted = []
    globalThis.noteContext = (what) => noted.push([what, als.getStore()])
    it.edit('hot.js', HOT(1))
    const watcher = new FSWatcher(it.require)
    const runtime = createRuntime(it.require, watcher, options)
    t.after(() => runtime.closeAll())
    await als.run('request-1', async () => {
      runtime.on('update', () => noteContext('update'))
      watcher.on('update', () => noteContext('watcher'))
      await runtime.import('./hot.js')
    })
    assert.deepEqual(
      noted.splice(0).map(([what, store]) => [what, store]),
      ['1 evaluation', '1 generate', '1 runner'].map((what) => [what, 'request-1'])
    )
    const updated = nextUpdate(runtime, './hot.js')
    als.run('request-2', () => it.edit('hot.js', HOT(2)))
    await updated
    const names = ['watcher', '2 evaluation', '1 cleanup', '1 persist cleanup', '2 generate', '2 runner', 'update']
    assert.deepEqual(new Map(noted), new Map(names.map((name) => [name, undefined])))
  })
}

test('an update that a watcher of one’s own tells of in a request runs outside of it', async (t) => {
  const { runtime, watcher, save } = steps(t)
  const seen = []
  const run = () => seen.push(als.getStore())
  await runtime.import('./module')
  runtime.on('update', run)
  als.run('request', () => save({ version: 2, run }))
  await nextUpdate(runtime)
  watcher.tell('./module')
  await nextUpdate(runtime)
  assert.deepEqual([...new Set(seen)], [undefined])
})
