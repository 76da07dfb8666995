// A step that never settles is given up by the next save, once it has hung for more than five seconds.
'use strict'

const assert = require('node:assert/strict')
const test = require('node:test')

const {
  steps,
  captureConsole,
  deferred,
  nextUpdate,
  nothingUnhandled,
  createPersist,
  createRunner,
  hmr
} = require('./support')

const { makeProject } = require('./support/project')

const seconds = (count) => new Promise((resolve) => setTimeout(resolve, count * 1000))
const never = () => new Promise(() => {})

test('a step that hangs is given up by a save after more than 5 s', { concurrency: true }, async (t) => {
  const printed = captureConsole(t)
  const unhandled = nothingUnhandled(t)
  const about = (id, what) => printed.lines.filter(({ text }) => text.includes(id) && what.test(text))
  /** Replaces what `./module` exports, without a file of the fixture's own shape. */
  const app = async (t, id, first) => {
    const it = steps(t)
    const save = (source) => {
      globalThis[id] = source
      it.edit(`${id}.js`, `module.exports = globalThis[${JSON.stringify(id)}]()`)
    }
    save(first)
    return {
      ...it,
      id: `./${id}.js`,
      save: (source) => {
        save(source)
        it.watcher.tell(`./${id}.js`)
      }
    }
  }
  const good = (value) => () =>
    hmr(
      null,
      createRunner(async () => value, undefined, true)
    )
  const cases = {
    'the runner of an update': async (t) => {
      const late = deferred()
      const { runtime, save, id } = await app(t, 'update', good('first'))
      const it = await runtime.import(id)
      save(() =>
        hmr(
          null,
          createRunner(() => late.promise, undefined, true)
        )
      )
      await seconds(5.5)
      assert.equal(it.exports, 'first')
      const updated = nextUpdate(runtime, id)
      save(good('mended'))
      await updated
      assert.equal(it.exports, 'mended')
      late.resolve('late')
      await seconds(0.1)
      assert.equal(it.exports, 'mended')
      assert.equal(about(id, /the runner of \.\/update\.js has not settled after 5 s.*the next save/).length, 1)
      assert.equal(about(id, /the runner of \.\/update\.js was given up/).length, 1)
    },
    'the runner of a first import': async (t) => {
      const late = deferred()
      const { runtime, save, id } = await app(t, 'first', () =>
        hmr(
          null,
          createRunner(() => late.promise, undefined, true)
        )
      )
      const importing = runtime.import(id)
      await seconds(5.5)
      save(good('mended'))
      const it = await importing
      assert.equal(it.exports, 'mended')
      late.reject(new Error('too late'))
      await seconds(0.1)
      assert.equal(about(id, /the runner failed after it was given up[\s\S]*too late/).length, 1)
    },
    'generate, and the cleanup of the values': async (t) => {
      const { runtime, save, id } = await app(t, 'values', () =>
        hmr(
          createPersist(never),
          createRunner(() => 'no')
        )
      )
      const importing = runtime.import(id)
      await seconds(5.5)
      save(() =>
        hmr(
          createPersist(() => ({ n: 1 }), never),
          createRunner(({ n }) => n)
        )
      )
      const it = await importing
      assert.equal(it.exports, 1)
      const forced = (n) => () =>
        hmr(
          createPersist(() => ({ n })),
          createRunner((values) => values.n),
          true
        )
      save(forced(2))
      await seconds(5.5)
      const updated = nextUpdate(runtime, id)
      save(forced(3))
      await updated
      assert.equal(it.exports, 3)
      assert.equal(about(id, /^\[hmr\] generate of \.\/values\.js has not settled/).length, 1)
      assert.equal(about(id, /the cleanup of the persistent values of \.\/values\.js has not settled/).length, 1)
    },
    'the cleanup of a runner': async (t) => {
      const { runtime, save, id } = await app(t, 'cleanup', () =>
        hmr(
          null,
          createRunner(() => 'first', never)
        )
      )
      const it = await runtime.import(id)
      save(good('second'))
      await seconds(5.5)
      const updated = nextUpdate(runtime, id)
      save(good('third'))
      await updated
      assert.equal(it.exports, 'third')
      assert.equal(about(id, /the cleanup of the runner of \.\/cleanup\.js has not settled/).length, 1)
    },
    'a save before that waits': async (t) => {
      const slow = deferred()
      const { runtime, save, id } = await app(t, 'slow', good('first'))
      const it = await runtime.import(id)
      save(() =>
        hmr(
          null,
          createRunner(() => slow.promise, undefined, true)
        )
      )
      save(good('third'))
      await seconds(1)
      assert.equal(it.exports, 'first')
      const updated = nextUpdate(runtime, id)
      slow.resolve('second')
      await updated
      assert.equal(it.exports, 'third')
      assert.deepEqual(about(id, /./), [])
    }
  }
  await Promise.all(Object.entries(cases).map(([name, body]) => t.test(name, body)))
  await unhandled.check()
})

test('what was given up and fails late is shown without a line of the new text', async (t) => {
  const project = makeProject(t)
  const version = (run) => `const { createRunner, hmr } = require('@upvotr/node-hmr')
module.exports = hmr(null, createRunner(${run}, undefined, true))
`
  project.write('hot.js', version("async () => console.log('first')"))
  const program = project.hmr(['-f', 'hot.js'])
  await program.line('first')
  project.write('hot.js', version("() => new Promise((_, no) => setTimeout(no, 6500, new Error('too late')))"))
  await program.line('has not settled after 5 s')
  await seconds(0.2)
  project.write('hot.js', `// Another line.\n${version("async () => console.log('mended')")}`)
  await program.line('mended')
  await program.line('the runner failed after it was given up')
  assert.equal(await program.line(/./), 'Error: too late')
})
