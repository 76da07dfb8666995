'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { once } = require('node:events')
const { test } = require('node:test')
const { captured, createRuntime, FSWatcher, hotText, makeFolder, PATIENCE } = require('./support/files')

/** What is never heard ends its test. */
const bounded = { timeout: PATIENCE }

/** A runtime on a watcher of ours, with `./a` and `./b` imported, and everything that was heard, in order. */
async function started(t) {
  const folder = makeFolder(t, { files: { 'a.js': hotText('one'), 'b.js': hotText('one') } })
  const watcher = new FSWatcher(folder.require)
  const runtime = createRuntime(folder.require, watcher)
  t.after(() => runtime.closeAll())
  const heard = []
  const exports = { './a': await runtime.import('./a'), './b': await runtime.import('./b') }
  runtime.on('update', (id) => heard.push(`runtime ${id} ${exports[id].exports}`))
  const save = async (id, text) => {
    const updated = once(runtime, 'update')
    fs.writeFileSync(folder.file(`${id}.js`), hotText(text))
    await updated
  }
  return { folder, watcher, runtime, heard, exports, save }
}

test(
  "someone else's listener of the watcher hears of a save, before the runtime tells of its update",
  bounded,
  async (t) => {
    const it = await started(t)
    const listener = (id) => it.heard.push(`watcher ${id} ${it.exports[id].exports}`)
    it.watcher.on('update', listener)
    it.watcher.prependListener('update', listener)
    await it.save('./a', 'two')
    it.watcher.removeAllListeners('update')
    assert.deepEqual(it.heard, ['watcher ./a one', 'watcher ./a two', 'runtime ./a two'])
  }
)

test('one of them that waits for the update of the runtime hears of it', bounded, async (t) => {
  const it = await started(t)
  it.watcher.once('update', (id) => {
    it.runtime.once('update', (updated) => it.heard.push(`waited ${id} ${updated}`))
  })
  await it.save('./a', 'two')
  assert.deepEqual(it.heard, ['runtime ./a two', 'waited ./a ./a'])
})

for (const [whose, intercept] of [
  ['the instance', (watcher, emit) => Object.assign(watcher, { emit })],
  ['its class', (watcher, emit) => Object.setPrototypeOf(watcher, { __proto__: FSWatcher.prototype, emit })]
]) {
  test(`an \`emit\` of ${whose} decides who hears of a save`, bounded, async (t) => {
    const it = await started(t)
    const emitted = []
    const keptBack = new Promise((resolve) => {
      intercept(it.watcher, function emit(...args) {
        emitted.push(args)
        return args[1] === './a' ? resolve() : FSWatcher.prototype.emit.apply(this, args)
      })
    })
    fs.writeFileSync(it.folder.file('a.js'), hotText('kept back'))
    await keptBack
    await it.save('./b', 'two')
    assert.deepEqual(emitted, [
      ['update', './a'],
      ['update', './b']
    ])
    assert.equal(it.exports['./a'].exports, 'one')
    assert.deepEqual(it.heard, ['runtime ./b two'])
  })
}

test('of a burst, what is due together is loaded before the first update of it is told', bounded, async (t) => {
  const ids = Array.from({ length: 20 }, (_, index) => `./module${index}`)
  const folder = makeFolder(t, { files: Object.fromEntries(ids.map((id) => [`${id}.js`, hotText('one')])) })
  const runtime = createRuntime(folder.require)
  t.after(() => runtime.closeAll())
  const modules = []
  for (const id of ids) modules.push(await runtime.import(id))
  const told = []
  const loaded = []
  const all = new Promise((resolve) => {
    runtime.on('update', (id) => {
      told.push(id)
      loaded.push(modules.filter((module) => module.exports === 'two').length)
      if (told.length === ids.length) resolve()
    })
  })
  for (const id of ids) folder.write(`${id}.js`, hotText('two'))
  await all
  assert.deepEqual(told.toSorted(), ids.toSorted())
  // Told one by one, each would find one more.
  assert.ok(
    loaded.some((count, index) => count === loaded[index - 1]),
    `loaded when told: ${loaded.join(', ')}`
  )
})

test('what a listener of the watcher throws is reported, and the next save is heard', bounded, async (t) => {
  const it = await started(t)
  const lines = captured(t, 'error')
  const threw = new Promise((resolve) => {
    it.watcher.prependOnceListener('update', () => {
      setImmediate(resolve)
      throw new Error('the listener throws')
    })
  })
  fs.writeFileSync(it.folder.file('a.js'), hotText('unheard'))
  await threw
  assert.equal(lines.length, 1)
  assert.match(lines[0][1], /\.\/a.*a listener of the watcher failed[\s\S]*the listener throws/)
  await it.save('./a', 'two')
  assert.deepEqual(it.heard, ['runtime ./a two'])
})
