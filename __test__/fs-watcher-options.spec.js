'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { describe, test } = require('node:test')
const { ContentWatcher, FSWatcher, makeFolder, saves, watched } = require('./support/files')

for (const Watcher of [FSWatcher, ContentWatcher]) {
  describe(`options of ${Watcher.name}`, () => {
    for (const polling of [true, { interval: 10 }, { interval: 1 }, {}]) {
      test(`polling: ${JSON.stringify(polling)} sees saves of each kind`, async (t) => {
        const it = watched(t, ['./a'], { Watcher, options: { polling } })
        for (const [way, save] of Object.entries(saves)) {
          save(it.file('a.js'), `${way}`)
          assert.deepEqual(await it.seen(1), ['./a'], way)
        }
      })
    }

    for (const options of [undefined, null, {}, { polling: false }, { polling: null, debounce: undefined }]) {
      test(`${JSON.stringify(options)} is taken`, async (t) => {
        const it = watched(t, ['./a'], { Watcher, options })
        fs.writeFileSync(it.file('a.js'), '2')
        assert.deepEqual(await it.seen(1), ['./a'])
      })
    }

    test('debounce: one event once that many ms passed without a save', async (t) => {
      const it = watched(t, ['./a', './mark'], { Watcher, options: { debounce: 150 } })
      const start = performance.now()
      for (let save = 0; save < 5; save++) fs.writeFileSync(it.file('a.js'), `${save}`)
      assert.deepEqual(await it.seen(1), ['./a'])
      assert.ok(performance.now() - start >= 149)
      fs.writeFileSync(it.file('mark.js'), '2')
      assert.deepEqual(await it.seen(1), ['./mark'])
    })

    test('debounce: 0 delivers at once', async (t) => {
      const it = watched(t, ['./a'], { Watcher, options: { debounce: 0 } })
      fs.writeFileSync(it.file('a.js'), '2')
      assert.deepEqual(await it.seen(1), ['./a'])
    })

    const ignoring = {
      'a function of the path': () => (path) => path.endsWith('a.js'),
      'a RegExp': () => /a\.js$/,
      'a RegExp that remembers where it was': () => /a\.js/g,
      'an array of absolute paths': (dir) => [`${dir}/a.js`, `${dir}/other`],
      'an array of folders': (dir) => [`${dir}/a.js/`.slice(0, -1)],
      'an array of paths through a folder that does not exist': (dir) => [`${dir}/later/../a.js`]
    }
    for (const [kind, make] of Object.entries(ignoring)) {
      test(`ignored: ${kind}`, async (t) => {
        const folder = makeFolder(t, { files: { 'a.js': '1', 'mark.js': '1' } })
        const watcher = new Watcher(folder.require, { ignored: make(folder.dir) })
        const events = []
        const marked = new Promise((resolve) => {
          watcher.on('update', (id) => {
            events.push(id)
            if (id === './mark') resolve()
          })
        })
        for (const id of ['./a', './a', './mark']) t.after(watcher.watch(id))
        fs.writeFileSync(folder.file('a.js'), '2')
        fs.writeFileSync(folder.file('mark.js'), '2')
        await marked
        assert.deepEqual(events, ['./mark'])
      })
    }

    test('ignored: paths are relative to the working directory in which the watcher was made', async (t) => {
      const start = process.cwd()
      t.after(() => process.chdir(start))
      const folder = makeFolder(t, { files: { 'a.js': '1', 'mark.js': '1' } })
      process.chdir(folder.dir)
      const watcher = new Watcher(folder.require, Object.freeze({ ignored: ['a.js'] }))
      process.chdir(start)
      const events = []
      const marked = new Promise((resolve) => {
        watcher.on('update', (id) => {
          events.push(id)
          if (id === './mark') resolve()
        })
      })
      for (const id of ['./a', './mark']) t.after(watcher.watch(id))
      fs.writeFileSync(folder.file('a.js'), '2')
      fs.writeFileSync(folder.file('mark.js'), '2')
      await marked
      assert.deepEqual(events, ['./mark'])
    })

    test('what `ignored` throws reaches the caller of `watch`', (t) => {
      const folder = makeFolder(t, { files: { 'a.js': '1' } })
      const ignored = () => {
        throw 'mine'
      }
      assert.throws(
        () => new Watcher(folder.require, { ignored }).watch('./a'),
        (thrown) => thrown === 'mine'
      )
    })

    const bad = [
      [5, TypeError, 'options'],
      ['polling', TypeError, 'options'],
      [true, TypeError, 'options'],
      [{ polling: 1 }, TypeError, 'options.polling'],
      [{ polling: '1' }, TypeError, 'options.polling'],
      [{ polling: { interval: '5' } }, TypeError, 'options.polling.interval'],
      [{ polling: { interval: true } }, TypeError, 'options.polling.interval'],
      ...[0, -1, NaN, Infinity, 0.5].map((interval) => [
        { polling: { interval } },
        RangeError,
        'options.polling.interval'
      ]),
      [{ debounce: '5' }, TypeError, 'options.debounce'],
      [{ debounce: {} }, TypeError, 'options.debounce'],
      [{ debounce: true }, TypeError, 'options.debounce'],
      ...[-1, NaN, Infinity].map((debounce) => [{ debounce }, RangeError, 'options.debounce']),
      [{ ignored: 'node_modules' }, TypeError, 'options.ignored'],
      [{ ignored: 5 }, TypeError, 'options.ignored'],
      [{ ignored: true }, TypeError, 'options.ignored'],
      [{ ignored: {} }, TypeError, 'options.ignored'],
      [{ ignored: ['a', 5] }, TypeError, 'options.ignored']
    ]
    for (const [options, Kind, named] of bad) {
      test(`${describeValue(options)} is a ${Kind.name} that names \`${named}\``, (t) => {
        const { require } = makeFolder(t)
        assert.throws(
          () => new Watcher(require, options),
          (error) => error instanceof Kind && error.message.includes(`\`${named}\``) && /^ERR_HMR_/.test(error.code)
        )
      })
    }
  })
}

