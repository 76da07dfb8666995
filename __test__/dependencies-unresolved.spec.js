'use strict'

// `{ dependencies: true }`: "A require that could not be resolved is tried again when the file appears", also where a
// `try` hid that it could not.

const fs = require('node:fs')
const Module = require('node:module')
const { describe, it } = require('node:test')
const { assert, captureConsole, createRuntime, nextUpdate, scenario, turn, updatesOf } = require('./support')
const { following, text } = require('./support/following')

/** The text of a hot module or helper whose `text` is that of an optional module. */
const optional = (id) => `
  exports.text = 'without'
  try { exports.text = require('${id}').text } catch {}`

const hotWith = (read) => `
  const { hmr, createRunner } = require('@upvotr/node-hmr')
  ${read}
  module.exports = hmr(null, createRunner(() => exports.text))`

/** The file, relative to `lib`, in which a module of that id may appear. */
const FORMS = [
  ['./new', 'new.js'],
  ['./new', 'new.json'],
  ['./new', 'new/index.js'],
  ['./new', 'new/index.json'],
  ['./new.js', 'new.js'],
  ['./new.json', 'new.json'],
  ["./it\\'s.js", "it's.js"],
  ['./deep/in/new', 'deep/in/new.js'],
  ['../lib/new', 'new.js']
]

const content = (name, value) => (name.endsWith('.json') ? JSON.stringify({ text: value }) : text(value))
const counted = (name, value) =>
  content(name, value).replace('../count.js', `${'../'.repeat(name.split('/').length)}count.js`)

