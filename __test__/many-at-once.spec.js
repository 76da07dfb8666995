'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { describe, test } = require('node:test')
const { makeFolder, pause } = require('./support/files')
const { hmr } = require('./support/process')

const hot = (value) =>
  `const { createRunner, hmr } = require('@upvotr/node-hmr')\nmodule.exports = hmr(null, createRunner(() => ${value}))\n`

/** A program that imports so many hot modules, run with logging. */
async function running(t, count, args = []) {
  const files = {
    'all.js': `
      const { createRunner, createRuntime, hmr } = require('@upvotr/node-hmr')
      const runtime = createRuntime(require)
      module.exports = hmr(null, createRunner(async () => {
        for (let index = 0; index < ${count}; index++) await runtime.import('./routes/' + index)
        console.log('all run')
      }, undefined, true))`
  }
  for (let index = 0; index < count; index++) files[`routes/${index}.js`] = hot(index)
  const { dir, file } = makeFolder(t, { files })
  const run = hmr(t, ['-l', ...args, '-f', 'all.js'], { cwd: dir })
  await run.printed(/all\.js runs; .*\n/)
  return { run, path: (index) => file(`routes/${index}.js`) }
}

describe('a branch switch over 200 files that takes 100 away is twelve lines at most', () => {
  for (const args of [[], ['--dependencies']])
    test(args.join(' ') || 'plainly', async (t) => {
      const { run, path } = await running(t, 200, args)
      const before = run.text.stdout.length
      for (let index = 0; index < 200; index++) {
        if (index % 2 === 0) fs.writeFileSync(path(index), hot(`${index} + 1`))
        else fs.rmSync(path(index))
      }
      await run.printed(/100 modules: using the last good version\n/, 'stderr')
      await run.printed(/ modules updated in .*\n/)
      // What would follow in vain: an echo, or the rest.
      await pause(500)
      const lines = (run.text.stdout.slice(before) + run.text.stderr).trim().split('\n')
      assert.ok(lines.length <= 12, lines.join('\n'))
      assert.match(
        run.text.stderr,
        /^\[hmr\] 100 modules could not be loaded: \.\/routes\/1, \.\/routes\/3, \.\/routes\/5 and 97 more$/m
      )
      for (const index of [1, 3, 5])
        assert.match(
          run.text.stderr,
          new RegExp(
            `^\\[hmr\\] \\./routes/${index}: the new version cannot be loaded\\nError: Cannot find module .*/routes/${index}'$`,
            'm'
          )
        )
      for (let index = 1; index < 200; index += 2) fs.writeFileSync(path(index), hot(`${index} + 1`))
      await run.printed(/ modules recovered in .*\n/)
    })
})

test('"200 updated modules likewise are one line"', async (t) => {
  const { run, path } = await running(t, 200)
  const before = run.text.stdout.length
  for (let index = 0; index < 200; index++) fs.writeFileSync(path(index), hot(`${index} + 1`))
  await run.printed(/ modules updated in .*\n/)
  await pause(300)
  const lines = run.text.stdout.slice(before).trim().split('\n')
  // The first may have been taken before the second was written.
  assert.ok(lines.length <= 2, lines.join('\n'))
  assert.match(
    lines.at(-1),
    /^\d\d:\d\d:\d\d \[hmr\] (200|199 more) modules updated in [\d.]+ ms: \S+, \S+, \S+ and 19\d more$/
  )
  assert.equal(run.text.stderr, '')
})

test('a module that recovers and is updated again in the same burst is told of once', async (t) => {
  const names = Array.from({ length: 6 }, (_, index) => `./routes/${index}`)
  const files = {
    'all.js': `
      const fs = require('node:fs')
      const { createRunner, createRuntime, hmr, NoopWatcher } = require('@upvotr/node-hmr')
      const watcher = new NoopWatcher(require)
      const runtime = createRuntime(require, watcher)
      const names = ${JSON.stringify(names)}
      const failing = names.slice(1)
      const save = (names, text) => {
        for (const name of names) fs.writeFileSync(require.resolve(name), text)
        for (const name of names) watcher.emit('update', name)
      }
      module.exports = hmr(null, createRunner(async () => {
        for (const name of names) await runtime.import(name)
        save(failing, 'const = 5')
        process.stdin.once('data', () => {
          save(names, ${JSON.stringify(hot('2'))})
          setImmediate(save, failing, ${JSON.stringify(hot('3'))})
        })
      }, undefined, true))`
  }
  for (const name of names) files[`${name}.js`] = hot('1')
  const { dir } = makeFolder(t, { files })
  const run = hmr(t, ['-l', '-f', 'all.js'], { cwd: dir, stdio: ['pipe', 'pipe', 'pipe'] })
  await run.printed(/(routes\/5|modules): using the last good version\n/, 'stderr')
  await run.printed(/all\.js runs; .*\n/)
  const before = run.text.stdout.length
  run.child.stdin.write('go on')
  await run.printed(/ recovered in .*\n/)
  await pause(300)
  const lines = run.text.stdout.slice(before).trim().split('\n')
  assert.equal(lines.length, 2, lines.join('\n'))
  assert.match(run.text.stdout, / 5 (more )?modules recovered in [\d.]+ ms: \.\/routes\/1, /)
  assert.match(run.text.stdout, / (\.\/routes\/0 updated in [\d.]+ ms|1 module updated in [\d.]+ ms: \.\/routes\/0)\n/)
})

