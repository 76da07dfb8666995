'use strict'

// `{ dependencies: true }` with more modules than are given their own `require` at once: what they require in the turns
// until all have it is followed as well.

const Module = require('node:module')
const { describe, it } = require('node:test')
const { assert, nextUpdate, turn } = require('./support')
const { following, text } = require('./support/following')

/** More than get theirs at once. */
const MANY = 1_200
/** Wherever a walk begins, some of these come first and some last. */
const PLACES = [0, MANY >> 1, MANY - 1]

/** A hot module that requires many others, each of which requires whatever it is asked for. */
function manyFollowed(t, count = MANY) {
  const it = following(t)
  const helper = 'exports.get = (id) => require(id); exports.or = (id) => { try { return require(id) } catch {} }'
  for (let n = 0; n < count; n++) it.edit(`many/${n}.js`, helper)
  it.edit(
    'a.js',
    `for (let n = 0; n < ${count}; n++) require('./many/' + n + '.js')
     module.exports = require('./hot.js')('a', () => 1)`
  )
  const records = () => Array.from({ length: count }, (_, n) => it.require.cache[it.file(`many/${n}.js`)])
  return {
    ...it,
    many: (n) => it.require(`./many/${n}.js`),
    /** How many have their own `require`. */
    having: () => records().filter((record) => record && Object.hasOwn(record, 'require')).length
  }
}

/** Waits until all records have their own `require`, for so many turns at the most. */
async function untilAllHave(it, count = MANY) {
  for (let turns = 0; turns < 100 && it.having() < count; turns++) await turn()
  assert.equal(it.having(), count)
}

describe('with thousands of followed modules', () => {
  it('all get their own require, and what Node had is given back', async (t) => {
    const count = 3_500
    const it = manyFollowed(t, count)
    const before = [Module._resolveFilename, Module._nodeModulePaths]
    await it.runtime.import('./a.js')
    const had = it.having()
    assert.ok(had > 0 && had < count, `${had} at once, the others in the turns after the import`)
    await untilAllHave(it, count)
    assert.deepEqual([Module._resolveFilename, Module._nodeModulePaths], before)
    assert.equal(it.follows('./a.js').length, count)
  })

  it('who asks what is followed has them all get it', async (t) => {
    const it = manyFollowed(t)
    await it.runtime.import('./a.js')
    assert.equal(it.follows('./a.js').length, MANY)
    assert.equal(it.having(), MANY)
  })

  for (const place of PLACES) {
    it(`what number ${place} requires before it has its own is followed`, async (t) => {
      const it = manyFollowed(t)
      it.edit('lib/late.js', text('late'))
      await it.runtime.import('./a.js')
      assert.equal(it.many(place).get('../lib/late.js').text, 'late')
      await untilAllHave(it)
      assert.ok(it.watches().includes('lib/late.js'))
      it.save('lib/late.js', text('later'))
      await nextUpdate(it.runtime, './a.js')
      assert.equal(it.many(place).get('../lib/late.js').text, 'later')
    })

    it(`what number ${place} asks for in vain before it has its own is awaited`, async (t) => {
      const it = manyFollowed(t)
      await it.runtime.import('./a.js')
      assert.equal(it.many(place).or('../lib/missing.js'), undefined)
      await untilAllHave(it)
      await turn()
      assert.ok(it.watches().includes('lib/missing.js'))
      it.save('lib/missing.js', text('there'))
      await nextUpdate(it.runtime, './a.js')
      assert.equal(it.many(place).or('../lib/missing.js').text, 'there')
    })

    it(`a fresh number ${place} is followed, whoever required it afresh`, async (t) => {
      const it = manyFollowed(t)
      it.edit('lib/late.js', text('late'))
      await it.runtime.import('./a.js')
      delete it.require.cache[it.file(`many/${place}.js`)]
      // As many requires as the old version had.
      it.edit(`many/${place}.js`, "exports.text = 'fresh'")
      const other = place === 0 ? 1 : 0
      assert.equal(it.many(other).get(`./${place}.js`).text, 'fresh')
      await untilAllHave(it)
      it.save(`many/${place}.js`, "require('../lib/late.js')")
      await nextUpdate(it.runtime, './a.js')
      assert.ok(it.follows('./a.js').includes('lib/late.js'))
    })
  }

  it('an edit in the turn of the import updates what it has to', async (t) => {
    const it = manyFollowed(t)
    await it.runtime.import('./a.js')
    const updated = nextUpdate(it.runtime, './a.js')
    it.save('many/0.js', text('edited'))
    await updated
    assert.equal(it.many(0).text, 'edited')
    assert.equal(it.follows('./a.js').length, MANY)
  })

  it('a second import in the same turn finds them all', async (t) => {
    const it = manyFollowed(t)
    it.edit('b.js', "require('./many/7.js'); module.exports = require('./hot.js')('b', () => 1)")
    await it.runtime.import('./a.js')
    await it.runtime.import('./b.js')
    assert.deepEqual(it.follows('./b.js'), ['many/7.js'])
    const updates = [nextUpdate(it.runtime, './a.js'), nextUpdate(it.runtime, './b.js')]
    it.save('many/7.js', text('edited'))
    await Promise.all(updates)
  })

  it('a runtime that is closed in the turn of the import leaves nothing behind', async (t) => {
    const it = manyFollowed(t)
    const before = [Module._resolveFilename, Module._nodeModulePaths]
    await it.runtime.import('./a.js')
    it.runtime.unimport('./a.js')
    await turn()
    await turn()
    assert.deepEqual([Module._resolveFilename, Module._nodeModulePaths], before)
    assert.deepEqual(it.watches(), [])
  })
})
