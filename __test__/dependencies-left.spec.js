'use strict'

// `{ dependencies: true }`: what is in the cache although nobody follows it, and is used again.

const fs = require('node:fs')
const { describe, it } = require('node:test')
const { assert, captureConsole, createRuntime, nextUpdate, scenario, turn, updatesOf } = require('./support')
const { following, text } = require('./support/following')

const without = "require('./count.js').count(module)\nmodule.exports = require('./hot.js')('a', () => 'none')"

describe('a dependency that is let go and used again', () => {
  it('is used as it is by then: one save is one update, and nothing stale runs', async (t) => {
    const it = following(t)
    const printed = captureConsole(t)
    const a = await it.runtime.import('./a.js')
    const withIt = it.read('a.js')
    it.save('a.js', without)
    await turn()
    it.edit('lib/leaf.js', text('edited'))
    it.evaluated()
    const updates = updatesOf(it.runtime)
    it.save('a.js', withIt)
    await turn()
    assert.equal(a.exports.read(), 'a: edited data')
    assert.deepEqual(updates, ['./a.js'])
    assert.deepEqual(it.evaluated(), ['a', 'mid-a', 'leaf'])
    assert.deepEqual(printed.lines, [])
    assert.deepEqual(it.watches(), ['lib/data.json', 'lib/leaf.js', 'lib/mid-a.js'])
  })

  it('stays the same instance if it has not changed', async (t) => {
    const it = following(t)
    await it.runtime.import('./a.js')
    const mid = it.require('./lib/mid-a.js')
    const withIt = it.read('a.js')
    it.save('a.js', without)
    await turn()
    it.save('a.js', withIt)
    await turn()
    assert.equal(it.require('./lib/mid-a.js'), mid)
    it.runtime.unimport('./a.js')
    await it.runtime.import('./a.js')
    assert.equal(it.require('./lib/mid-a.js'), mid)
  })

  it('is left to whoever else follows it', async (t) => {
    const it = following(t)
    const b = await it.runtime.import('./b.js')
    await it.runtime.import('./a.js')
    const leaf = it.require('./lib/leaf.js')
    it.runtime.unimport('./a.js')
    // Its watcher has not told of this yet.
    it.edit('lib/leaf.js', text('edited'))
    const a = await it.runtime.import('./a.js')
    assert.equal(it.require('./lib/leaf.js'), leaf)
    it.watcher.tell(it.file('lib/leaf.js'))
    await turn()
    assert.deepEqual([a.exports.read(), b.exports.read()], ['a: edited data', 'b: edited data'])
  })

  it('may have become the index of a folder', async (t) => {
    const it = following(t)
    const a = await it.runtime.import('./a.js')
    it.save('a.js', it.read('a.js').replace('./lib/mid-a.js', './lib/mid-a'))
    await turn()
    const withIt = it.read('a.js')
    it.save('a.js', without)
    await turn()
    fs.rmSync(it.file('lib/mid-a.js'))
    it.edit('lib/mid-a/index.js', "exports.text = 'index'")
    it.save('a.js', withIt)
    await turn()
    assert.equal(a.exports.read(), 'index')
  })

  it('is used as it is after a version that failed was taken back', async (t) => {
    const it = following(t)
    captureConsole(t)
    const a = await it.runtime.import('./a.js')
    const withIt = it.read('a.js')
    it.save('lib/leaf.js', "throw new Error('broken')")
    await turn()
    it.save('a.js', without)
    await turn()
    it.save('lib/leaf.js', "throw new Error('broken')")
    it.save('a.js', withIt)
    await turn()
    assert.equal(a.exports.read(), 'none')
    it.save('lib/leaf.js', text('mended'))
    await nextUpdate(it.runtime, './a.js')
    assert.equal(a.exports.read(), 'a: mended data')
  })
})

describe('"After a failed first import the file is evaluated afresh", and so is what has changed of its dependencies', () => {
  const failing = {
    'a helper of a helper that makes it throw': "throw new Error('broken')",
    'a helper that exports no hot module yet': "exports.text = 'no hot module'"
  }
  for (const [kind, broken] of Object.entries(failing))
    it(kind, async (t) => {
      const it = scenario(t, 'dependencies')
      const runtime = createRuntime(it.require, undefined, { dependencies: true })
      t.after(() => runtime.closeAll())
      it.edit('lib/deep.js', broken)
      it.edit('lib/made.js', "require('./leaf.js')\nmodule.exports = require('./deep.js')")
      it.edit('first.js', "require('./lib/leaf.js')\nmodule.exports = require('./lib/made.js')")
      await assert.rejects(runtime.import('./first.js'))
      const leaf = it.require('./lib/leaf.js')
      it.edit('lib/deep.js', "module.exports = require('../hot.js')('first', () => 'mended')")
      const first = await runtime.import('./first.js')
      assert.equal(first.exports.read(), 'mended')
      assert.equal(it.require('./lib/leaf.js'), leaf, 'what has not changed is the same')
      it.edit('lib/deep.js', "module.exports = require('../hot.js')('first', () => 'edited')")
      await nextUpdate(runtime, './first.js')
      assert.equal(first.exports.read(), 'edited')
    })

  it('leaves nothing watched meanwhile', async (t) => {
    const it = following(t)
    it.edit('lib/leaf.js', "throw new Error('broken')")
    await assert.rejects(it.runtime.import('./a.js'), /broken/)
    assert.deepEqual(it.watcher.watched, [])
  })
})