test('one edit of a file that 20 modules use is one line', async (t) => {
  const { dir, file } = makeFolder(t, { files: { 'words.js': 'module.exports = 1' } })
  const names = Array.from({ length: 20 }, (_, index) => `./routes/${index}.js`)
  fs.mkdirSync(file('routes'))
  for (const name of names) fs.writeFileSync(file(name), hot("require('../words.js')"))
  fs.writeFileSync(
    file('all.js'),
    `const { createRunner, createRuntime, hmr } = require('@upvotr/node-hmr')
     const runtime = createRuntime(require)
     module.exports = hmr(null, createRunner(() => Promise.all(${JSON.stringify(names)}.map((name) => runtime.import(name))), undefined, true))`
  )
  const run = hmr(t, ['-l', '--dependencies', '-f', 'all.js'], { cwd: dir })
  await run.printed(/all\.js runs; .*\n/)
  const before = run.text.stdout.length
  fs.writeFileSync(file('words.js'), 'module.exports = 2')
  await run.printed(/ modules updated in .*\n/)
  await pause(300)
  const lines = run.text.stdout.slice(before).trim().split('\n')
  assert.equal(lines.length, 1, lines.join('\n'))
  assert.match(lines[0], / 20 modules updated in /)
})

test('of plain dependencies that change together, one is mentioned', async (t) => {
  const files = { 'all.js': `${['1', '2', '3'].map((name) => `require('./lib/${name}')\n`).join('')}${hot('1')}` }
  for (const name of [1, 2, 3]) files[`lib/${name}.js`] = 'module.exports = 1'
  const { dir, file } = makeFolder(t, { files })
  const run = hmr(t, ['-l', '-f', 'all.js'], { cwd: dir })
  await run.printed(/all\.js runs; .*\n/)
  for (const name of [1, 2, 3]) fs.writeFileSync(file(`lib/${name}.js`), 'module.exports = 2')
  await run.printed(/lib\/\d\.js changed, which all\.js requires; .*\n/)
  await pause(700)
  assert.equal(run.text.stdout.match(/ changed, which /g).length, 1, run.text.stdout)
  fs.writeFileSync(file('lib/3.js'), 'module.exports = 3')
  await run.printed(/lib\/3\.js changed, which all\.js requires; .*\n/)
})

test('57 modules that do not parse: "one block", the first three in full', async (t) => {
  const { run, path } = await running(t, 57)
  for (let index = 0; index < 57; index++) fs.writeFileSync(path(index), 'const = 5\n')
  await run.printed(/57 modules: using the last good version\n/, 'stderr')
  assert.equal(run.text.stderr.match(/57 modules could not be loaded: /g).length, 1)
  assert.equal(run.text.stderr.match(/> 1 \| const = 5/g).length, 3)
  assert.equal(run.text.stderr.match(/using the last good version/g).length, 1)
})

test('three at once are three blocks, each with its warning', async (t) => {
  const { run, path } = await running(t, 3)
  for (let index = 0; index < 3; index++) fs.writeFileSync(path(index), 'const = 5\n')
  for (let index = 0; index < 3; index++) await run.printed('using the last good version', 'stderr')
  assert.equal(run.text.stderr.match(/> 1 \| const = 5/g).length, 3)
  assert.doesNotMatch(run.text.stderr, /modules/)
})

test('the runs of many modules that fail together: three in full, the rest in one block', async (t) => {
  const { run, path } = await running(t, 20)
  for (let index = 0; index < 20; index++) fs.writeFileSync(path(index), hot("(() => { throw new Error('broken') })()"))
  await run.printed(/more modules: using the last good version\n/, 'stderr')
  const lines = run.text.stderr.split('\n')
  const blocks = lines.filter((line) => line.startsWith('[hmr]') && line.includes('the runner failed'))
  assert.ok(blocks.length <= 4, run.text.stderr)
  assert.match(run.text.stderr, /\[hmr\] 17 more modules: the runner failed: .* and 14 more\n/)
  for (let index = 0; index < 20; index++) fs.writeFileSync(path(index), hot(index))
  await run.printed(/\d+ (more )?modules recovered in/)
})