describe('HMR_POLLING', () => {
  const set = (t, value) => {
    process.env.HMR_POLLING = value
    t.after(() => delete process.env.HMR_POLLING)
  }
  for (const value of ['1', 'true', '20', '', '0', 'false']) {
    test(`=${value}: saves are seen`, async (t) => {
      set(t, value)
      const it = watched(t, ['./a'])
      fs.writeFileSync(it.file('a.js'), '2')
      assert.deepEqual(await it.seen(1), ['./a'])
    })
  }
  for (const value of ['yes', '-1', '1.5', '10 ms', 'Infinity']) {
    test(`=${value} is a RangeError that names it`, (t) => {
      set(t, value)
      const { require } = makeFolder(t, { files: { 'a.js': '1' } })
      assert.throws(() => new FSWatcher(require).watch('./a'), { name: 'RangeError', message: /HMR_POLLING/ })
    })
  }
  test("the watcher's own option goes before it", async (t) => {
    set(t, 'yes')
    const it = watched(t, ['./a'], { options: { polling: { interval: 10 } } })
    fs.writeFileSync(it.file('a.js'), '2')
    assert.deepEqual(await it.seen(1), ['./a'])
  })
})

test('`require` is checked, and named', () => {
  for (const bad of [undefined, null, 5, 'x', {}, () => {}]) {
    assert.throws(() => new FSWatcher(bad), { name: 'TypeError', message: /`require`/ })
  }
})

test('an id that is no string is a TypeError', (t) => {
  const { require } = makeFolder(t)
  for (const bad of [undefined, null, 5, {}]) {
    assert.throws(() => new FSWatcher(require).watch(bad), { name: 'TypeError', message: /`id`/ })
  }
})

function describeValue(value) {
  return require('node:util').inspect(value, { breakLength: Infinity })
}
