'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { describe, test } = require('node:test')
const {
  ContentWatcher,
  FSWatcher,
  hotText,
  imported,
  makeFolder,
  pause,
  saves,
  until,
  watched
} = require('./support/files')

for (const Watcher of [FSWatcher, ContentWatcher]) {
  describe(Watcher.name, () => {
    for (const [way, save] of Object.entries(saves)) {
      // [node-hmr 78]
      test(`"Mended too: any number of" saves ${way}: each of 50 is seen`, async (t) => {
        const it = watched(t, ['./a'], { Watcher })
        for (let version = 2; version <= 51; version++) {
          save(it.file('a.js'), `${version}`)
          assert.deepEqual(await it.seen(1), ['./a'], `version ${version}`)
        }
      })
    }

    // [node-hmr 70]
    test('"`FSWatcher.watch` of an id that does not resolve throws"', (t) => {
      const it = watched(t, [], { Watcher })
      assert.throws(() => it.watcher.watch('./missing'), { code: 'MODULE_NOT_FOUND' })
    })

    // [node-hmr 14, 71]
    test('"A change made in the statement after `watch` returned is seen"', async (t) => {
      for (let round = 0; round < 20; round++) {
        const it = watched(t, [], { Watcher, files: { 'a.js': '1' } })
        it.watch('./a')
        fs.writeFileSync(it.file('a.js'), '2')
        assert.deepEqual(await it.seen(1), ['./a'])
        it.unwatch('./a')
      }
    })

    // [node-hmr 73]
    test('"One save is one update, also when the OS tells it in several events"', async (t) => {
      const it = watched(t, ['./a', './mark'], { Watcher })
      const ways = Object.values(saves)
      const count = 100
      for (let version = 2; version < count + 2; version++) {
        ways[version % ways.length](it.file('a.js'), `${version}`)
        assert.deepEqual(await it.seen(1), ['./a'], `version ${version}`)
      }
      fs.writeFileSync(it.file('mark.js'), '2')
      assert.deepEqual(await it.seen(1), ['./mark'])
    })

    // [node-hmr 75]
    test('"Saves with no turn of the event loop between them are one update"', async (t) => {
      const it = watched(t, ['./a', './mark'], { Watcher })
      for (let round = 0; round < 10; round++) {
        for (let save = 0; save < 10; save++) fs.writeFileSync(it.file('a.js'), `${round}.${save}`)
        assert.deepEqual(await it.seen(1), ['./a'])
      }
      fs.writeFileSync(it.file('mark.js'), '2')
      assert.deepEqual(await it.seen(1), ['./mark'])
    })

    // [node-hmr 77]
    test('"No event after the watch was stopped, not even for a change just before (mended)"', async (t) => {
      const it = watched(t, ['./a', './mark'], { Watcher })
      for (let round = 2; round < 22; round++) {
        fs.writeFileSync(it.file('a.js'), `${round}`)
        it.unwatch('./a')
        fs.writeFileSync(it.file('mark.js'), `${round}`)
        assert.deepEqual(await it.seen(1), ['./mark'])
        it.watch('./a')
      }
    })

    test('a watch that is stopped twice, or by its own event, is stopped', async (t) => {
      const it = watched(t, ['./a', './b', './mark'], { Watcher })
      it.watcher.once('update', () => it.unwatch(it.events[0] === './a' ? './b' : './a'))
      fs.writeFileSync(it.file('a.js'), '2')
      fs.writeFileSync(it.file('b.js'), '2')
      const [first] = await it.seen(1)
      fs.writeFileSync(it.file('mark.js'), '2')
      assert.deepEqual(await it.seen(1), ['./mark'], `${first} came alone`)
      for (const id of ['./a', './b', './a']) it.unwatch(id)
    })

    // [node-hmr 79]
    test('"Paths with spaces and any Unicode"', async (t) => {
      const names = ['with space', 'ünïcödé', '日本語', '🦀 crab', "quote's", 'percent%20', 'new\nline', 'é', 'e\u0301']
      const ids = names.map((name) => `./${name}/${name}`)
      const it = watched(t, ids, { Watcher })
      for (const id of ids) {
        for (const save of Object.values(saves)) {
          save(it.file(`${id}.js`), `${Math.random()}`)
          assert.deepEqual(await it.seen(1), [id])
        }
      }
    })

    test('the same file by two ids and by two watchers: an event for each', async (t) => {
      const it = watched(t, ['./a', './a.js'], { Watcher })
      const second = new Watcher(it.require)
      const seconds = []
      second.on('update', (id) => seconds.push(id))
      t.after(second.watch('./a'))
      fs.writeFileSync(it.file('a.js'), '2')
      assert.deepEqual((await it.seen(2)).sort(), ['./a', './a.js'])
      fs.writeFileSync(it.file('a.js'), '3')
      assert.deepEqual((await it.seen(2)).sort(), ['./a', './a.js'])
      assert.equal(seconds[0], './a')
    })
  })
}

