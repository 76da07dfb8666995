'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { describe, test } = require('node:test')
const { makeFolder } = require('./support/files')
const { hmr } = require('./support/process')

const project = (t, files) => makeFolder(t, { fixture: 'command', files })

// [node-hmr 83]
describe('-w: "module whose export, or `default` (mended), is a Watcher class, made with one argument, the wrapper"', () => {
  for (const [way, args] of [
    ['the export', ['-w', 'watcher.js']],
    ['without extension', ['-w', 'watcher']],
    ['`default`', ['-w', './watcher-default.js']],
    ['by its long name', ['--watcher=watcher-default']]
  ]) {
    test(way, async (t) => {
      const { dir, file } = project(t, { 'node_modules/path/index.js': '', 'node_modules/server/index.js': '' })
      const run = hmr(t, ['-nf', 'server', ...args], { cwd: dir })
      await run.printed('made with 1: function, true\n')
      const resolved = [file('server.js'), file('server.js'), file('nowhere'), 'path']
      await run.printed(`resolves ${resolved.join(' ')}\n`)
      await run.printed('version one runs')
    })
  }

  // [node-hmr 82]
  test('it is asked for the id as typed', async (t) => {
    for (const id of ['server.js', './server', 'server']) {
      await hmr(t, ['-w', 'watcher.js', '-f', id], { cwd: project(t).dir }).printed(`watches ${id}\n`)
    }
  })

  test('its `update` with that id updates the module', async (t) => {
    const text = `
      const { Watcher } = require('@upvotr/node-hmr')
      module.exports = class extends Watcher {
        watch(id) {
          const timer = setTimeout(() => this.emit('update', id), 50)
          return () => clearTimeout(timer)
        }
      }`
    const { dir, file } = project(t, { 'own.js': text })
    const run = hmr(t, ['-lw', 'own.js', '-f', 'server.js'], { cwd: dir })
    await run.printed('version one runs')
    fs.writeFileSync(file('server.js'), fs.readFileSync(file('server.js'), 'utf8').replace('one', 'two'))
    await run.printed('version two runs')
    await run.printed(/\[hmr\] server\.js updated/)
  })

  test('an ES module, an EventEmitter with `watch`, and a watcher of the package', async (t) => {
    const files = {
      'own.mjs': `
        import { EventEmitter } from 'node:events'
        export default class extends EventEmitter { watch(id) { console.log('watches ' + id); return () => {} } }`,
      'package-watcher.js': "module.exports = require('@upvotr/node-hmr').ContentWatcher",
      'noop.js': "exports.default = require('@upvotr/node-hmr').NoopWatcher"
    }
    const { dir } = project(t, files)
    await hmr(t, ['-w', 'own.mjs', '-f', 'server.js'], { cwd: dir }).printed('watches server.js')
    await hmr(t, ['-w', 'package-watcher.js', '-f', 'server.js'], { cwd: dir }).printed('version one runs')
    const { code, stdout } = await hmr(t, ['-w', 'noop.js', '-f', 'server.js'], { cwd: dir }).ended()
    assert.deepEqual([code, stdout], [0, 'version one runs\n'])
  })

  const refused = {
    'an object': 'module.exports = {}',
    nothing: '',
    null: 'module.exports = null',
    'a text': "module.exports = 'FSWatcher'",
    'an instance': "const { NoopWatcher } = require('@upvotr/node-hmr'); module.exports = new NoopWatcher()",
    'a class that is no EventEmitter': "module.exports = class { constructor() { console.log('made') } watch() {} }",
    'an EventEmitter without `watch`': "module.exports = require('node:events')",
    'the base class': "module.exports = require('@upvotr/node-hmr').Watcher",
    'a plain function': "module.exports = function () { console.log('called') }",
    'an arrow function': "module.exports = () => { console.log('called') }",
    'a `default` that is none': 'exports.default = {}'
  }
  for (const [kind, text] of Object.entries(refused)) {
    // [node-hmr 85]
    test(`${kind} is "Refused before anything runs"`, async (t) => {
      const { dir } = project(t, { 'bad.js': text })
      const { code, stdout, stderr } = await hmr(t, ['-w', 'bad.js', '-f', 'server.js'], { cwd: dir }).ended()
      assert.deepEqual([code, stdout], [1, ''])
      const [first, second, ...rest] = stderr.split('\n')
      assert.equal(first, "TypeError: Specified watcher file's export is not a watcher.")
      assert.match(second, /^bad\.js exports .+; it has to export a class like `class extends Watcher .*`$/)
      assert.deepEqual(rest, [''], 'one sentence that names the file and the way out')
    })
  }
})

