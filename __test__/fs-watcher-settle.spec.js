'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { describe, test } = require('node:test')
const {
  captured,
  ContentWatcher,
  createRuntime,
  FSWatcher,
  hotText,
  imported,
  makeFolder,
  pause,
  until,
  Watcher
} = require('./support/files')

for (const Class of [FSWatcher, ContentWatcher]) {
  // [node-hmr 76]
  describe(`${Class.name}: half a file is never reported`, () => {
    // [node-hmr 78]
    test('"truncate – pause – write" with a pause of 200 ms', async (t) => {
      const it = await imported(t, './a', { Watcher: Class })
      const lines = captured(t, 'error', 'warn')
      for (const version of ['two', 'three']) {
        fs.truncateSync(it.file('a.js'))
        await pause(200)
        fs.writeFileSync(it.file('a.js'), hotText(version))
        await it.exports(version)
      }
      assert.deepEqual(lines, [])
    })

    test('the same with the file held open by whoever writes', async (t) => {
      const it = await imported(t, './a', { Watcher: Class })
      const lines = captured(t, 'error', 'warn')
      for (const version of ['two', 'three']) {
        const descriptor = fs.openSync(it.file('a.js'), 'w')
        await pause(200)
        fs.writeSync(descriptor, hotText(version))
        fs.closeSync(descriptor)
        await it.exports(version)
      }
      assert.deepEqual(lines, [])
    })

    for (const way of ['in one go', 'closed after each piece']) {
      // [node-hmr 73]
      test(`three pieces 25 ms apart, ${way}`, async (t) => {
        const it = await imported(t, './a', { Watcher: Class })
        const lines = captured(t, 'error', 'warn')
        for (const version of ['two', 'three', 'four']) {
          const text = hotText(version)
          const third = Math.ceil(text.length / 3)
          let descriptor = fs.openSync(it.file('a.js'), 'w')
          for (let piece = 0; piece < 3; piece++) {
            if (piece > 0) await pause(25)
            fs.writeSync(descriptor, text.slice(piece * third, (piece + 1) * third))
            if (way === 'in one go') continue
            fs.closeSync(descriptor)
            descriptor = fs.openSync(it.file('a.js'), 'a')
          }
          fs.closeSync(descriptor)
          await it.exports(version)
        }
        assert.deepEqual(lines, [])
      })
    }
  })
}

