'use strict'

const fs = require('node:fs')
const { test } = require('node:test')
const { assert, createPersist, createRunner, createRuntime, FSWatcher, HMRRuntime, steps } = require('./support')
const { AsyncRunner, PersistManager, Runner, nextUpdate, node, scenario } = require('./support')
const { hotText, makeFolder } = require('./support/files')

// [node-hmr 8]
test('`createPersist(generate?, cleanup?): PersistManager`', () => {
  const values = Symbol('values')
  const cleaned = []
  assert.ok(createPersist() instanceof PersistManager)
  const generated = createPersist(() => values)
  assert.ok(generated instanceof PersistManager)
  assert.equal(generated.generate(), values)
  const both = createPersist(
    () => values,
    (given) => cleaned.push(given)
  )
  both.cleanup(values)
  assert.deepEqual(cleaned, [values])
  const onlyCleanup = createPersist(undefined, (given) => cleaned.push(given))
  onlyCleanup.cleanup(7)
  assert.deepEqual(cleaned, [values, 7])
})

// [node-hmr 9]
test('`createRunner(run, cleanup?, isAsync = false)`', () => {
  const run = () => 'ran'
  const cleanup = () => 'cleaned'
  for (const runner of [createRunner(run), createRunner(run, cleanup), createRunner(run, cleanup, false)]) {
    assert.ok(runner instanceof Runner)
    assert.equal(runner.execute(), 'ran')
  }
  const runner = createRunner(run, cleanup, true)
  assert.ok(runner instanceof AsyncRunner)
  assert.deepEqual([runner.execute(), runner.clean()], ['ran', 'cleaned'])
})

// [node-hmr 10]
test('`createRuntime(require, watcher: Watcher | false = new FSWatcher(require)): HMRRuntime`', async (t) => {
  const folder = makeFolder(t, { files: { 'a.js': hotText('one') } })
  for (const given of [[], [undefined]]) {
    fs.writeFileSync(folder.file('a.js'), hotText('one'))
    const runtime = createRuntime(folder.require, ...given)
    t.after(() => runtime.closeAll())
    assert.ok(runtime instanceof HMRRuntime)
    assert.equal(runtime.watcher.constructor, FSWatcher)
    const imported = await runtime.import('./a')
    const updated = nextUpdate(runtime, './a')
    fs.writeFileSync(folder.file('a.js'), hotText('two'))
    await updated
    assert.equal(imported.exports, 'two')
    runtime.closeAll()
  }
})

test('with `false` for a watcher, no file is watched: the process ends', async (t) => {
  const { dir, edit } = scenario(t, 'steps')
  edit(
    'main.js',
    `require('@upvotr/node-hmr').createRuntime(require, false).import('./module').then((it) => console.log(it.exports))`
  )
  assert.deepEqual(await node(['main.js'], { cwd: dir }), { code: 0, signal: null, stdout: 'v1\n', stderr: '' })
})

// [node-hmr 11]
test("`runtime.on('update', (id) => …)`: the id alone", async (t) => {
  const { runtime, save } = steps(t)
  await runtime.import('./module')
  const seen = []
  runtime.on('update', function (...args) {
    seen.push([this === runtime, args])
  })
  save({ version: 2 })
  await null
  save({ version: 3, run: (values, emitUpdate) => emitUpdate('ignored') })
  await null
  assert.deepEqual(seen, Array(3).fill([true, ['./module']]))
})

// [node-hmr 17]
test('"Booleans are taken by truthiness, never refused": `forceUpdate`', async (t) => {
  const { runtime, save, taken } = steps(t)
  await runtime.import('./module')
  for (const [force, isForced] of [
    ...[true, 1, 'no', {}, [], Symbol('yes'), () => {}, 1n].map((value) => [value, true]),
    ...[false, 0, '', null, undefined, NaN, 0n].map((value) => [value, false])
  ]) {
    taken()
    save({ version: 2, force })
    assert.equal(taken().includes('v2 generate'), isForced, String(force))
  }
})

// [node-hmr 18]
test('"`execute`, `clean`, `generate`, `cleanup` pass any values through unchecked"', () => {
  const odd = [undefined, null, 0, -0, NaN, '', 'text', Symbol('odd'), 1n, () => {}, [], Object.create(null)]
  odd.push(Promise.resolve(), new Proxy({}, {}), Object.freeze({}))
  const seen = []
  const persist = createPersist(
    () => odd,
    (...args) => seen.push(args)
  )
  assert.equal(persist.generate(), odd)
  for (const isAsync of [false, true]) {
    const runner = createRunner(
      (...args) => seen.push(args),
      (...args) => seen.push(args),
      isAsync
    )
    for (const value of odd) {
      seen.length = 0
      runner.execute(value, value)
      runner.clean(value, value)
      persist.cleanup(value)
      assert.deepEqual(
        seen.map((args) => args.map((given) => Object.is(given, value))),
        [[true, true], [true, true], [true]]
      )
    }
  }
})
