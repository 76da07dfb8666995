'use strict'

// `{ dependencies: true }`: what is followed, and where that ends.

const fs = require('node:fs')
const { createRequire } = require('node:module')
const path = require('node:path')
const { describe, it } = require('node:test')
const { assert, createRuntime, edit, ManualWatcher, nextUpdate, root, scenario, updatesOf } = require('./support')
const { following, text } = require('./support/following')

/** What is needed of this package, in a folder of its own. */
function copyOfThisPackage(folder) {
  fs.mkdirSync(folder, { recursive: true })
  const files = fs.readdirSync(root).filter((file) => file.endsWith('.node'))
  for (const file of [...files, 'package.json', 'index.js', 'load-binding.js', 'binding.js'])
    fs.copyFileSync(path.join(root, file), path.join(folder, file))
  return folder
}

describe('what is followed', () => {
  it('is what is reached by plain requires, data included, and is watched by its resolved path', async (t) => {
    const it = following(t)
    await it.runtime.import('./a.js')
    assert.deepEqual(it.follows('./a.js'), ['lib/data.json', 'lib/leaf.js', 'lib/mid-a.js'])
    assert.deepEqual(it.watches(), it.follows('./a.js'))
    assert.deepEqual(it.watcher.watched[0], './a.js')
    assert.deepEqual(it.runtime.dependencies('./unknown.js'), [])
    assert.throws(() => it.runtime.dependencies(1), { code: 'ERR_HMR_ARGUMENT' })
  })

  it('may go in circles', async (t) => {
    const it = following(t)
    const object = await it.runtime.import('./cycle.js')
    assert.deepEqual(it.follows('./cycle.js'), ['lib/about.js', 'lib/round.js'])
    it.save('lib/round.js', "exports.text = 'again'\nrequire('./about.js')")
    await nextUpdate(it.runtime, './cycle.js')
    assert.equal(object.exports.read(), 'again')
  })

  it('may be a chain as long as the stack allows without the option', async (t) => {
    const it = following(t)
    const length = 500
    for (let n = 0; n < length; n++) it.edit(`chain/${n}.js`, `exports.next = require('./${n + 1}.js')`)
    it.edit(`chain/${length}.js`, '')
    it.edit('a.js', "require('./chain/0.js'); module.exports = require('./hot.js')('a', () => 1)")
    await it.runtime.import('./a.js')
    assert.equal(it.follows('./a.js').length, length + 1)
  })

  it('includes what a function requires later', async (t) => {
    const it = following(t)
    const object = await it.runtime.import('./a.js')
    const { later } = it.require('./lib/mid-a.js')
    assert.ok(!it.watches().includes('lib/later.js'))
    assert.equal(later(), 'later')
    assert.ok(it.watches().includes('lib/later.js'))
    it.evaluated()
    it.save('lib/later.js', text('much later'))
    await nextUpdate(it.runtime, './a.js')
    assert.deepEqual(it.evaluated(), ['a', 'mid-a'])
    assert.equal(it.require('./lib/mid-a.js').later(), 'much later')
    assert.equal(object.exports.read(), 'a: leaf data')
  })

  for (const [who, text] of Object.entries({
    'the same file': "require('./lib/x.js'); forget(); require('./lib/x.js')",
    'a file that was required later': "require('./lib/early.js'); forget(); require('./lib/late.js').x()",
    'a file that was required before':
      "const late = require('./lib/late.js'); require('./lib/early.js'); forget(); late.x()"
  })) {
    it(`leaves out what only the old version of a file required that ${who} has required afresh`, async (t) => {
      const it = following(t)
      const forget = 'const forget = () => delete require.cache[require.resolve("./lib/x.js")]'
      it.edit('a.js', `${forget}; ${text}; module.exports = require('./hot.js')('a', () => 1)`)
      it.edit('lib/early.js', "require('./x.js')")
      it.edit('lib/late.js', "exports.x = () => require('./x.js')")
      it.edit('lib/x.js', "globalThis.wasAsked ? require('./new.js') : require('./old.js'); globalThis.wasAsked = true")
      it.edit('lib/new.js', '')
      it.edit('lib/old.js', '')
      t.after(() => delete globalThis.wasAsked)
      await it.runtime.import('./a.js')
      const through = who === 'the same file' ? [] : ['lib/early.js', 'lib/late.js']
      assert.deepEqual(it.follows('./a.js'), [...through, 'lib/new.js', 'lib/x.js'])
      assert.deepEqual(it.watches(), it.follows('./a.js'))
    })
  }

  it('includes modules whose records are frozen', async (t) => {
    const it = following(t)
    it.edit('a.js', "require('./lib/leaf.js'); module.exports = require('./hot.js')('a', () => 1)")
    it.require('./lib/leaf.js')
    Object.freeze(it.require.cache[it.file('lib/leaf.js')])
    await it.runtime.import('./a.js')
    assert.deepEqual(it.follows('./a.js'), ['lib/leaf.js'])
    it.save('lib/leaf.js', text('thawed'))
    await nextUpdate(it.runtime, './a.js')
    assert.equal(it.require('./lib/leaf.js').text, 'thawed')
  })

  it('includes what a runner requires, and what it requires after a pause', async (t) => {
    const it = following(t)
    it.edit(
      'a.js',
      `const { hmr, createRunner } = require('@upvotr/node-hmr')
       module.exports = hmr(null, createRunner(async () => {
         require('./lib/leaf.js')
         await null
         return require('./lib/later.js').text
       }, undefined, true))`
    )
    const object = await it.runtime.import('./a.js')
    assert.deepEqual(it.watches(), ['lib/later.js', 'lib/leaf.js'])
    it.save('lib/later.js', text('then'))
    await nextUpdate(it.runtime, './a.js')
    assert.equal(object.exports, 'then')
  })

  it('stops at what an edit no longer requires', async (t) => {
    const it = following(t)
    const object = await it.runtime.import('./a.js')
    it.save('lib/mid-a.js', "exports.text = 'alone'")
    await nextUpdate(it.runtime, './a.js')
    assert.equal(object.exports.read(), 'alone')
    assert.deepEqual(it.follows('./a.js'), ['lib/mid-a.js'])
    assert.deepEqual(it.watches(), ['lib/mid-a.js'])
    const ids = updatesOf(it.runtime)
    it.save('lib/leaf.js', text('new'))
    it.save('lib/mid-a.js', "exports.text = 'marked'")
    await nextUpdate(it.runtime, './a.js')
    assert.deepEqual(ids, ['./a.js'])
  })

  it('stops at builtins, packages and build output', async (t) => {
    const it = following(t)
    it.edit('node_modules/thing/index.js', "module.exports = require('../../lib/leaf.js')")
    it.edit('.next/page.js', 'module.exports = 1')
    it.edit('lib/mid-a.js', "require('thing'); require('../.next/page.js'); exports.text = require('fs') && 'x'")
    await it.runtime.import('./a.js')
    assert.deepEqual(it.follows('./a.js'), ['lib/mid-a.js'])
  })

  it('stops at other hot modules, of any runtime', async (t) => {
    const it = following(t)
    const other = createRuntime(it.require, new ManualWatcher(), { dependencies: true })
    await other.import('./lib/../b.js')
    it.edit('a.js', "require('./b.js'); require('./inner.js'); module.exports = require('./hot.js')('a', () => 1)")
    await it.runtime.import('./inner.js')
    await it.runtime.import('./a.js')
    assert.deepEqual(it.follows('./a.js'), [])
    other.closeAll()
  })

  it('stops at a module that becomes hot, and goes on when it is unimported', async (t) => {
    const it = following(t)
    it.edit('a.js', "require('./inner.js'); module.exports = require('./hot.js')('a', () => 1)")
    await it.runtime.import('./a.js')
    assert.deepEqual(it.follows('./a.js'), ['inner.js', 'lib/leaf.js'])
    await it.runtime.import('./inner.js')
    assert.deepEqual(it.follows('./a.js'), [])
    assert.deepEqual(it.watches(), ['lib/leaf.js'])
    // What it required of that is gone from the cache; with its next version it reaches it again.
    it.runtime.unimport('./inner.js')
    it.watcher.tell('./a.js')
    await nextUpdate(it.runtime, './a.js')
    assert.deepEqual(it.watches(), ['inner.js', 'lib/leaf.js'])
  })

  it('stops at the nearest package, but for linked workspace packages', async (t) => {
    const it = following(t)
    it.edit('outside.js', 'module.exports = 1')
    it.edit('packages/app/package.json', '{ "name": "app" }')
    it.edit('packages/util/package.json', '{ "name": "@repo/util", "main": "main.js" }')
    it.edit('packages/util/main.js', "require('./more.js'); require('../stray/index.js')")
    it.edit('packages/util/more.js', '')
    it.edit('packages/stray/package.json', '{ "name": "stray" }')
    it.edit('packages/stray/index.js', '')
    fs.mkdirSync(it.file('node_modules/@repo'))
    fs.symlinkSync(it.file('packages/util'), it.file('node_modules/@repo/util'), 'junction')
    it.edit(
      'packages/app/hot.js',
      `require('../../outside.js'); require('@repo/util'); require('./near.js')
       const { hmr, createRunner } = require('@upvotr/node-hmr')
       module.exports = hmr(null, createRunner(() => 1))`
    )
    it.edit('packages/app/near.js', '')
    await it.runtime.import('./packages/app/hot.js')
    assert.deepEqual(it.follows('./packages/app/hot.js'), [
      'packages/app/near.js',
      'packages/util/main.js',
      'packages/util/more.js'
    ])
  })

  it("stops at the folder of the runtime's require where no package is", async (t) => {
    const it = following(t)
    fs.rmSync(it.file('package.json'))
    it.edit('inside/near.js', '')
    it.edit(
      'inside/hot.js',
      `require('./near.js'); require('../lib/leaf.js')
       const { hmr, createRunner } = require('@upvotr/node-hmr')
       module.exports = hmr(null, createRunner(() => 1))`
    )
    const runtime = createRuntime(createRequire(it.file('inside/main.js')), false, { dependencies: true })
    await runtime.import('./hot.js')
    assert.deepEqual(runtime.dependencies('./hot.js'), [it.file('inside/near.js')])
  })

  for (const [kind, place] of [
    ['a link in node_modules', (it) => it.file('node_modules/@upvotr/node-hmr')],
    ['a copy in a folder of the project', (it) => copyOfThisPackage(it.file('vendor/node-hmr'))],
    [
      'a workspace package that is linked',
      (it) => {
        const link = it.file('node_modules/@upvotr/node-hmr')
        fs.rmSync(link)
        fs.symlinkSync(copyOfThisPackage(it.file('packages/node-hmr')), link, 'junction')
        return link
      }
    ]
  ])
    it(`never includes this package: ${kind}`, async (t) => {
      const it = scenario(t, 'dependencies')
      const folder = place(it)
      it.edit(
        'a.js',
        `require('./lib/data.json')
         const { hmr, createRunner } = require(${JSON.stringify(folder)})
         module.exports = hmr(null, createRunner(() => 1))`
      )
      const runtime = require(folder).createRuntime(it.require, new ManualWatcher(), { dependencies: true })
      t.after(() => runtime.closeAll())
      await runtime.import('./a.js')
      assert.deepEqual(runtime.dependencies('./a.js'), [it.file('lib/data.json')])
    })

  it('never includes this package: for modules of its own repository', async (t) => {
    const runtime = createRuntime(require, new ManualWatcher(), { dependencies: true })
    t.after(() => runtime.closeAll())
    await runtime.import('./fixtures/values/greeting.js')
    const followed = runtime.dependencies('./fixtures/values/greeting.js')
    assert.deepEqual(followed, [require.resolve('./fixtures/values/helper.js')])
  })

  it('is let go with its last user', async (t) => {
    const it = following(t)
    await Promise.all([it.runtime.import('./a.js'), it.runtime.import('./b.js')])
    it.runtime.unimport('./a.js')
    assert.deepEqual(it.watches(), ['lib/data.json', 'lib/leaf.js', 'lib/mid-b.js'])
    it.runtime.closeAll()
    assert.deepEqual(it.watcher.watched, [])
    assert.equal(it.watcher.listenerCount('update'), 0)
    await it.runtime.import('./b.js')
    assert.deepEqual(it.watches(), ['lib/data.json', 'lib/leaf.js', 'lib/mid-b.js'])
  })

  it('is let go when the first import fails', async (t) => {
    const it = following(t)
    it.edit(
      'a.js',
      `require('./lib/leaf.js')
       const { hmr, createRunner } = require('@upvotr/node-hmr')
       module.exports = hmr(null, createRunner(() => { throw new Error('no') }))`
    )
    await assert.rejects(it.runtime.import('./a.js'), /no/)
    assert.deepEqual(it.watcher.watched, [])
  })
})

// Kept out of the fixtures: a module below a folder that is made while it is watched.
it('follows a helper in a folder that is made later', async (t) => {
  const it = following(t)
  const a = await it.runtime.import('./a.js')
  edit(it.file('lib/deep/new.js'), "exports.text = 'deep'")
  it.save('lib/mid-a.js', "exports.text = require('./deep/new.js').text")
  await nextUpdate(it.runtime, './a.js')
  it.save('lib/deep/new.js', "exports.text = 'deeper'")
  await nextUpdate(it.runtime, './a.js')
  assert.equal(a.exports.read(), 'deeper')
})
