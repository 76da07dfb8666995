'use strict'

const { describe, test } = require('node:test')
const { assert, captureConsole, createRuntime, ManualWatcher, nothingUnhandled, scenario, steps } = require('./support')
const { turn } = require('./support')

// [node-hmr 58]
describe('"file cannot be evaluated, is empty, or exports no hot module": "import rejects with that error"', () => {
  const invalid = { name: 'TypeError', message: 'Invalid hot module export for import ./greeting!' }
  for (const [name, text, expected] of [
    ['half of itself', 'module.exports = hmr(', { name: 'SyntaxError' }],
    ['no JavaScript', '<html>', { name: 'SyntaxError' }],
    ['a name that is not there', 'nothing()', { name: 'ReferenceError', message: 'nothing is not defined' }],
    ['a require of what is not there', "require('./nothing')", { code: 'MODULE_NOT_FOUND' }],
    ['an error of its own', "throw Object.assign(new RangeError('own'), { own: 1 })", { name: 'RangeError', own: 1 }],
    ['empty', '', invalid],
    ['blanks and comments', '\n  // nothing yet\n', invalid],
    ['no hot module', 'module.exports = () => {}', invalid]
  ])
    test(name, async (t) => {
      const printed = captureConsole(t)
      const { require, edit, file } = scenario(t, 'values')
      const watcher = new ManualWatcher()
      edit('greeting.js', text)
      await assert.rejects(createRuntime(require, watcher).import('./greeting'), (error) => {
        assert.deepEqual({ ...pick(error, expected) }, expected)
        if (expected !== invalid) assert.match(error.stack, new RegExp(file('greeting.js').replace(/\W/g, '\\$&')))
        return true
      })
      assert.deepEqual([watcher.watched, watcher.listenerCount('update'), printed.lines], [[], 0, []])
    })
})

// [node-hmr 40]
test('"After a failed first import the file is evaluated afresh (mended)"', async (t) => {
  const { require, edit, read } = scenario(t, 'values')
  const runtime = createRuntime(require, new ManualWatcher())
  const good = read('greeting.js')
  for (const broken of [good.replace('() => () =>', '() =>').replace("'hello'", 'nothing'), 'throw 1', 'exports.a = 1'])
    for (const word of ['hello', 'good morning']) {
      edit('greeting.js', broken)
      await assert.rejects(runtime.import('./greeting'), () => true)
      edit('greeting.js', good.replace('hello', word))
      assert.equal((await runtime.import('./greeting')).exports(), word)
      runtime.unimport('./greeting')
    }
})

// [node-hmr 62]
describe('"`generate` (forced or first) throws or rejects": "import rejects"', () => {
  for (const force of [false, true])
    for (const [way, generate] of [
      [
        'throws',
        () => {
          throw 'no values'
        }
      ],
      ['rejects', () => Promise.reject('no values')]
    ])
      test(`${force ? 'forced' : 'first'}, ${way}`, async (t) => {
        const unhandled = nothingUnhandled(t)
        const { runtime, next, taken, watcher } = steps(t)
        next({ version: 1, force, generate })
        await assert.rejects(runtime.import('./module'), (thrown) => thrown === 'no values')
        assert.deepEqual(taken(), ['v1 evaluate', 'v1 generate'])
        assert.deepEqual(watcher.watched, [])
        next({ version: 2, force })
        assert.equal((await runtime.import('./module')).exports, 'v2')
        assert.deepEqual(taken(), ['v2 evaluate', 'v2 generate', 'v2 run with v2'])
        await unhandled.check()
      })
})

// [node-hmr 62]
test('a first `generate` that fails at an update: "reported; the module stays usable; the next good save works"', async (t) => {
  const unhandled = nothingUnhandled(t)
  const printed = captureConsole(t)
  const { runtime, next, save, taken } = steps(t)
  const fail = () => {
    throw 'no values'
  }
  let generated = 0
  next({ version: 1, generate: () => (generated++ === 0 ? { by: 'once' } : fail()) })
  const imported = await runtime.import('./module')
  save({ version: 2, force: true, generate: fail })
  assert.equal(imported.exports, 'v1')
  for (const generate of [fail, () => Promise.reject('no values')]) {
    taken()
    printed.taken()
    save({ version: 3, generate })
    await turn()
    assert.equal(taken()[1], 'v3 generate', 'the values are generated, as there are none')
    const errors = printed.taken().filter(({ method }) => method === 'error')
    assert.ok(errors.some(({ text }) => text.includes('no values')))
    assert.equal(imported.exports, 'v1')
    assert.equal(await Promise.race([runtime.import('./module').catch((thrown) => thrown), turn()]), 'no values')
  }
  taken()
  save({ version: 4 })
  assert.equal(imported.exports, 'v4')
  assert.deepEqual(taken(), ['v4 evaluate', 'v4 generate', 'v4 run with v4'])
  await unhandled.check()
})

function pick(object, like) {
  return Object.fromEntries(Object.keys(like).map((key) => [key, object[key]]))
}
