'use strict'

// `{ dependencies: true }`: from which moment on no save of a dependency is missed.

const { describe, it } = require('node:test')
const { assert, ContentWatcher, createRuntime, FSWatcher, nextUpdate, scenario, turn, updatesOf } = require('./support')
const { following, text } = require('./support/following')

const saving = (name, value) =>
  `require('node:fs').writeFileSync(require.resolve('${name}'), ${JSON.stringify(text(value))})`

/** A hot module that saves its dependency, once, after it was evaluated and before it can be watched. */
const hotThatSaves = `
  const leaf = require('./lib/leaf.js')
  if (!globalThis.hasSaved) ${saving('./lib/leaf.js', 'next')}
  globalThis.hasSaved = true
  module.exports = require('./hot.js')('a', () => leaf.text)`

const once = (t) => t.after(() => delete globalThis.hasSaved)

describe('a dependency that is saved between its evaluation and the start of its watch', () => {
  for (const [name, Watcher, options] of [
    ['FSWatcher', FSWatcher],
    ['ContentWatcher', ContentWatcher],
    ['FSWatcher that polls', FSWatcher, { polling: { interval: 10 } }]
  ]) {
    it(`is updated: ${name}`, async (t) => {
      once(t)
      const it = scenario(t, 'dependencies')
      it.edit('a.js', hotThatSaves)
      const runtime = createRuntime(it.require, new Watcher(it.require, options), { dependencies: true })
      t.after(() => runtime.closeAll())
      const a = await runtime.import('./a.js')
      assert.equal(a.exports.read(), 'leaf')
      await nextUpdate(runtime, './a.js')
      assert.equal(a.exports.read(), 'next')
    })
  }

  it('is updated, with a watcher that only knows of what comes later', async (t) => {
    once(t)
    const it = following(t)
    it.edit('a.js', hotThatSaves)
    const ids = updatesOf(it.runtime)
    const a = await it.runtime.import('./a.js')
    await turn()
    assert.equal(a.exports.read(), 'next')
    assert.deepEqual(ids, ['./a.js'])
  })

  it('is updated when it was required later', async (t) => {
    const it = following(t)
    it.edit('lib/later.js', `${text('later')}\n${saving('./later.js', 'much later')}`)
    await it.runtime.import('./a.js')
    const mid = it.require('./lib/mid-a.js')
    const updated = nextUpdate(it.runtime, './a.js')
    assert.equal(mid.later(), 'later')
    await updated
    assert.equal(it.require('./lib/mid-a.js').later(), 'much later')
  })

  it('is updated for a second runtime as well, which begins to follow it later', async (t) => {
    const it = following(t)
    await it.runtime.import('./a.js')
    it.edit('lib/leaf.js', text('meanwhile'))
    const other = createRuntime(it.require, undefined, { dependencies: true })
    t.after(() => other.closeAll())
    const b = await other.import('./b.js')
    assert.equal(b.exports.read(), 'b: leaf data')
    await nextUpdate(other, './b.js')
    assert.equal(b.exports.read(), 'b: meanwhile data')
  })

  it('may be one that was not there when it was asked for', async (t) => {
    const it = scenario(t, 'dependencies')
    it.edit(
      'a.js',
      `const fs = require('node:fs')
       let text = 'without'
       try { text = require('./lib/new.js').text } catch {}
       fs.writeFileSync(__dirname + '/lib/new.js', "exports.text = 'with'")
       module.exports = require('./hot.js')('a', () => text)`
    )
    const runtime = createRuntime(it.require, undefined, { dependencies: { ignored: [it.file('lib/none')] } })
    t.after(() => runtime.closeAll())
    const a = await runtime.import('./a.js')
    assert.equal(a.exports.read(), 'without')
    await nextUpdate(runtime, './a.js')
    assert.equal(a.exports.read(), 'with')
  })
})

it('a dependency that is saved before it is evaluated is not updated', async (t) => {
  const it = scenario(t, 'dependencies')
  it.edit(
    'a.js',
    `${saving('./lib/leaf.js', 'made')}\nmodule.exports = require('./hot.js')('a', () => require('./lib/leaf.js').text)`
  )
  const runtime = createRuntime(it.require, undefined, { dependencies: true })
  t.after(() => runtime.closeAll())
  it.edit('lib/leaf.js', text('just saved'))
  const a = await runtime.import('./a.js')
  const ids = updatesOf(runtime)
  assert.equal(a.exports.read(), 'made')
  // A marked change arrives alone.
  await runtime.import('./b.js')
  it.edit('b.js', `${it.read('b.js')}\n// marked`)
  await nextUpdate(runtime, './b.js')
  assert.deepEqual(ids, ['./b.js'])
})