describe('a require that a `try` hid is tried again when the file appears', () => {
  for (const [id, name] of FORMS) {
    it(`in a dependency: ${id} as ${name}`, async (t) => {
      const it = following(t)
      it.edit('lib/mid-a.js', optional(id))
      const a = await it.runtime.import('./a.js')
      assert.equal(a.exports.read(), 'without')
      it.save(`lib/${name}`, counted(name, 'with'))
      await nextUpdate(it.runtime, './a.js')
      assert.equal(a.exports.read(), 'with')
      assert.deepEqual(it.watches(), ['lib/mid-a.js', `lib/${name}`].sort())
      it.save(`lib/${name}`, counted(name, 'edited'))
      await nextUpdate(it.runtime, './a.js')
      assert.equal(a.exports.read(), 'edited')
    })

    it(`in the hot module itself: ${id} as ${name}`, async (t) => {
      const it = following(t)
      it.edit('lib/hot.js', hotWith(optional(id)))
      const hot = await it.runtime.import('./lib/hot.js')
      assert.equal(hot.exports, 'without')
      it.save(`lib/${name}`, counted(name, 'with'))
      await nextUpdate(it.runtime, './lib/hot.js')
      assert.equal(hot.exports, 'with')
      assert.deepEqual(it.watches(), [`lib/${name}`])
    })

    it(`with FSWatcher: ${id} as ${name}`, async (t) => {
      const it = scenario(t, 'dependencies')
      const runtime = createRuntime(it.require, undefined, { dependencies: true })
      t.after(() => runtime.closeAll())
      it.edit('lib/mid-a.js', optional(id))
      const a = await runtime.import('./a.js')
      assert.equal(a.exports.read(), 'without')
      it.edit(`lib/${name}`, counted(name, 'with'))
      await nextUpdate(runtime, './a.js')
      assert.equal(a.exports.read(), 'with')
    })
  }

  it('in a runner, at once and after a pause', async (t) => {
    const it = following(t)
    it.edit(
      'lib/hot.js',
      `const { hmr, createRunner } = require('@upvotr/node-hmr')
       const or = (id) => { try { return require(id).text } catch { return 'none' } }
       module.exports = hmr(null, createRunner(async () => {
         const first = or('./first')
         await null
         return [first, or('./second.json')]
       }, undefined, true))`
    )
    const hot = await it.runtime.import('./lib/hot.js')
    assert.deepEqual(hot.exports, ['none', 'none'])
    it.save('lib/first.js', text('one'))
    await nextUpdate(it.runtime, './lib/hot.js')
    assert.deepEqual(hot.exports, ['one', 'none'])
    it.save('lib/second.json', '{ "text": "two" }')
    await nextUpdate(it.runtime, './lib/hot.js')
    assert.deepEqual(hot.exports, ['one', 'two'])
    assert.deepEqual(it.watches(), ['lib/first.js', 'lib/second.json'])
  })

  it('in a file that a function requires later', async (t) => {
    const it = following(t)
    it.edit('lib/later.js', optional('./new'))
    await it.runtime.import('./a.js')
    const { later } = it.require('./lib/mid-a.js')
    assert.equal(later(), 'without')
    it.evaluated()
    it.save('lib/new.js', text('with'))
    await nextUpdate(it.runtime, './a.js')
    assert.deepEqual(it.evaluated(), ['a', 'mid-a'])
    assert.equal(it.require('./lib/mid-a.js').later(), 'with')
  })

  it('in a workspace package whose main file is not built yet', async (t) => {
    const it = following(t)
    it.edit('packages/util/package.json', '{ "name": "@repo/util", "main": "dist/index.js" }')
    fs.mkdirSync(it.file('node_modules/@repo'))
    fs.symlinkSync(it.file('packages/util'), it.file('node_modules/@repo/util'), 'junction')
    it.edit('a.js', hotWith(optional('@repo/util')))
    const a = await it.runtime.import('./a.js')
    assert.equal(a.exports, 'without')
    it.save('packages/util/dist/index.js', "exports.text = 'built'")
    await nextUpdate(it.runtime, './a.js')
    assert.equal(a.exports, 'built')
  })

  it('for every module that uses what asked for it, each file evaluated once', async (t) => {
    const it = following(t)
    it.edit('lib/leaf.js', `require('../count.js').count(module)\n${optional('./new')}`)
    const [a, b] = [await it.runtime.import('./a.js'), await it.runtime.import('./b.js')]
    it.evaluated()
    it.save('lib/new.js', text('with'))
    await turn()
    assert.deepEqual(it.evaluated(), ['a', 'mid-a', 'leaf', 'new', 'b', 'mid-b'])
    assert.deepEqual([a.exports.read(), b.exports.read()], ['a: with data', 'b: with data'])
  })

  it('and again when it went and came as another file', async (t) => {
    const it = following(t)
    it.edit('lib/mid-a.js', optional('./new'))
    const a = await it.runtime.import('./a.js')
    for (const [name, value] of [
      ['new.js', 'file'],
      ['new/index.js', 'folder'],
      ['new.json', 'data']
    ]) {
      it.save(`lib/${name}`, counted(name, value))
      await nextUpdate(it.runtime, './a.js')
      assert.equal(a.exports.read(), value)
      fs.rmSync(it.file(`lib/${name}`))
      it.watcher.tell(it.file(`lib/${name}`))
      await nextUpdate(it.runtime, './a.js')
      assert.equal(a.exports.read(), 'without')
    }
  })

  it('and a plain require of a deleted file finds the one that takes its place', async (t) => {
    const it = following(t)
    const printed = captureConsole(t)
    it.edit('lib/new.js', text('file'))
    it.edit('lib/mid-a.js', "exports.text = require('./new').text")
    const a = await it.runtime.import('./a.js')
    fs.rmSync(it.file('lib/new.js'))
    it.watcher.tell(it.file('lib/new.js'))
    await turn()
    assert.match(printed.of('error')[0].text, /Cannot find module '\.\/new'/)
    assert.equal(a.exports.read(), 'file')
    it.save('lib/new/index.js', counted('new/index.js', 'folder'))
    await nextUpdate(it.runtime, './a.js')
    assert.equal(a.exports.read(), 'folder')
  })

  it('unless it lies where nothing is followed, or is ignored', async (t) => {
    const it = following(t, { dependencies: { ignored: /(count|hot|runtime|ignored)\.js/ } })
    const either = (id) => `try { require('${id}') } catch {}`
    it.edit('package/package.json', '{}')
    it.edit(
      'package/a.js',
      hotWith(['absent-package', '../outside', './ignored.js', './node_modules/x.js'].map(either).join('\n'))
    )
    await it.runtime.import('./package/a.js')
    assert.deepEqual(it.watches(), [])
  })

  it('and is waited for no longer than what asked for it is in use', async (t) => {
    const it = following(t)
    it.edit('lib/mid-a.js', optional('./new.js'))
    await it.runtime.import('./a.js')
    assert.ok(it.watches().includes('lib/new.js'))
    it.save('lib/mid-a.js', "exports.text = 'no more'")
    await nextUpdate(it.runtime, './a.js')
    assert.deepEqual(it.watches(), ['lib/mid-a.js'])
    it.save('lib/mid-a.js', optional('./new.js'))
    await nextUpdate(it.runtime, './a.js')
    assert.ok(it.watches().includes('lib/new.js'))
    it.save('a.js', "module.exports = require('./hot.js')('a', () => 'alone')")
    it.watcher.tell('./a.js')
    await nextUpdate(it.runtime, './a.js')
    assert.deepEqual(it.watches(), [])
  })

  it('and is waited for again if the version that no longer asks for it fails', async (t) => {
    const it = following(t)
    captureConsole(t)
    it.edit('lib/mid-a.js', optional('./new.js'))
    const a = await it.runtime.import('./a.js')
    it.save('lib/mid-a.js', "throw new Error('not this one')")
    await turn()
    assert.ok(it.watches().includes('lib/new.js'))
    it.edit('lib/mid-a.js', optional('./new.js'))
    it.save('lib/new.js', text('with'))
    await nextUpdate(it.runtime, './a.js')
    assert.equal(a.exports.read(), 'with')
  })
})

