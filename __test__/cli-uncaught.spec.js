'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { describe, test } = require('node:test')
const { makeFolder } = require('./support/files')
const { bin, hmr, start } = require('./support/process')

const head = "const { createRunner, createRuntime, hmr } = require('@upvotr/node-hmr')\n"
const doing = (code) => `${head}module.exports = hmr(null, createRunner(() => {\n${code}\n}))\n`
const good = doing("console.log('good')")
const WAITS = 'the process goes on and waits for the next save'
const failing = {
  'an uncaught exception': "setTimeout(() => { throw new Error('boom') })",
  'an unhandled rejection': "Promise.reject(new Error('boom'))"
}

/** The command with a good version, and what saves the next. */
async function started(t, args = []) {
  const { dir, file, write } = makeFolder(t, { files: { 'server.js': good } })
  const run = hmr(t, [...args, '-f', 'server.js'], { cwd: dir })
  await run.printed('good')
  return { dir, file, write, run, save: (text) => fs.writeFileSync(file('server.js'), text) }
}

async function goesOn({ run, save }) {
  save(doing("console.log('mended')"))
  await run.printed('mended')
  run.kill('SIGTERM')
  assert.equal((await run.ended()).code, 143)
}

describe('"the watching command reports it, keeps the process and waits for the next save"', () => {
  for (const [kind, code] of Object.entries(failing)) {
    test(`${kind}: one block, with the line of code`, async (t) => {
      const it = await started(t)
      it.save(doing(code))
      await it.run.printed(WAITS, 'stderr')
      const lines = it.run.text.stderr.split('\n')
      assert.equal(lines[0], `[hmr] server.js: ${kind}`)
      assert.match(lines[1], /^ {2}server\.js:3:\d+$/)
      assert.match(
        it.run.text.stderr,
        /^Error: boom\n {4}at .*server\.js:3:\d+\)?\n\[hmr\] server\.js: the process goes on/m
      )
      await goesOn(it)
    })
  }

  test('errors that come together are followed by one such line, and those of the next save by another', async (t) => {
    const it = await started(t)
    const both = "Promise.reject(new Error('floating'))\nsetTimeout(() => { throw new Error('timer') }, 20)"
    it.save(doing(both))
    await it.run.printed('Error: timer', 'stderr')
    it.save(doing(both.replaceAll("')", " again')")))
    await it.run.printed('Error: timer again', 'stderr')
    assert.equal(it.run.text.stderr.match(/the process goes on/g).length, 2, it.run.text.stderr)
    await goesOn(it)
  })

  test('a rejection with a value that is no error', async (t) => {
    const it = await started(t)
    it.save(doing("Promise.reject('only text')"))
    await it.run.printed(/only text[\s\S]*waits for the next save/, 'stderr')
    await goesOn(it)
  })

  test('"with the hot module that the stack leads to"', async (t) => {
    const it = await started(t)
    it.write('lib/below.js', "module.exports = () => setTimeout(() => { throw new Error('deep') })")
    it.write('route.js', doing("require('./lib/below.js')()"))
    it.save(doing("createRuntime(require).import('./route.js')"))
    await it.run.printed(/^\[hmr\] .*: an uncaught exception$/m, 'stderr')
    await it.run.printed(WAITS, 'stderr')
    it.write('route.js', doing("setTimeout(() => { throw new Error('of the route') })"))
    await it.run.printed('[hmr] ./route.js: an uncaught exception\n', 'stderr')
    await goesOn(it)
  })

  test('with `--dependencies`, of a followed file', async (t) => {
    const it = await started(t, ['--dependencies'])
    it.write('lib/below.js', "module.exports = () => setTimeout(() => { throw new Error('deep') })")
    it.write('route.js', doing("require('./lib/below.js')()"))
    it.save(doing("createRuntime(require).import('./route.js')"))
    await it.run.printed('[hmr] ./route.js: an uncaught exception\n', 'stderr')
    await goesOn(it)
  })

  test('again and again: counted, and not a line each', async (t) => {
    const it = await started(t)
    it.save(doing("setInterval(() => { throw new Error('boom') }, 1)"))
    await it.run.printed('(100 times now): Error: boom', 'stderr')
    assert.ok(it.run.text.stderr.split('\n').length < 20, it.run.text.stderr)
    it.run.kill('SIGTERM')
    assert.equal((await it.run.ended()).code, 143)
  })
})