// [node-hmr 3, 72]
test('"An unchanged save or a `touch` does update (ContentWatcher: not)"', async (t) => {
  const it = watched(t, ['./a', './mark'])
  const content = watched(t, ['./a', './mark'], { Watcher: ContentWatcher })
  for (const { file } of [it, content]) fs.writeFileSync(file('a.js'), '1')
  assert.deepEqual(await it.seen(1), ['./a'], 'the same bytes again')
  for (const { file } of [it, content]) {
    const later = new Date(Date.now() + 5000)
    fs.utimesSync(file('a.js'), later, later)
  }
  assert.deepEqual(await it.seen(1), ['./a'], 'touched')
  for (const { file } of [it, content]) saves['by renaming a new file over it'](file('a.js'), '1')
  assert.deepEqual(await it.seen(1), ['./a'], 'the same bytes in another file')
  fs.writeFileSync(content.file('mark.js'), '2')
  assert.deepEqual(await content.seen(1), ['./mark'])
  fs.writeFileSync(content.file('a.js'), '2')
  assert.deepEqual(await content.seen(1), ['./a'], 'other bytes')
})

test('reading, a changed mode and files next to it are no update', async (t) => {
  const it = watched(t, ['./a', './mark'], { files: { 'a.js': '1', 'mark.js': '1', 'b.js': '1' } })
  fs.readFileSync(it.file('a.js'))
  fs.chmodSync(it.file('a.js'), 0o600)
  for (const name of ['b.js', 'a.js.swp', 'a.jsx', 'a']) fs.writeFileSync(it.file(name), '2')
  fs.writeFileSync(it.file('mark.js'), '2')
  assert.deepEqual(await it.seen(1), ['./mark'])
})

// [node-hmr 74]
test('"20 saves 5 ms apart: five updates at most", and the last version always', async (t) => {
  const it = await imported(t, './a')
  for (let round = 0; round < 5; round++) {
    it.updates.length = 0
    // A busy machine wakes this test late: saves that were in truth further apart end a burst.
    let gaps = 0
    let last = performance.now()
    for (let save = 1; save <= 20; save++) {
      fs.writeFileSync(it.file('a.js'), hotText(`${round}.${save}`))
      const now = performance.now()
      if (now - last > 15) gaps++
      last = now
      await pause(5)
    }
    await it.exports(`${round}.20`)
    assert.ok(it.updates.length <= 5 + gaps, `${gaps} gaps: ${it.updates.join(', ')}`)
  }
})

// [node-hmr 74]
test('"The first save of a quiet file is delivered without delay"', async (t) => {
  // Beside a watcher that waits for as long as a burst's pause, in turns.
  const fastest = {}
  const watchers = { ours: watched(t, ['./a']), waiting: watched(t, ['./a'], { options: { debounce: 20 } }) }
  for (let round = 2; round < 12; round++) {
    for (const [name, it] of Object.entries(watchers)) {
      await pause(60)
      const start = performance.now()
      fs.writeFileSync(it.file('a.js'), `${round}`)
      await it.seen(1)
      fastest[name] = Math.min(performance.now() - start, fastest[name] ?? Infinity)
    }
  }
  assert.ok(fastest.ours < fastest.waiting, `the burst's pause was waited for: ${JSON.stringify(fastest)}`)
})

// [node-hmr 78]
test('"a file or its folder gone for a while (branch switch) and back"', async (t) => {
  const it = await imported(t, './deep/er/a')
  for (const gone of ['deep/er/a.js', 'deep/er', 'deep']) {
    fs.renameSync(it.file(gone), it.file('away'))
    await pause(50)
    fs.renameSync(it.file('away'), it.file(gone))
    fs.writeFileSync(it.file('deep/er/a.js'), hotText(`${gone} moved`))
    await it.exports(`${gone} moved`)
    fs.rmSync(it.file(gone), { recursive: true })
    await pause(50)
    it.write('deep/er/a.js', hotText(`${gone} made anew`))
    await it.exports(`${gone} made anew`)
  }
})

test('a folder that is exchanged for another with the same names', async (t) => {
  const it = await imported(t, './deep/a')
  for (let version = 2; version < 10; version++) {
    it.write('other/a.js', hotText(version))
    fs.renameSync(it.file('deep'), it.file(`old${version}`))
    fs.renameSync(it.file('other'), it.file('deep'))
    await it.exports(version)
  }
})