describe('"A version that is empty or does not parse gets a settle time before it is reported"', () => {
  // [node-hmr 76]
  test('half a version that stays is reported once, and the next save is taken', async (t) => {
    const it = await imported(t, './a')
    const lines = captured(t, 'error', 'warn')
    const reported = told(t, lines, 2)
    fs.writeFileSync(it.file('a.js'), hotText('two').slice(0, -3))
    const start = performance.now()
    await reported
    assert.ok(performance.now() - start > 150, 'not at once')
    assert.deepEqual(
      lines.map(([method]) => method),
      ['error', 'warn']
    )
    assert.match(lines[0][1], /\.\/a: the new version cannot be loaded/)
    assert.equal(it.module.exports, 'one')
    fs.writeFileSync(it.file('a.js'), hotText('three'))
    await it.exports('three')
    assert.equal(lines.length, 2)
  })

  // [node-hmr 76]
  test('an empty file that stays is reported', async (t) => {
    const it = await imported(t, './a')
    const lines = captured(t, 'error', 'warn')
    const reported = told(t, lines, 2)
    fs.truncateSync(it.file('a.js'))
    await reported
    assert.match(lines[0][1], /Invalid hot module export for import \.\/a!/)
    assert.equal(it.module.exports, 'one')
  })

  test('a file that stays away is reported, and taken when it is back', async (t) => {
    const it = await imported(t, './a')
    const lines = captured(t, 'error', 'warn')
    const reported = told(t, lines, 2)
    fs.rmSync(it.file('a.js'))
    await reported
    assert.match(lines[0][1], /ENOENT|Cannot find module/)
    fs.writeFileSync(it.file('a.js'), hotText('two'))
    await it.exports('two')
  })

  test('a file that was away just when it was to be loaded, and came back as it was, is loaded', async (t) => {
    const folder = makeFolder(t, { files: { 'deep/a.js': hotText('one') } })
    const [deep, away] = ['deep', 'away'].map(folder.file)
    let isToGo = false
    const load = (path) => {
      if (!isToGo) return folder.require(path)
      isToGo = false
      fs.renameSync(deep, away)
      try {
        return folder.require(path)
      } finally {
        fs.renameSync(away, deep)
      }
    }
    const require = Object.assign(load, { resolve: folder.require.resolve, cache: folder.require.cache })
    const runtime = createRuntime(require, new FSWatcher(require))
    t.after(() => runtime.closeAll())
    const module = await runtime.import('./deep/a')
    const lines = captured(t, 'error', 'warn')
    isToGo = true
    fs.writeFileSync(folder.file('deep/a.js'), hotText('two'))
    await until(runtime, () => module.exports === 'two')
    assert.equal(isToGo, false)
    assert.deepEqual(lines, [])
  })

  test('half a version that is away by the time it would be reported is none; the missing file is', async (t) => {
    const it = await imported(t, './a')
    const lines = captured(t, 'error', 'warn')
    const reported = told(t, lines, 2)
    const leave = `setImmediate(() => require('node:fs').renameSync(__filename, __filename + '.away'))`
    fs.writeFileSync(it.file('a.js'), `${leave}; throw new Error('half')`)
    await reported
    assert.match(lines[0][1], /ENOENT|Cannot find module/)
    fs.writeFileSync(it.file('a.js'), hotText('two'))
    await it.exports('two')
    assert.equal(lines.length, 2, lines.join('\n'))
  })

  test('with logging on, the line of the update waits as well', async (t) => {
    const it = await imported(t, './a')
    it.runtime.constructor.setLogging(true)
    t.after(() => it.runtime.constructor.setLogging(false))
    const lines = captured(t, 'log', 'error', 'warn')
    fs.writeFileSync(it.file('a.js'), '"half')
    await pause(100)
    fs.writeFileSync(it.file('a.js'), hotText('two'))
    await it.exports('two')
    assert.equal(lines.length, 1, lines.join('\n'))
    assert.match(lines[0][1], /\[hmr\] \.\/a \(.*a\.js\) updated in [\d.]+ ms$/)
  })

  // [node-hmr 76]
  test('"after another watcher\'s event a failure is reported at once"', async (t) => {
    class Manual extends Watcher {
      watch() {
        return () => {}
      }
    }
    const it = await imported(t, './a', { Watcher: Manual })
    const lines = captured(t, 'error', 'warn')
    for (const text of ['"half', '']) {
      lines.length = 0
      fs.writeFileSync(it.file('a.js'), text)
      it.runtime.watcher.emit('update', './a')
      assert.deepEqual(
        lines.map(([method]) => method),
        ['error', 'warn']
      )
    }
  })

  test('at once also for an event that the program emits on an FSWatcher', async (t) => {
    const it = await imported(t, './a')
    const lines = captured(t, 'error', 'warn')
    fs.writeFileSync(it.file('a.js'), '"half')
    it.runtime.watcher.emit('update', './a')
    assert.equal(lines.length, 2)
  })

  test('nothing is said of a module that was unimported, or whose watch was closed, meanwhile', async (t) => {
    const it = await imported(t, './a', { files: { 'a.js': hotText('one'), 'b.js': hotText('one') } })
    const lines = captured(t, 'error', 'warn')
    const reported = told(t, lines, 2)
    const second = createRuntime(it.require)
    await second.import('./a')
    await it.runtime.import('./b')
    for (const name of ['a.js', 'b.js']) fs.writeFileSync(it.file(name), '"half')
    await pause(100)
    it.runtime.unimport('./a')
    second.closeAll()
    await reported
    await pause(100)
    assert.deepEqual(
      lines.map(([, text]) => text.split(':')[0]),
      ['[hmr] ./b', '[hmr] ./b']
    )
  })
})

/** Resolves when that many lines were captured. */
function told(t, lines, count) {
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (lines.length < count) return
      clearInterval(timer)
      resolve()
    }, 5)
    t.after(() => clearInterval(timer))
  })
}