describe("Node's rule", () => {
  for (const args of [['--exit-on-error'], ['--exitOnError'], ['-n']]) {
    for (const [kind, code] of Object.entries(failing)) {
      test(`${args[0]}: ${kind} ends the process with code 1`, async (t) => {
        const { dir, file } = makeFolder(t, { files: { 'server.js': args[0] === '-n' ? doing(code) : good } })
        const run = hmr(t, [...args, '-f', 'server.js'], { cwd: dir })
        if (args[0] !== '-n') {
          await run.printed('good')
          fs.writeFileSync(file('server.js'), doing(code))
        }
        const { code: exit, stderr } = await run.ended()
        assert.equal(exit, 1)
        assert.match(stderr, /Error: boom/)
        assert.doesNotMatch(stderr, /\[hmr\]/)
      })
    }
  }

  for (const [kind, code] of Object.entries(failing)) {
    test(`off a terminal, a start until the first save is taken: ${kind}`, async (t) => {
      const { dir } = makeFolder(t, { files: { 'server.js': doing(code) } })
      const { code: exit, stderr } = await hmr(t, ['-f', 'server.js'], { cwd: dir }).ended()
      assert.equal(exit, 1)
      assert.match(stderr, /Error: boom/)
      assert.doesNotMatch(stderr, /\[hmr\]/)
    })
  }

  test('a program with a listener of its own', async (t) => {
    const it = await started(t)
    it.save(
      doing("process.on('uncaughtException', () => process.exit(7))\nsetTimeout(() => { throw new Error('boom') }, 10)")
    )
    const { code, stderr } = await it.run.ended()
    assert.deepEqual([code, stderr], [7, ''])
  })

  test('a program that listens for rejections has them to itself', async (t) => {
    const it = await started(t)
    it.save(
      doing("process.once('unhandledRejection', (it) => console.log('mine: ' + it))\nPromise.reject(new Error('boom'))")
    )
    await it.run.printed('mine: Error: boom')
    assert.equal(it.run.text.stderr, '')
    await goesOn(it)
  })

  test('a program that switches reloading off later', async (t) => {
    const it = await started(t)
    it.save(`${doing(failing['an uncaught exception'])}\nrequire('@upvotr/node-hmr').HMRRuntime.disableReloading()`)
    const { code, stderr } = await it.run.ended()
    assert.equal(code, 1)
    assert.match(stderr, /Error: boom/)
  })

  test('a program that imports the package itself', async (t) => {
    const { dir, file } = makeFolder(t, {
      files: {
        'server.js': good,
        'index.js': "require('@upvotr/node-hmr').createRuntime(require).import('./server.js')"
      }
    })
    const run = start(t, [process.execPath, 'index.js'], { cwd: dir })
    await run.printed('good')
    fs.writeFileSync(file('server.js'), doing(failing['an uncaught exception']))
    assert.equal((await run.ended()).code, 1)
  })
})

test('on a terminal, a start that fails late is reported as well', async (t) => {
  const { dir, file } = makeFolder(t, { files: { 'server.js': doing(failing['an uncaught exception']) } })
  const command = `${process.execPath} ${bin} -f server.js`
  const run = start(t, ['script', '-qec', command, '/dev/null'], { cwd: dir, stdio: ['pipe', 'pipe', 'pipe'] })
  await run.printed('server.js: an uncaught exception')
  await run.printed(WAITS)
  fs.writeFileSync(file('server.js'), doing("console.log('mended')"))
  await run.printed('mended')
  run.child.stdin.write('\x03')
  await run.ended()
})

test('in a hot program: under the name of its module, and of the same again only how often', async (t) => {
  const { dir, write } = makeFolder(t, {
    files: {
      'main.mjs': "import './ticks.mjs'\nsetInterval(() => {}, 1000)",
      'ticks.mjs': "console.log('good')"
    }
  })
  const run = hmr(t, ['-l', 'main.mjs'], { cwd: dir })
  await run.printed('good')
  // What an evaluation fails with before it has come up would be its own failure.
  const failing = "setTimeout(() => setInterval(ticks, 1), 200)\nfunction ticks() { throw new Error('tick') }"
  write('ticks.mjs', failing)
  await run.printed('(10 times now): Error: tick', 'stderr')
  const [first, ...more] = run.text.stderr.split('[hmr] ticks.mjs: an uncaught exception').slice(1)
  assert.match(first, /^\n {2}ticks\.mjs:2:\d+\n[\s\S]*\[hmr\] ticks\.mjs: the process goes on/)
  assert.deepEqual(
    more.map((text) => text.trim()),
    [2, 3, 10].map((times) => `(${times} times now): Error: tick`)
  )
  write('ticks.mjs', `${failing}\nconsole.log('again')`)
  await run.printed('again')
  await run.printed("3 | console.log('again')", 'stderr')
  write('ticks.mjs', "console.log('mended')")
  await run.printed('mended')
})

test('what a package throws in the first update of a hot program does not end the process', async (t) => {
  const { dir, write } = makeFolder(t, {
    files: {
      'main.mjs':
        "import './a.mjs'\nimport.meta.hot.accept('./a.mjs')\nsetInterval(() => {}, 1000)\nconsole.log('good')",
      'a.mjs': '',
      'node_modules/p/index.mjs': "export const later = () => queueMicrotask(() => { throw new Error('boom') })",
      'node_modules/p/package.json': '{ "exports": "./index.mjs" }'
    }
  })
  const run = hmr(t, ['-l', 'main.mjs'], { cwd: dir })
  await run.printed('good')
  await run.printed('its saves are taken')
  write('a.mjs', "import { later } from 'p'\nlater()")
  await run.printed('Error: boom', 'stderr')
  write('a.mjs', "console.log('mended')")
  await run.printed('mended')
})