// [node-hmr 78]
describe('"symlinked files and folders"', () => {
  test('a file: an edit of the target, and the link led elsewhere', async (t) => {
    const files = { 'real.js': hotText('one'), 'other/real.js': hotText('other') }
    const prepare = ({ file }) => fs.symlinkSync('real.js', file('a.js'))
    const it = await imported(t, './a', { files, prepare })
    for (const [way, save] of Object.entries(saves)) {
      save(it.file('real.js'), hotText(way))
      await it.exports(way)
    }
    fs.symlinkSync('other/real.js', it.file('a.new'))
    fs.renameSync(it.file('a.new'), it.file('a.js'))
    await it.exports('other')
    fs.writeFileSync(it.file('other/real.js'), hotText('edited'))
    await it.exports('edited')
    fs.rmSync(it.file('a.js'))
    fs.writeFileSync(it.file('a.js'), hotText('no link any more'))
    await it.exports('no link any more')
  })

  test('a folder: an edit below the target, and the link led elsewhere', async (t) => {
    const files = { 'v1/deep/a.js': hotText('one'), 'v2/deep/a.js': hotText('two') }
    const prepare = ({ file }) => fs.symlinkSync('v1', file('current'))
    const it = await imported(t, './current/deep/a', { files, prepare })
    fs.writeFileSync(it.file('v1/deep/a.js'), hotText('edited'))
    await it.exports('edited')
    for (let round = 0; round < 5; round++) {
      for (const version of ['v2', 'v1']) {
        fs.symlinkSync(version, it.file('next'))
        fs.renameSync(it.file('next'), it.file('current'))
        await it.exports(version === 'v2' ? 'two' : 'edited')
      }
    }
  })

  test('a link to a link, in a folder that is a link', async (t) => {
    const files = { 'store/real.js': hotText('one') }
    const prepare = ({ file }) => {
      fs.symlinkSync('store', file('linked'))
      fs.symlinkSync('linked/real.js', file('middle.js'))
      fs.symlinkSync('./middle.js', file('a.js'))
    }
    const it = await imported(t, './a', { files, prepare })
    fs.writeFileSync(it.file('store/real.js'), hotText('two'))
    await it.exports('two')
    it.write('store2/real.js', hotText('three'))
    fs.rmSync(it.file('linked'))
    fs.symlinkSync('store2', it.file('linked'))
    await it.exports('three')
  })
})

test('a link that is led elsewhere and back while its file is being loaded', async (t) => {
  const files = {
    'first.js': hotText('one'),
    'v1/a.js': hotText('one'),
    'v2/a.js': `require('node:fs').unlinkSync(__dirname + '/../current')
      require('node:fs').symlinkSync('v1', __dirname + '/../current')
      ${hotText('of v2')}`
  }
  const prepare = ({ file }) => fs.symlinkSync('v1', file('current'))
  const it = await imported(t, './first', { files, prepare })
  const linked = await it.runtime.import('./current/a')
  // By then both folders are watched: a save before that is told of after a short quiet, and the other's at once.
  fs.writeFileSync(it.file('v1/a.js'), hotText('watched'))
  await until(it.runtime, () => linked.exports === 'watched')
  // Its evaluation comes between the delivery of both and the load of the second.
  fs.writeFileSync(
    it.file('first.js'),
    `require('node:fs').unlinkSync(__dirname + '/current')
     require('node:fs').symlinkSync('v2', __dirname + '/current')
     ${hotText('two')}`
  )
  fs.writeFileSync(it.file('v1/a.js'), hotText('two'))
  await it.exports('two')
  await until(it.runtime, () => linked.exports === 'two')
  assert.equal(fs.readlinkSync(it.file('current')), 'v1')
})

test('a package that is linked into node_modules is followed to its files', async (t) => {
  const prepare = ({ dir, file }) => fs.symlinkSync(path.join(dir, 'packages/lib'), file('node_modules/lib'))
  const files = { 'packages/lib/index.js': hotText('one') }
  const it = await imported(t, 'lib', { files, prepare })
  fs.writeFileSync(it.file('packages/lib/index.js'), hotText('two'))
  await it.exports('two')
})

test('500 files in 50 folders that change at once are each an update, with their last versions', async (t) => {
  const ids = Array.from({ length: 500 }, (_, index) => `./d${index % 50}/m${index}`)
  const it = watched(t, ids)
  for (const id of ids) fs.writeFileSync(it.file(`${id}.js`), '2')
  assert.deepEqual((await it.seen(500)).sort(), [...ids].sort())
})

test('many watchers and watches bring no MaxListenersExceededWarning', async (t) => {
  const warnings = []
  const onWarning = (warning) => warnings.push(warning.message)
  process.on('warning', onWarning)
  t.after(() => process.off('warning', onWarning))
  const { require } = makeFolder(t, { files: { 'a.js': '1' } })
  const stops = Array.from({ length: 100 }, () => new FSWatcher(require).watch('./a'))
  stops.forEach((stop) => stop())
  await pause(0)
  assert.deepEqual(warnings, [])
})
