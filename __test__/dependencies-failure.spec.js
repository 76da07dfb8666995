'use strict'

// `{ dependencies: true }`: dependencies that fail, and that are not there yet.

const { describe, it } = require('node:test')
const { assert, captureConsole, createRuntime, nextUpdate, turn } = require('./support')
const { following, text } = require('./support/following')

describe('a dependency that fails', () => {
  it('is reported once; every user keeps its last good version, and later requires find working code', async (t) => {
    const it = following(t)
    const printed = captureConsole(t)
    const [a, b] = await Promise.all([it.runtime.import('./a.js'), it.runtime.import('./b.js')])
    const leaf = it.require('./lib/leaf.js')
    const mid = it.require('./lib/mid-a.js')
    it.evaluated()
    it.save('lib/leaf.js', "require('../count.js').count(module)\nthrow new Error('broken leaf')")
    await turn()
    assert.equal(printed.of('error').length, 1)
    assert.match(printed.of('error')[0].text, /broken leaf/)
    assert.deepEqual(it.evaluated(), ['a', 'mid-a', 'leaf'])
    assert.deepEqual([a.exports.read(), b.exports.read()], ['a: leaf data', 'b: leaf data'])
    assert.equal(it.require('./lib/leaf.js'), leaf)
    assert.equal(it.require('./lib/mid-a.js'), mid)
    assert.equal(mid.later(), 'later')

    it.save('lib/leaf.js', text('mended'))
    await turn()
    assert.deepEqual([a.exports.read(), b.exports.read()], ['a: mended data', 'b: mended data'])
    assert.equal(printed.of('error').length, 1)
  })

  it('is reported once for all runtimes, and the cache is what it was', async (t) => {
    const it = following(t)
    const printed = captureConsole(t)
    const others = [1, 2].map(() => createRuntime(it.require, it.watcher, { dependencies: true }))
    t.after(() => others.forEach((other) => other.closeAll()))
    const imported = [await it.runtime.import('./a.js')]
    for (const other of others) imported.push(await other.import('./b.js'), await other.import('./inner.js'))
    const values = () => imported.map(({ exports }) => exports.read())
    const good = values()
    const before = { ...it.require.cache }
    for (const broken of ["throw new Error('broken leaf')", 'let = ;', "require('./absent.js')"]) {
      it.save('lib/leaf.js', broken)
      await turn()
      assert.equal(printed.taken().filter((line) => line.method === 'error').length, 1)
      assert.deepEqual(values(), good)
      const changed = Object.keys(before).filter((file) => it.require.cache[file] !== before[file])
      assert.deepEqual(changed, [])
    }
    it.save('lib/leaf.js', text('mended'))
    await turn()
    assert.deepEqual(
      values(),
      good.map((value) => value.replace('leaf', 'mended'))
    )
  })

  it('leaves the code of the last good version able to require later', async (t) => {
    const it = following(t)
    captureConsole(t)
    const a = await it.runtime.import('./a.js')
    it.edit('lib/mid-a.js', "exports.text = 'first'\nexports.later = () => require('./leaf.js').text")
    it.watcher.tell(it.file('lib/mid-a.js'))
    await nextUpdate(it.runtime, './a.js')
    const { later } = it.require('./lib/mid-a.js')
    assert.equal(later(), 'leaf')
    it.save('lib/mid-a.js', "require('./leaf.js')\nthrow new Error('broken')")
    it.save('lib/leaf.js', "throw new Error('broken too')")
    await turn()
    assert.equal(later(), 'leaf')
    assert.equal(it.require('./lib/mid-a.js').later, later)
    assert.equal(a.exports.read(), 'first')
  })

  it('leaves those alone that do not use it', async (t) => {
    const it = following(t)
    const printed = captureConsole(t)
    const [a, b] = await Promise.all([it.runtime.import('./a.js'), it.runtime.import('./b.js')])
    it.edit('lib/mid-a.js', "throw new Error('broken mid')")
    it.edit('lib/leaf.js', text('fine'))
    it.watcher.tell(it.file('lib/mid-a.js'), it.file('lib/leaf.js'))
    await turn()
    assert.equal(printed.of('error').length, 1)
    assert.equal(a.exports.read(), 'a: leaf data')
    assert.equal(b.exports.read(), 'b: fine data')
    it.save('lib/mid-a.js', "exports.text = 'a: ' + require('./leaf.js').text")
    await turn()
    assert.equal(a.exports.read(), 'a: fine')
  })

  it('may be a new one', async (t) => {
    const it = following(t)
    const printed = captureConsole(t)
    const a = await it.runtime.import('./a.js')
    it.edit('lib/new.js', "throw new Error('not yet')")
    it.save('lib/mid-a.js', "exports.text = require('./new.js').text")
    await turn()
    assert.match(printed.of('error')[0].text, /not yet/)
    it.save('lib/new.js', text('now'))
    await turn()
    assert.equal(a.exports.read(), 'now')
    assert.deepEqual(it.watches(), ['lib/mid-a.js', 'lib/new.js'])
  })

  it('may be a new one that fails because of another', async (t) => {
    const it = following(t)
    const printed = captureConsole(t)
    const a = await it.runtime.import('./a.js')
    it.edit('lib/number.js', 'exports.number = 0')
    it.edit('lib/between.js', "exports.text = String(require('./number.js').number)")
    it.edit('lib/beside.js', text('beside'))
    it.edit(
      'lib/new.js',
      "if (require('./between.js').text === '0') throw new Error('zero')\nexports.text = require('./between.js').text"
    )
    it.save('lib/mid-a.js', "require('./beside.js')\nexports.text = require('./new.js').text")
    await turn()
    assert.match(printed.of('error')[0].text, /zero/)
    it.evaluated()
    it.save('lib/number.js', 'exports.number = 1')
    await turn()
    assert.equal(a.exports.read(), '1')
    assert.deepEqual(it.evaluated(), ['a'])
    assert.deepEqual(
      it.watches(),
      ['beside.js', 'between.js', 'mid-a.js', 'new.js', 'number.js'].map((file) => `lib/${file}`)
    )
  })

  it('may be a data file that does not parse', async (t) => {
    const it = following(t)
    const printed = captureConsole(t)
    const a = await it.runtime.import('./a.js')
    it.edit('lib/more.json', '{')
    it.save('lib/mid-a.js', "exports.text = require('./more.json').text")
    await turn()
    assert.equal(printed.of('error').length, 1)
    it.save('lib/more.json', '{ "text": "parsed" }')
    await turn()
    assert.equal(a.exports.read(), 'parsed')
  })

  it('may be missing: it is tried again when the file appears', async (t) => {
    const it = following(t)
    const printed = captureConsole(t)
    const a = await it.runtime.import('./a.js')
    it.save('lib/mid-a.js', "exports.text = require('./missing').text")
    await turn()
    assert.match(printed.of('error')[0].text, /Cannot find module/)
    assert.equal(a.exports.read(), 'a: leaf data')
    it.save('lib/missing.js', text('found'))
    await turn()
    assert.equal(a.exports.read(), 'found')
    assert.deepEqual(it.watches(), ['lib/mid-a.js', 'lib/missing.js'])
  })
})