// [node-hmr 84]
describe('-r: "module whose export, or `default` (mended), is a require function"', () => {
  for (const name of ['loader.js', './loader', 'loader-default.js']) {
    test(name, async (t) => {
      const { dir, file } = project(t)
      const run = hmr(t, ['-r', name, '-f', 'server'], { cwd: dir })
      await run.printed('loads ./server.js')
      await run.printed('version one runs')
      fs.writeFileSync(file('server.js'), fs.readFileSync(file('server.js'), 'utf8').replace('one', 'two'))
      await run.printed('loads ./server.js')
      await run.printed('version two runs')
    })
  }

  test('a function without a cache of its own reloads', async (t) => {
    const { dir, file } = project(t, { 'bare.js': 'module.exports = (file) => require(file)' })
    const run = hmr(t, ['--require', 'bare.js', '-f', 'server'], { cwd: dir })
    await run.printed('version one runs')
    fs.writeFileSync(file('server.js'), fs.readFileSync(file('server.js'), 'utf8').replace('one', 'two'))
    await run.printed('version two runs')
  })

  test('the watcher is loaded through it', async (t) => {
    const run = hmr(t, ['-r', 'loader', '-w', 'watcher', '-f', 'server'], { cwd: project(t).dir })
    for (const text of ['loads ./watcher.js', 'made with 1: function, true', 'loads ./server.js'])
      await run.printed(text)
  })

  for (const text of ['', 'module.exports = {}', 'module.exports = null', "exports.default = 'require'"]) {
    // [node-hmr 85]
    test(`${text || 'nothing'} is "Refused before anything runs"`, async (t) => {
      const { dir } = project(t, { 'bad.js': text })
      const run = hmr(t, ['-r', 'bad.js', '-w', 'watcher.js', '-f', 'server.js'], { cwd: dir })
      const { code, stdout, stderr } = await run.ended()
      assert.deepEqual([code, stdout], [1, ''])
      const [first, second, ...rest] = stderr.split('\n')
      assert.equal(first, 'TypeError: Invalid require function passed.')
      assert.match(second, /^bad\.js exports .+; it has to export the function, as in `.*`$/)
      assert.deepEqual(rest, [''], 'one sentence that names the file and the way out')
    })
  }
})

describe('a module of -w or -r that cannot be loaded', () => {
  for (const option of ['-w', '-r']) {
    test(`${option}: its error, and code 1`, async (t) => {
      const { dir } = project(t, { 'bad.js': "\nthrow new Error('not today')\n" })
      const thrown = await hmr(t, [option, 'bad.js', '-f', 'server.js'], { cwd: dir }).ended()
      assert.deepEqual([thrown.code, thrown.stdout], [1, ''])
      assert.match(thrown.stderr, /^\[hmr\] bad\.js: cannot be used\n {2}bad\.js:2:7\n/)
      assert.match(thrown.stderr, /^Error: not today\n {4}at Object\.<anonymous> \(.*bad\.js:2:7\)\n$/m)
      const missing = await hmr(t, [option, 'missing.js', '-f', 'server.js'], { cwd: dir }).ended()
      assert.deepEqual([missing.code, missing.stdout], [1, ''])
      assert.match(missing.stderr, /Cannot find module '.*missing\.js'/)
      assert.doesNotMatch(missing.stderr, /^ *> \d+ \|/m, 'there is no code of the user to show')
    })
  }
})

describe('options of the watcher', () => {
  test('--ignoreUnchanged: a save of the same bytes updates nothing', async (t) => {
    for (const option of ['--ignoreUnchanged', '--ignore-unchanged']) {
      const { dir, file } = project(t)
      const run = hmr(t, [option, '-lf', 'server.js'], { cwd: dir })
      await run.printed('version one runs')
      const text = fs.readFileSync(file('server.js'), 'utf8')
      fs.writeFileSync(file('server.js'), text)
      fs.writeFileSync(file('server.js'), text.replace('one', 'two'))
      await run.printed('version two runs')
      await run.printed(/updated in/)
      assert.equal(run.text.stdout.match(/updated in/g).length, 1)
    }
  })

  for (const option of [['--poll'], ['--poll=20'], ['--poll', '20']]) {
    test(option.join(' '), async (t) => {
      const { dir, file } = project(t)
      const run = hmr(t, [...option, '-f', 'server.js'], { cwd: dir })
      await run.printed('version one runs')
      fs.writeFileSync(file('server.js'), fs.readFileSync(file('server.js'), 'utf8').replace('one', 'two'))
      await run.printed('version two runs')
    })
  }

  for (const bad of [
    '--poll=soon',
    '--poll=0',
    '--poll=-5',
    '--grace=soon',
    '--grace=',
    '--grace=-1',
    '--grace=1e99'
  ]) {
    test(`${bad} is refused in one line`, async (t) => {
      const { code, stdout, stderr } = await hmr(t, [bad, '-f', 'server.js'], { cwd: project(t).dir }).ended()
      assert.deepEqual([code, stdout], [1, ''])
      assert.match(stderr, new RegExp(`^RangeError: ${bad.split('=')[0]} takes a number of milliseconds.*\n$`))
    })
  }
})