describe('a file that failed in a `try`', () => {
  it('is tried again when it is saved, and when something is that it required', async (t) => {
    const it = following(t)
    it.edit('lib/mid-a.js', optional('./new.js'))
    it.edit('lib/new.js', "exports.text = require('./about-new.js').text.trim()")
    it.edit('lib/about-new.js', '')
    const a = await it.runtime.import('./a.js')
    assert.equal(a.exports.read(), 'without')
    assert.deepEqual(it.watches(), ['lib/about-new.js', 'lib/mid-a.js', 'lib/new.js'])
    it.save('lib/about-new.js', "exports.text = ' mended '")
    await nextUpdate(it.runtime, './a.js')
    assert.equal(a.exports.read(), 'mended')
    it.save('lib/new.js', "throw new Error('not any more')")
    await nextUpdate(it.runtime, './a.js')
    assert.equal(a.exports.read(), 'without')
    it.save('lib/new.js', "exports.text = 'mended again'")
    await nextUpdate(it.runtime, './a.js')
    assert.equal(a.exports.read(), 'mended again')
    assert.deepEqual(it.watches(), ['lib/mid-a.js', 'lib/new.js'])
  })

  it('is tried again when what it did not find appears', async (t) => {
    const it = following(t)
    it.edit('lib/mid-a.js', optional('./new.js'))
    it.edit('lib/new.js', "exports.text = require('./newer.json').text")
    const a = await it.runtime.import('./a.js')
    assert.equal(a.exports.read(), 'without')
    it.save('lib/newer.json', '{ "text": "found" }')
    await nextUpdate(it.runtime, './a.js')
    assert.equal(a.exports.read(), 'found')
  })

  it('may be data of which only half was saved', async (t) => {
    const it = following(t)
    it.edit('lib/new.json', '{ "text": "whole" }')
    it.edit('lib/mid-a.js', optional('./new.json'))
    const a = await it.runtime.import('./a.js')
    it.save('lib/new.json', '{ "text":')
    await nextUpdate(it.runtime, './a.js')
    assert.equal(a.exports.read(), 'without')
    it.save('lib/new.json', '{ "text": "again" }')
    await nextUpdate(it.runtime, './a.js')
    assert.equal(a.exports.read(), 'again')
  })

  it('is not one that was only resolved', async (t) => {
    const it = following(t)
    it.edit('lib/mid-a.js', "exports.text = 'x'; require.resolve('./leaf.js'); require.resolve('./later.js', {})")
    await it.runtime.import('./a.js')
    assert.deepEqual(it.watches(), ['lib/mid-a.js'])
  })

  it('updates by itself once it is a hot module', async (t) => {
    const it = following(t)
    it.edit('lib/mid-a.js', optional('../inner.js'))
    it.edit('inner.js', "throw new Error('not yet')")
    await it.runtime.import('./a.js')
    it.edit('inner.js', "module.exports = require('./hot.js')('inner', () => 'hot')")
    await it.runtime.import('./inner.js')
    const ids = updatesOf(it.runtime)
    it.watcher.tell(it.file('inner.js'))
    await turn()
    assert.deepEqual(ids, ['./inner.js'])
  })
})

