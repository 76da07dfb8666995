'use strict'

const { test, describe } = require('node:test')
const { assert, captureConsole, createRuntime, ManualWatcher, nothingUnhandled, scenario, steps } = require('./support')

const thrower = (thrown) => () => {
  throw thrown
}

// [node-hmr 58]
describe('a file that "cannot be evaluated, is empty, or exports no hot module"', () => {
  for (const [name, text] of [
    ['empty', ''],
    ['half of itself', "const { hmr } = require('@upvotr/node-hmr')\nmodule.exports = hmr("],
    ['one that requires what is not there', "require('./nothing')"],
    ['one that throws nothing', 'throw undefined'],
    ['no JavaScript', '<html>']
  ]) {
    test(name, async (t) => {
      const unhandled = nothingUnhandled(t)
      const printed = captureConsole(t)
      const { require, edit, read, file } = scenario(t, 'values')
      const watcher = new ManualWatcher()
      const runtime = createRuntime(require, watcher)
      const good = read('greeting.js')
      edit('greeting.js', text)
      await assert.rejects(runtime.import('./greeting'), () => true)
      assert.deepEqual(watcher.watched, [])
      edit('greeting.js', good)
      const imported = await runtime.import('./greeting')
      assert.deepEqual(printed.lines, [])
      edit('greeting.js', text)
      watcher.tell('./greeting')
      assert.deepEqual(
        printed.taken().map(({ method }) => method),
        ['error', 'warn'],
        '"after another watcher\'s event a failure is reported at once"'
      )
      assert.equal(imported.exports(), 'hello')
      assert.ok(require.cache[file('greeting.js')], 'a plain `require` still finds the code that works')
      edit('greeting.js', good.replace('hello', 'back'))
      watcher.tell('./greeting')
      assert.equal(imported.exports(), 'back')
      await unhandled.check()
    })
  }

  test('a file that is gone, and comes back', async (t) => {
    const printed = captureConsole(t)
    const { require, edit, read, file } = scenario(t, 'values')
    const watcher = new ManualWatcher()
    const runtime = createRuntime(require, watcher)
    const imported = await runtime.import('./greeting')
    const good = read('greeting.js')
    require('node:fs').rmSync(file('greeting.js'))
    watcher.tell('./greeting')
    assert.deepEqual(
      printed.taken().map(({ method }) => method),
      ['error', 'warn']
    )
    assert.equal(imported.exports(), 'hello')
    edit('greeting.js', good.replace('hello', 'back'))
    watcher.tell('./greeting')
    assert.equal(imported.exports(), 'back')
  })

  test('a `require.resolve` that throws or gives rubbish', async (t) => {
    const unhandled = nothingUnhandled(t)
    const printed = captureConsole(t)
    const { require, watcher, save } = steps(t)
    let resolve = require.resolve
    const custom = Object.assign((id) => require(id), { resolve: (id) => resolve(id), cache: require.cache })
    const runtime = createRuntime(custom, watcher)
    const imported = await runtime.import('./module')
    for (const failing of [thrower('cannot resolve'), thrower(undefined), () => undefined, () => 7, () => ({})]) {
      resolve = failing
      save({ version: 2 })
      assert.deepEqual(
        printed.taken().map(({ method }) => method),
        ['error', 'warn']
      )
      await assert.rejects(runtime.import('./other'), () => true)
    }
    resolve = require.resolve
    save({ version: 3 })
    assert.equal(imported.exports, 'v3')
    await unhandled.check()
  })
})
