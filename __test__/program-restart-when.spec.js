'use strict'

const assert = require('node:assert/strict')
const { once } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')
const { describe, test } = require('node:test')
const { pathToFileURL } = require('node:url')
const { makeFolder } = require('./support/files')
const { root, start } = require('./support/process')
const { FILES, SERVER, serve, skip } = require('./support/restarting')

const register = pathToFileURL(path.join(root, 'register.mjs')).href

describe('"When"', { skip }, () => {
  const triggers = {
    'package.json': ['{ "name": "other" }', 'package.json'],
    'package-lock.json': ['{}', 'package-lock.json'],
    'tsconfig.json': ['{}', 'tsconfig.json'],
    'base.json': ['{ "compilerOptions": { "strict": true } }', 'base.json'],
    'words.env': ['WORD=second', 'words.env'],
    'node_modules/pkg/index.js': ['module.exports = "two"', 'node_modules/pkg/index.js'],
    'config/deep/one.yaml': ['a: 2', 'config/deep/one.yaml']
  }
  for (const [name, [text, shown]] of Object.entries(triggers)) {
    // [hot 143, 148, 161, 165]
    test(`${name} changes`, async (t) => {
      const files = { 'config/deep/one.yaml': 'a: 1' }
      if (name === 'base.json')
        Object.assign(files, { 'tsconfig.json': '{ "extends": "./base" } // base', 'base.json': '{}' })
      const args = ['--env-file=words.env', '--restart=config/**/*.yaml']
      const { write, restarted, ask, pid } = await serve(t, { files, args })
      assert.equal(await ask('/'), `${pid} one first`)
      write(name, text)
      await restarted(shown)
      const [pkg, word] = [name.includes('pkg') ? 'two' : 'one', name.includes('env') ? 'second' : 'first']
      assert.equal(await ask('/'), `${pid} ${pkg} ${word}`)
    })
  }

  // [hot 81, 143]
  test('"a module that declined is reached": its own save, and one below it', async (t) => {
    const files = {
      'server.mjs': `import "./keeps.mjs"; ${SERVER}`,
      'keeps.mjs':
        'import "./below.mjs"; import.meta.hot.decline(); import.meta.hot.dispose(() => console.log("disposed"))',
      'below.mjs': 'export const n = 1'
    }
    const { write, restarted, run } = await serve(t, { files })
    write('below.mjs', 'export const n = 2')
    await restarted('below.mjs → keeps.mjs')
    write('keeps.mjs', `${files['keeps.mjs']}; console.log("two")`)
    await restarted('keeps.mjs')
    assert.deepEqual(run.text.stdout.match(/^(disposed|two)$/gm), ['disposed', 'disposed', 'two'])
  })

  // [hot 143, 161]
  test('"`--restart` is given and nobody accepts"; what is accepted is an update', async (t) => {
    const files = {
      'server.mjs': `import "./plain.mjs"; import "./hot.mjs"; ${SERVER}`,
      'plain.mjs': '',
      'hot.mjs': 'import.meta.hot.accept()'
    }
    const { write, restarted, run, ask, pid } = await serve(t, { files, args: ['--restart'] })
    write('hot.mjs', 'import.meta.hot.accept(); console.log("hot two")')
    await run.printed(/hot\.mjs updated in/)
    write('plain.mjs', 'syntax error')
    await run.printed(/plain\.mjs: the new version cannot be loaded/, 'stderr')
    assert.equal(await ask('/'), `${pid} one `)
    write('plain.mjs', 'console.log("plain two")')
    await restarted('plain.mjs')
    assert.deepEqual(run.text.stdout.match(/(hot|plain) two$/gm), ['hot two', 'plain two', 'hot two'])
  })

  // [hot 161, 165]
  test('`"hmr": { "restart": true }` does as `--restart`, and a list as `--restart=GLOB`', async (t) => {
    const files = { 'package.json': '{ "hmr": { "restart": true } }', 'data.txt': '1' }
    const { write, restarted } = await serve(t, { files })
    write('server.mjs', `${SERVER}; console.log("two")`)
    await restarted('server.mjs')
    write('package.json', '{ "hmr": { "restart": ["*.txt"] } }')
    await restarted('package.json')
    write('data.txt', '2')
    await restarted('data.txt')
    write('new.txt', '1')
    await restarted('new.txt')
  })

  // [hot 143]
  test('what restarts is not evaluated in the process before, whether it is accepted or not', async (t) => {
    const files = {
      'server.mjs': `import "./once.mjs"; import "./hot.mjs"; ${SERVER}`,
      'once.mjs': 'console.log("once", globalThis.ran); globalThis.ran = true',
      'hot.mjs': 'import.meta.hot.accept(); import "./deep.mjs"',
      'deep.mjs': 'console.log("deep", globalThis.ranDeep); globalThis.ranDeep = true'
    }
    const { write, restarted, run } = await serve(t, { files, args: ['--restart=once.mjs', '--restart=deep.mjs'] })
    for (const file of ['once.mjs', 'deep.mjs']) {
      write(file, `${files[file]};`)
      await restarted(file)
    }
    assert.deepEqual(
      run.text.stdout.match(/^(once|deep) .*$/gm),
      Array(3).fill(['once undefined', 'deep undefined']).flat()
    )
    assert.doesNotMatch(run.text.stdout, /reloaded|updated/)
  })

  // [hot 119]
  test('§7: what throws in a reload is a package: "the command restarts once instead"', async (t) => {
    const files = {
      'node_modules/models/index.js':
        'const known = new Set(); module.exports = (name) => { if (known.has(name)) throw new Error("Cannot overwrite " + name); known.add(name) }',
      'server.mjs': `import model from "models"; model("User"); ${SERVER}`
    }
    const { write, restarted, run, ask, pid } = await serve(t, { files })
    write('server.mjs', `${files['server.mjs']}; console.log("two")`)
    await restarted('server.mjs')
    assert.match(run.text.stderr, /Cannot overwrite User[\s\S]*packages stay loaded[\s\S]*; restarting$/m)
    assert.equal(await ask('/'), `${pid} one `)
    assert.equal(run.text.stdout.match(/restarted in/g).length, 1)
  })

  test('not for a save of the same content', async (t) => {
    const { write, restarted, run } = await serve(t, { options: { env: { HMR_LOG: 'trace' } } })
    // What is saved before that may differ from what was loaded.
    const known = (file) => `(?=[\\s\\S]*contents are known[^\\n]*${file})`
    await run.printed(new RegExp(known('package.json') + known('pkg.index.js')), 'stderr')
    write('package.json', FILES['package.json'])
    write('node_modules/pkg/index.js', FILES['node_modules/pkg/index.js'])
    write('tsconfig.json', '{}')
    await restarted('tsconfig.json')
  })

  // [hot 143]
  test('"once the burst is over": one restart for many files', async (t) => {
    const { file, write, restarted, run } = await serve(t, { options: { env: { HMR_LOG: 'trace' } } })
    fs.rmSync(file('node_modules/pkg'), { recursive: true })
    write('package-lock.json', '{}')
    await run.printed('missing, so packages are being installed', 'stderr')
    await run.printed('missing, so packages are being installed', 'stderr')
    write('node_modules/pkg/package.json', '{ "name": "pkg", "main": "index.js", "version": "2.0.0" }')
    write('node_modules/pkg/index.js', 'module.exports = "two"')
    await restarted('.* and 2 more')
    assert.equal(run.text.stdout.match(/restarted/g).length, 1)
  })

  // [hot 147]
  test('"A version that fails to start is waited for as on a terminal"', async (t) => {
    const { write, restarted, run, ask, pid } = await serve(t)
    write('server.mjs', 'throw new Error("at the start")')
    run.kill('SIGUSR2')
    await run.printed('waiting for a save of server.mjs', 'stderr')
    const waits = ask('/')
    write('server.mjs', SERVER)
    await restarted('server.mjs')
    assert.equal(await waits, `${pid} one `)
  })

  // [hot 147]
  test('a missing file of variables is waited for, since no process starts without it', async (t) => {
    const { file, write, restarted, run, ask, pid } = await serve(t, { args: ['--env-file=words.env'] })
    fs.rmSync(file('words.env'))
    const says = 'no process starts without words.env (--env-file), which is missing: restarting when it is back'
    await run.printed(says, 'stderr')
    assert.equal(await ask('/'), `${pid} one first`)
    run.kill('SIGUSR2')
    await run.printed(says, 'stderr')
    write('words.env', 'WORD=second')
    await restarted('words.env')
    assert.equal(await ask('/'), `${pid} one second`)
  })

  // [hot 147]
  test('the save that mends a start is one outcome, also of a module that has run already', async (t) => {
    const { write, restarted, run, ask, pid } = await serve(t)
    write('lib.mjs', 'export const fails = true')
    write('server.mjs', `import { fails } from './lib.mjs'\nif (fails) throw new Error('at the start')\n${SERVER}`)
    run.kill('SIGUSR2')
    await run.printed('waiting for a save of server.mjs', 'stderr')
    write('lib.mjs', 'export const fails = false')
    await restarted('lib.mjs')
    assert.equal(await ask('/'), `${pid} one `)
    assert.doesNotMatch(run.text.stdout, /lib\.mjs reloaded/)
  })

  // [hot 151]
  test('"Under `register`": one line says what changed and that a restart is needed', async (t) => {
    const { dir, write } = makeFolder(t, { files: { ...FILES, 'tsconfig.json': '{}' } })
    const run = start(t, [process.execPath, '--import', register, 'server.mjs'], { cwd: dir })
    await run.printed(/port/)
    write('package.json', '{ "name": "other" }')
    await run.printed('[hmr] package.json changed: restart the process to take it', 'stderr')
    run.kill('SIGTERM')
    assert.equal((await run.ended()).code, 143)
  })
})

// [hot 150]
test('"`--inspect` comes back on the same port"', { skip }, async (t) => {
  const { run, restarted } = await serve(t, { args: ['--inspect=0'] })
  const url = /Debugger listening on ws:\/\/127\.0\.0\.1:(\d+)\//
  const [, before] = await run.printed(url, 'stderr')
  run.kill('SIGUSR2')
  await restarted('SIGUSR2')
  const [, after] = await run.printed(url, 'stderr')
  assert.equal(after, before)
})