for (const name of ['_resolveFilename', '_nodeModulePaths'])
  it(`\`${name}\` is left alone without the option, and while nothing is evaluated`, async (t) => {
    const before = Object.getOwnPropertyDescriptor(Module, name)
    globalThis.present = []
    t.after(() => delete globalThis.present)
    const look = `globalThis.present.push(require('node:module').${name})`
    for (const [options, isOurs] of [
      [{}, false],
      [{ dependencies: true }, true]
    ]) {
      const it = following(t, options)
      it.edit('lib/mid-a.js', `${look}\n${optional('./new')}\nexports.later = () => ${look}`)
      await it.runtime.import('./a.js')
      assert.equal(globalThis.present.pop() !== before.value, isOurs)
      assert.deepEqual(Object.getOwnPropertyDescriptor(Module, name), before)
      it.require('./lib/mid-a.js').later()
      assert.equal(globalThis.present.pop(), before.value)
      it.runtime.closeAll()
    }
  })

describe('`Module._resolveFilename`', () => {
  const present = () => Object.getOwnPropertyDescriptor(Module, '_resolveFilename')
  const restored = (t) => {
    const before = present()
    t.after(() => Object.defineProperty(Module, '_resolveFilename', before))
    return before
  }
  it('of somebody else is called as it was, and stays', async (t) => {
    const before = restored(t)
    const calls = []
    const theirs = function (request, ...rest) {
      if (this === Module) calls.push(request)
      return before.value.call(this, request === 'renamed' ? './leaf.js' : request, ...rest)
    }
    Module._resolveFilename = theirs
    const it = following(t, { dependencies: true })
    it.edit('lib/mid-a.js', "exports.text = require('renamed').text")
    const a = await it.runtime.import('./a.js')
    assert.equal(a.exports.read(), 'leaf')
    assert.ok(calls.includes('renamed'))
    assert.equal(Module._resolveFilename, theirs)
  })

  it('that somebody puts there during an evaluation stays, and so does the right to take it back', async (t) => {
    const before = restored(t)
    const it = following(t, { dependencies: true })
    it.edit(
      'lib/mid-a.js',
      `const Module = require('node:module')
       const ours = Module._resolveFilename
       Module._resolveFilename = function (...args) { return ours.apply(this, args) }
       exports.theirs = Module._resolveFilename
       exports.takeBack = () => { Module._resolveFilename = ours }
       ${optional('./new')}`
    )
    const a = await it.runtime.import('./a.js')
    const { theirs, takeBack } = it.require('./lib/mid-a.js')
    assert.equal(Module._resolveFilename, theirs)
    assert.throws(() => it.require('./absent.js'), { code: 'MODULE_NOT_FOUND' })
    takeBack()
    assert.throws(() => it.require('./absent.js'), { code: 'MODULE_NOT_FOUND' })

    it.edit('lib/mid-a.js', optional('./new'))
    it.save('lib/new.js', text('with'))
    await nextUpdate(it.runtime, './a.js')
    assert.equal(a.exports.read(), 'with')
    assert.deepEqual(present(), before)
  })

  it('is given back by an evaluation that fails', async (t) => {
    const before = restored(t)
    const it = following(t, { dependencies: true })
    it.edit('lib/mid-a.js', "throw new Error('while it is evaluated')")
    await assert.rejects(it.runtime.import('./a.js'), /while it is evaluated/)
    assert.deepEqual(present(), before)
  })

  it('may be an accessor that requires, in the middle of an evaluation and at its end', async (t) => {
    const before = restored(t)
    const it = following(t, { dependencies: true })
    const within = []
    globalThis.due = within
    t.after(() => delete globalThis.due)
    for (const name of ['first', 'second', 'third'])
      it.save(`lib/${name}.js`, `globalThis.due.push('${name}'); exports.text = '${name}'`)
    it.edit('lib/mid-a.js', `exports.later = (id) => require(id).text\n${text('mid')}`)
    await it.runtime.import('./a.js')
    const { later } = it.require('./lib/mid-a.js')
    const required = []
    Object.defineProperty(Module, '_resolveFilename', {
      configurable: true,
      get() {
        // A function of its own each time, and once what was required begins to be evaluated, a require.
        const name = { first: 'second', second: 'third' }[within.pop()]
        if (name) required.push(later(`./${name}.js`))
        return (...args) => before.value.apply(Module, args)
      },
      set() {}
    })
    assert.equal(later('./first.js'), 'first')
    assert.deepEqual(required, ['third', 'second'])
  })

  it('that cannot be replaced is no obstacle', async (t) => {
    const before = restored(t)
    Object.defineProperty(Module, '_resolveFilename', { ...before, writable: false })
    const it = following(t, { dependencies: true })
    it.edit('lib/mid-a.js', optional('./new'))
    const a = await it.runtime.import('./a.js')
    assert.equal(a.exports.read(), 'without')
    assert.deepEqual(present(), { ...before, writable: false })
  })
})
