'use strict'

// `{ dependencies: true }`: an edit of what a hot module requires plainly updates it.

const { describe, it } = require('node:test')
const {
  assert,
  captureConsole,
  createRuntime,
  deferred,
  FSWatcher,
  nextUpdate,
  scenario,
  turn,
  updatesOf
} = require('./support')
const { following, text } = require('./support/following')

describe('an update', () => {
  it('evaluates the changed dependency and what lies between, each once, and nothing else', async (t) => {
    const it = following(t)
    const [a, b] = await Promise.all([it.runtime.import('./a.js'), it.runtime.import('./b.js')])
    const count = it.require('./count.js')
    const data = it.require('./lib/data.json')
    it.evaluated()
    it.save('lib/leaf.js', text('new'))
    await turn()
    assert.deepEqual(it.evaluated(), ['a', 'mid-a', 'leaf', 'b', 'mid-b'])
    assert.equal(a.exports.read(), 'a: new data')
    assert.equal(b.exports.read(), 'b: new data')
    assert.equal(it.require('./count.js'), count)
    assert.equal(it.require('./lib/data.json'), data)
    assert.deepEqual(it.steps().slice(2), ['a', 'b'])

    const before = it.require('./lib/leaf.js')
    it.save('lib/mid-b.js', `require('../count.js').count(module)\nexports.text = require('./leaf.js').text`)
    await turn()
    assert.deepEqual(it.evaluated(), ['b', 'mid-b'])
    assert.equal(it.require('./lib/leaf.js'), before)
    assert.equal(b.exports.read(), 'new')
  })

  it('evaluates once what is required on two ways', async (t) => {
    const it = following(t)
    it.edit(
      'a.js',
      `require('./count.js').count(module)
       const texts = [require('./lib/mid-a.js').text, require('./lib/mid-b.js').text]
       module.exports = require('./hot.js')('a', () => texts)`
    )
    const a = await it.runtime.import('./a.js')
    it.evaluated()
    it.save('lib/leaf.js', text('new'))
    await turn()
    assert.deepEqual(it.evaluated(), ['a', 'mid-a', 'leaf', 'mid-b'])
    assert.deepEqual(a.exports.read(), ['a: new data', 'b: new data'])
  })

  it('evaluates once for many users, and no other module changes its identity', async (t) => {
    const it = scenario(t, 'dependencies')
    const runtimes = [1, 2].map(() => createRuntime(it.require, undefined, { dependencies: true }))
    t.after(() => runtimes.forEach((runtime) => runtime.closeAll()))
    const users = Array.from({ length: 20 }, (_, n) => `./users/user-${n}.js`)
    for (const user of users) {
      it.edit(
        user,
        `const texts = [require('../lib/mid-a.js'), require('../lib/mid-b.js')].map((mid) => mid.text)
         module.exports = require('../hot.js')(${JSON.stringify(user)}, () => texts)`
      )
    }
    const userOf = (n) => runtimes[n % 2].import(users[n])
    const imported = await Promise.all(users.map((_, n) => userOf(n)))
    const { evaluated, steps } = it.require('./count.js')
    const before = { ...it.require.cache }
    evaluated.splice(0)
    steps.splice(0)
    const all = runtimes.map((runtime, n) => nextUpdate(runtime, users[18 + n]))
    it.edit('lib/leaf.js', text('shared'))
    await Promise.all(all)
    assert.deepEqual(evaluated, ['mid-a', 'leaf', 'mid-b'])
    assert.deepEqual(steps.sort(), [...users].sort())
    for (const { exports } of imported) assert.deepEqual(exports.read(), ['a: shared data', 'b: shared data'])
    const changed = Object.keys(before).filter((file) => it.require.cache[file] !== before[file])
    const slice = ['lib/leaf.js', 'lib/mid-a.js', 'lib/mid-b.js', ...users].map(it.file)
    assert.deepEqual(changed.sort(), slice.sort())
    assert.equal(Object.keys(it.require.cache).length, Object.keys(before).length)
  })

  it('takes data files', async (t) => {
    const it = following(t)
    const { exports } = await it.runtime.import('./a.js')
    assert.equal(exports.read(), 'a: leaf data')
    const object = await it.runtime.import('./a.js')
    it.save('lib/data.json', '{ "text": "numbers" }')
    await nextUpdate(it.runtime, './a.js')
    assert.equal(object.exports.read(), 'a: leaf numbers')
  })

  it('is one for all that was told in one turn, the hot module included', async (t) => {
    const it = following(t)
    const a = await it.runtime.import('./a.js')
    it.evaluated()
    it.steps()
    const ids = updatesOf(it.runtime)
    it.edit('lib/leaf.js', text('both'))
    it.edit('lib/data.json', '{ "text": "of them" }')
    it.watcher.tell(it.file('lib/leaf.js'), it.file('lib/data.json'))
    it.watcher.tell('./a.js')
    await turn()
    assert.deepEqual(ids, ['./a.js'])
    assert.deepEqual(it.steps(), ['a'])
    assert.deepEqual(it.evaluated(), ['a', 'mid-a', 'leaf'])
    assert.equal(a.exports.read(), 'a: both of them')
  })

  it('evaluates once for two runtimes with one watcher', async (t) => {
    const it = following(t)
    const other = createRuntime(it.require, it.watcher, { dependencies: true })
    t.after(() => other.closeAll())
    const [a, b] = [await it.runtime.import('./a.js'), await other.import('./b.js')]
    it.evaluated()
    it.save('lib/leaf.js', text('shared'))
    await turn()
    assert.deepEqual(it.evaluated(), ['a', 'mid-a', 'leaf', 'b', 'mid-b'])
    assert.deepEqual([a.exports.read(), b.exports.read()], ['a: shared data', 'b: shared data'])
  })

  // Their looks at a file come one after the other: of the later one's watch nobody may know yet, or its turn to poll.
  for (const [kind, options] of [
    ['one of which has just begun', undefined],
    ['that poll', { polling: { interval: 50 } }]
  ])
    it(`evaluates once for two runtimes with a watcher each, ${kind}`, async (t) => {
      const it = scenario(t, 'dependencies')
      const { evaluated } = it.require('./count.js')
      const runtimes = [1, 2].map(() => {
        const watcher = new FSWatcher(it.require, options)
        return createRuntime(it.require, watcher, { dependencies: true })
      })
      t.after(() => runtimes.forEach((runtime) => runtime.closeAll()))
      const a = await runtimes[0].import('./a.js')
      it.edit('lib/mid-a.js', it.read('lib/mid-a.js'))
      await nextUpdate(runtimes[0], './a.js')
      const b = await runtimes[1].import('./b.js')
      for (const word of ['first', 'second', 'third']) {
        const both = Promise.all([nextUpdate(runtimes[0], './a.js'), nextUpdate(runtimes[1], './b.js')])
        evaluated.length = 0
        it.edit('lib/leaf.js', text(word))
        await both
        assert.deepEqual(evaluated, ['a', 'mid-a', 'leaf', 'b', 'mid-b'])
        assert.deepEqual([a.exports.read(), b.exports.read()], [`a: ${word} data`, `b: ${word} data`])
      }
    })

  it('runs the modules that were imported deeper first', async (t) => {
    const it = following(t)
    it.require('./runtime.js')
    it.require.cache[it.file('runtime.js')].exports = { runtime: it.runtime }
    await it.runtime.import('./outer.js')
    it.steps()
    const ids = updatesOf(it.runtime)
    it.save('lib/leaf.js', text('new'))
    await nextUpdate(it.runtime, './outer.js')
    assert.deepEqual(ids, ['./inner.js', './outer.js'])
    // The third is the import in the runner of the outer one.
    assert.deepEqual(it.steps(), ['inner', 'outer', 'inner'])
  })

  it('waits for a module whose runner is busy, and spares what was loaded meanwhile', async (t) => {
    const it = following(t)
    const gate = deferred()
    it.edit(
      'a.js',
      `require('./count.js').count(module)
       const mid = require('./lib/mid-a.js')
       const { hmr, createRunner } = require('@upvotr/node-hmr')
       module.exports = hmr(null, createRunner(async () => {
         await require('./runtime.js').wait
         return mid.text
       }, undefined, true))`
    )
    const [a, b] = [await it.runtime.import('./a.js'), await it.runtime.import('./b.js')]
    it.require('./runtime.js').wait = gate.promise
    it.watcher.tell('./a.js')
    await turn()
    it.evaluated()
    it.save('lib/leaf.js', text('meanwhile'))
    await turn()
    assert.deepEqual(it.evaluated(), ['b', 'mid-b', 'leaf'])
    assert.equal(b.exports.read(), 'b: meanwhile data')
    gate.resolve()
    await nextUpdate(it.runtime, './a.js')
    await nextUpdate(it.runtime, './a.js')
    assert.equal(a.exports, 'a: meanwhile data')
    assert.deepEqual(it.evaluated(), ['a', 'mid-a'])
  })

  it('takes what was required in a way that was not noticed', async (t) => {
    const it = following(t)
    const a = await it.runtime.import('./a.js')
    const mid = it.require.cache[it.file('lib/mid-a.js')]
    Object.getPrototypeOf(mid).require.call(mid, './later.js')
    it.evaluated()
    it.save('lib/later.js', text('x'))
    await nextUpdate(it.runtime, './a.js')
    assert.deepEqual(it.evaluated(), ['a', 'mid-a'])
    assert.equal(a.exports.read(), 'a: leaf data')
  })
})

describe('with FSWatcher', () => {
  it('an edit of a helper, one that is required later and one that appears update the module', async (t) => {
    const it = scenario(t, 'dependencies')
    captureConsole(t)
    const runtime = createRuntime(it.require, undefined, { dependencies: true })
    t.after(() => runtime.closeAll())
    const a = await runtime.import('./a.js')
    it.edit('lib/leaf.js', text('saved'))
    await nextUpdate(runtime, './a.js')
    assert.equal(a.exports.read(), 'a: saved data')

    it.require('./lib/mid-a.js').later()
    it.edit('lib/later.js', text('also saved'))
    await nextUpdate(runtime, './a.js')
    assert.equal(it.require('./lib/mid-a.js').later(), 'also saved')

    const kept = new Promise((resolve) => {
      console.warn = (line) => /last good/.test(line) && resolve()
    })
    it.edit('lib/mid-a.js', "exports.text = require('./appears').text")
    await kept
    it.edit('lib/appears/index.js', "exports.text = 'appeared'")
    await nextUpdate(runtime, './a.js')
    assert.equal(a.exports.read(), 'appeared')
  })
})
