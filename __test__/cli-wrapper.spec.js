'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { describe, test } = require('node:test')
const { makeFolder } = require('./support/files')
const { hmr } = require('./support/process')

/** A project with a watcher that prints, as JSON, what `expressions` of its `wrapper` are. */
function project(t, expressions, files = {}) {
  return makeFolder(t, {
    fixture: 'command',
    files: {
      'asks.js': `
        const { Watcher } = require('@upvotr/node-hmr')
        const loader = require('./own-loader.js')
        module.exports = class extends Watcher {
          constructor(wrapper) {
            super()
            console.log('said ' + JSON.stringify([${expressions.join(', ')}]))
          }
          watch() { return () => {} }
        }`,
      // Its cache, main and extensions are no other function's.
      'own-loader.js': `
        const load = (id) => {
          if (id in load.cache) return load.cache[id].exports
          console.log('loads ' + id.replace(__dirname, '.'))
          delete require.cache[id]
          return (load.cache[id] = { exports: require(id) }).exports
        }
        module.exports = Object.assign(load, { cache: {}, main: 'its main', extensions: {}, resolve: () => 'not this' })`,
      'value.js': "module.exports = 'the value'",
      ...files
    }
  })
}

async function said(t, dir, args) {
  const run = hmr(t, [...args, '-nf', 'server.js'], { cwd: dir })
  const [, json] = await run.printed(/^said (.*)\n/m)
  await run.printed('version one runs')
  return JSON.parse(json)
}

// [node-hmr 81]
describe('"The runtime and the watcher get a synthetic wrapper"', () => {
  test('"of Node\'s `require`"', async (t) => {
    const { dir } = project(t, [
      'wrapper === require',
      "wrapper('./value.js')",
      "wrapper('value')",
      "wrapper('path') === require('path')",
      'wrapper.main === require.main',
      'wrapper.extensions === require.extensions'
    ])
    assert.deepEqual(await said(t, dir, ['-w', 'asks.js']), [false, 'the value', 'the value', true, true, true])
  })

  test('"or of the `-r` function"', async (t) => {
    const { dir } = project(t, [
      'wrapper === loader',
      "wrapper(require.resolve('./value.js'))",
      'wrapper.main',
      'wrapper.extensions === loader.extensions'
    ])
    const run = hmr(t, ['-r', 'own-loader.js', '-w', 'asks.js', '-f', 'server.js'], { cwd: dir })
    await run.printed('loads ./asks.js')
    await run.printed('loads ./value.js')
    await run.printed(`said ${JSON.stringify([false, 'the value', 'its main', true])}`)
    await run.printed('loads ./server.js')
    await run.printed('version one runs')
  })
})

// [node-hmr 81]
describe('"its `resolve(id)` resolves from the working directory and never throws (what Node finds there, else `path.resolve(id)`)"', () => {
  for (const args of [[], ['-r', 'own-loader.js']])
    test(args.length === 0 ? "with Node's `require`" : 'with the `-r` function', async (t) => {
      const ids = [
        './value',
        'value.js',
        'dependency',
        'path',
        'node:fs',
        './nowhere/a.js',
        '@no/package',
        '',
        'a\0b',
        '.'
      ]
      const { dir, file } = project(t, [`${JSON.stringify(ids)}.map(wrapper.resolve)`], {
        'node_modules/dependency/index.js': ''
      })
      const [resolved] = await said(t, dir, [...args, '-w', 'asks.js'])
      assert.deepEqual(resolved, [
        file('value.js'),
        file('value.js'),
        file('node_modules/dependency/index.js'),
        'path',
        'node:fs',
        file('nowhere/a.js'),
        path.join(dir, '@no/package'),
        dir,
        path.join(dir, 'a\0b'),
        dir
      ])
    })
})

// [node-hmr 81]
describe('"its `cache` is that of the wrapped function"', () => {
  test("Node's", async (t) => {
    const { dir } = project(t, ['wrapper.cache === require.cache'])
    assert.deepEqual(await said(t, dir, ['-w', 'asks.js']), [true])
  })

  test('that of the `-r` function, from which the runtime evicts', async (t) => {
    const { dir, file } = project(t, ['wrapper.cache === loader.cache'])
    assert.deepEqual(await said(t, dir, ['-r', 'own-loader.js', '-w', 'asks.js']), [true])
    const run = hmr(t, ['-r', 'own-loader.js', '-f', 'server.js'], { cwd: dir })
    for (const [before, after] of [
      ['one', 'two'],
      ['two', 'three']
    ]) {
      await run.printed(`version ${before} runs`)
      fs.writeFileSync(file('server.js'), fs.readFileSync(file('server.js'), 'utf8').replace(before, after))
      await run.printed('loads ./server.js')
    }
    await run.printed('version three runs')
  })
})

// [node-hmr 86]
test('`-l` and `-s` "are … `setLogging(true)`, `suppressWarnings(true)`": updates are logged, warnings left out', async (t) => {
  const edited = async (args) => {
    const { dir, file } = project(t, [])
    const good = fs.readFileSync(file('server.js'), 'utf8')
    const run = hmr(t, [...args, '-f', 'server.js'], { cwd: dir })
    await run.printed('version one runs')
    for (const word of ['two', 'three']) {
      fs.writeFileSync(file('server.js'), "throw new Error('broken')")
      await run.printed('Error: broken', 'stderr')
      fs.writeFileSync(file('server.js'), good.replace('one', word))
      await run.printed(`version ${word} runs`)
    }
    run.kill('SIGKILL')
    return run.ended()
  }
  const plain = await edited([])
  assert.doesNotMatch(plain.stdout, /\[hmr\]/)
  assert.match(plain.stderr, /using the last good version/)
  assert.match((await edited(['-l'])).stdout, /\[hmr\] server\.js recovered in/)
  const silenced = await edited(['-s'])
  assert.match(silenced.stderr, /Error: broken/)
  assert.doesNotMatch(silenced.stderr, /using the last good version/)
})
