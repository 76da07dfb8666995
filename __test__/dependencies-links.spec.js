'use strict'

// `{ dependencies: true }`: "symlinked files and folders" among what is required plainly.

const fs = require('node:fs')
const { describe, it } = require('node:test')
const { assert, captureConsole, createRuntime, nextUpdate, scenario, updatesOf } = require('./support')
const { text } = require('./support/following')

const using = (id) => `
  const { hmr, createRunner } = require('@upvotr/node-hmr')
  const { text } = require('${id}')
  module.exports = hmr(null, createRunner(() => text))`

/** A runtime that follows, and two versions of a helper, of which `linked` is to be led to one. */
function versions(t) {
  const it = scenario(t, 'dependencies')
  for (const word of ['one', 'two']) it.edit(`lib/now-${word}/b.js`, text(word).replace('../', '../../'))
  const runtime = createRuntime(it.require, undefined, { dependencies: true })
  t.after(() => runtime.closeAll())
  return {
    ...it,
    runtime,
    lead(link, target) {
      fs.symlinkSync(target, it.file('next'))
      fs.renameSync(it.file('next'), it.file(link))
    },
    async updated(exports, change) {
      const update = nextUpdate(runtime)
      change()
      await update
      assert.equal((await runtime.import('./linked.js')).exports, exports)
    },
    save: (name, word) => it.edit(name, text(word).replace('../', '../../'))
  }
}

describe('a link on the way to a dependency', () => {
  const forms = [
    ['./lib/now', 'lib/now.js', (word) => `now-${word}/b.js`],
    ['./lib/now.js', 'lib/now.js', (word) => `now-${word}/b.js`],
    ['./lib/now/b', 'lib/now', (word) => `now-${word}`],
    ['./lib/now/b.js', 'lib/now', (word) => `now-${word}`]
  ]
  for (const [id, link, target] of forms)
    it(`${id}: is followed where it leads next, and back`, async (t) => {
      const it = versions(t)
      it.lead(link, target('one'))
      it.edit('linked.js', using(id))
      await it.runtime.import('./linked.js')
      await it.updated('two', () => it.lead(link, target('two')))
      await it.updated('new', () => it.save('lib/now-two/b.js', 'new'))
      await it.updated('one', () => it.lead(link, target('one')))
      await it.updated('newer', () => it.save('lib/now-one/b.js', 'newer'))
      assert.deepEqual(it.runtime.dependencies('./linked.js').includes(it.file('lib/now-two/b.js')), false)
    })

  it('may be replaced by a file, and a file by a link', async (t) => {
    const it = versions(t)
    it.lead('lib/now.js', 'now-one/b.js')
    it.edit('linked.js', using('./lib/now'))
    await it.runtime.import('./linked.js')
    await it.updated('file', () => {
      it.edit('next.js', text('file'))
      fs.renameSync(it.file('next.js'), it.file('lib/now.js'))
    })
    await it.updated('new file', () => it.edit('lib/now.js', text('new file')))
    await it.updated('two', () => it.lead('lib/now.js', 'now-two/b.js'))
    await it.updated('new', () => it.save('lib/now-two/b.js', 'new'))
  })

  it('that leads to a version that fails, and back, is followed on', async (t) => {
    const it = versions(t)
    const printed = captureConsole(t)
    it.lead('lib/now.js', 'now-one/b.js')
    it.edit('linked.js', using('./lib/now'))
    const linked = await it.runtime.import('./linked.js')
    it.save('lib/now-one/b.js', 'good')
    await nextUpdate(it.runtime)
    it.edit('lib/now-two/b.js', "throw new Error('broken')")
    const updated = nextUpdate(it.runtime)
    it.lead('lib/now.js', 'now-two/b.js')
    await new Promise((resolve) => {
      const { error } = console
      console.error = (...args) => resolve(error(...args))
    })
    assert.match(printed.of('error')[0].text, /broken/)
    assert.equal(linked.exports, 'good')
    it.lead('lib/now.js', 'now-one/b.js')
    await updated
    assert.equal(linked.exports, 'good')
  })

  it('tells of a save once, and of none when it is led where it led', async (t) => {
    const it = versions(t)
    it.lead('lib/now.js', 'now-one/b.js')
    it.edit('linked.js', using('./lib/now'))
    await it.runtime.import('./linked.js')
    const { evaluated } = it.require('./count.js')
    const updates = updatesOf(it.runtime)
    evaluated.length = 0
    await it.updated('new', () => it.save('lib/now-one/b.js', 'new'))
    it.lead('lib/now.js', './now-one/b.js')
    await it.updated('newer', () => it.save('lib/now-one/b.js', 'newer'))
    assert.deepEqual(evaluated, ['b', 'b'])
    assert.deepEqual(new Set(updates), new Set(['./linked.js']))
  })

  it('is followed for each user, and whoever requires its file by another name has the same instance', async (t) => {
    const it = versions(t)
    it.lead('lib/now.js', 'now-one/b.js')
    const also = "exports.text = require('./now.js')\nexports.direct = require('./now-one/b.js')"
    it.edit('lib/also.js', also)
    it.edit('linked.js', using('./lib/now.js'))
    it.edit('other.js', using('./lib/also.js'))
    await it.runtime.import('./linked.js')
    const other = await it.runtime.import('./other.js')
    const both = Promise.all([nextUpdate(it.runtime, './linked.js'), nextUpdate(it.runtime, './other.js')])
    it.lead('lib/now.js', 'now-two/b.js')
    await both
    assert.equal(other.exports, it.require('./lib/now-two/b.js'))
    assert.equal(it.require('./lib/also.js').direct, it.require('./lib/now-one/b.js'))
  })
})
