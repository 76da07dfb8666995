'use strict'

// An id that leads to another file: "a file or its folder gone for a while (branch switch) and back", as another file.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { describe, test } = require('node:test')
const { createRuntime, FSWatcher, hotText, makeFolder, until } = require('./support/files')
const { ManualWatcher } = require('./support/manual-watcher')

/** The hot module `id`, of a runtime with these options, from a file that `name` is. */
async function from(t, id, name, { watcher, options } = {}) {
  const folder = makeFolder(t, { files: { 'package.json': '{}', [name]: hotText('one') } })
  const runtime = createRuntime(folder.require, watcher ?? new FSWatcher(folder.require), options)
  t.after(() => runtime.closeAll())
  const module = await runtime.import(id)
  let updates = 0
  runtime.on('update', () => (updates += 1))
  return {
    ...folder,
    runtime,
    module,
    move(before, after) {
      fs.mkdirSync(folder.file(after).replace(/[^/\\]+$/, ''), { recursive: true })
      fs.renameSync(folder.file(before), folder.file(after))
    },
    async updated(count) {
      await until(
        runtime,
        () => updates >= count,
        () => `${count} updates; there were ${updates}`
      )
      updates -= count
    },
    exports: (value) =>
      until(
        runtime,
        () => module.exports === value,
        () => `${value}; the exports are ${module.exports}`
      )
  }
}

for (const [kind, options] of [
  ['alone', undefined],
  ['with its dependencies', { dependencies: true }]
]) {
  describe(`a module known without extension, followed ${kind}, is updated where it is found next`, () => {
    test('a file that becomes the index of a folder, and a file again', async (t) => {
      const it = await from(t, './s', 's.js', { options })
      it.move('s.js', 's/index.js')
      await it.updated(1)
      it.write('s/index.js', hotText('two'))
      await it.exports('two')
      it.move('s/index.js', 's.js')
      await it.updated(1)
      it.write('s.js', hotText('three'))
      await it.exports('three')
    })

    test('a folder that a file replaces', async (t) => {
      const it = await from(t, './s', 's/index.js', { options })
      it.write('s.js', hotText('two'))
      fs.rmSync(it.file('s'), { recursive: true })
      await it.exports('two')
      it.write('s.js', hotText('three'))
      await it.exports('three')
    })

    test('a file that a folder of its name replaces', async (t) => {
      const it = await from(t, './s.js', 's.js', { options })
      fs.rmSync(it.file('s.js'))
      it.write('s.js/index.js', hotText('two'))
      await it.exports('two')
      it.write('s.js/index.js', hotText('three'))
      await it.exports('three')
    })
  })
}

test('whatever watcher it is, it stops the watch of the file before and watches the id once more', async (t) => {
  const watcher = new ManualWatcher()
  const it = await from(t, './s', 's.js', { watcher })
  watcher.tell('./s')
  it.move('s.js', 's/index.js')
  watcher.tell('./s')
  watcher.tell(it.file('s/index.js'))
  await it.updated(3)
  assert.deepEqual(watcher.calls, ['watch ./s', 'unwatch ./s', 'watch ./s'])
  it.runtime.unimport('./s')
  assert.deepEqual(watcher.watched, [])
  assert.equal(watcher.listenerCount('update'), 0)
})
