'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { test } = require('node:test')
const { captured, createRuntime, FSWatcher, hotText, imported, makeFolder, pause, watched } = require('./support/files')

// [node-hmr 45]
test('"One watcher may serve two runtimes": each hears of a save once', async (t) => {
  const folder = makeFolder(t, { files: { 'a.js': hotText('one'), 'end.js': hotText('one') } })
  const watcher = new FSWatcher(folder.require)
  const runtimes = [createRuntime(folder.require, watcher), createRuntime(folder.require, watcher)]
  t.after(() => runtimes.forEach((runtime) => runtime.closeAll()))
  const heard = []
  const modules = []
  for (const [index, runtime] of runtimes.entries()) {
    runtime.on('update', (id) => heard.push(`${index} ${id}`))
    modules.push(await runtime.import('./a'))
  }
  const end = await runtimes[0].import('./end')
  const ended = new Promise((resolve) => {
    runtimes[0].on('update', (id) => id === './end' && resolve())
  })
  const saved = new Promise((resolve) => {
    runtimes[1].on('update', resolve)
  })
  fs.writeFileSync(folder.file('a.js'), hotText('two'))
  await saved
  fs.writeFileSync(folder.file('end.js'), hotText('two'))
  await ended
  assert.deepEqual(
    modules.map((module) => module.exports),
    ['two', 'two']
  )
  assert.equal(end.exports, 'two')
  assert.deepEqual(heard, ['0 ./a', '1 ./a', '0 ./end'])
})

// Watches of one id are looked at one by one: each of these lets the second one's look come after the update.
for (const [when, options, untilSecond] of [
  ['one of them began just before the save', undefined, 0],
  ['their looks are half an interval apart', { polling: { interval: 100 } }, 50]
]) {
  test(`several watches of an id on one watcher are one event per save: ${when}`, async (t) => {
    const it = watched(t, ['./begun', './a', './end'], { options })
    const save = (id) => fs.writeFileSync(it.file(`${id}.js`), `saved ${id}`)
    // By then all are watched, and the next save is not one of a burst.
    save('./begun')
    assert.deepEqual(await it.seen(1), ['./begun'])
    await pause(untilSecond)
    t.after(it.watcher.watch('./a'))
    save('./a')
    assert.deepEqual(await it.seen(1), ['./a'])
    // An empty file is told of after its settle time, a polled one not before the next interval.
    fs.truncateSync(it.file('end.js'))
    assert.deepEqual(await it.seen(1), ['./end'])
    save('./end')
    assert.deepEqual(await it.seen(1), ['./end'])
    save('./a')
    assert.deepEqual(await it.seen(1), ['./a'])
  })
}

const OUTER = `
const { createPersist, createRunner, createRuntime, hmr } = require('@upvotr/node-hmr')
module.exports = hmr(
  createPersist(() => ({ runtime: createRuntime(require) }), ({ runtime }) => runtime.closeAll()),
  createRunner(
    async ({ runtime }) => ({ version: 1, inner: await runtime.import('./inner') }),
    ({ runtime }) => runtime.unimport('./inner'),
    true
  )
)`

test('a module imported anew in an update while it is being saved gets its settle time', async (t) => {
  const files = { './outer.js': OUTER, './inner.js': hotText('one') }
  const it = await imported(t, './outer', { files })
  t.after(() => it.runtime.unimport('./outer'))
  const lines = captured(t, 'error', 'warn')
  const updated = new Promise((resolve) => {
    it.runtime.once('update', resolve)
  })
  // Both are saved, as by a switch of branches; of the inner one only the beginning is there yet.
  fs.truncateSync(it.file('inner.js'))
  const inner = fs.openSync(it.file('inner.js'), 'w')
  fs.writeFileSync(it.file('outer.js'), OUTER.replace('version: 1', 'version: 2'))
  setTimeout(() => {
    fs.writeSync(inner, hotText('two'))
    fs.closeSync(inner)
  }, 100)
  await updated
  assert.equal(it.module.exports.version, 2)
  assert.equal(it.module.exports.inner.exports, 'two')
  assert.deepEqual(lines, [])
})
