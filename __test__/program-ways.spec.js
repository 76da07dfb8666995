// The ways to run a program: the same behaviour, options of `register`, signals, how long it lives, what is hot in it.
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { describe, test } = require('node:test')
const { pathToFileURL } = require('node:url')
const { makeFolder } = require('./support/files')
const { hmr, root, start } = require('./support/process')

const register = pathToFileURL(path.join(root, 'register.mjs')).href
const MODULE = '{ "type": "module" }'

/** The ways to run a program that watch, each with logging. */
const WAYS = {
  'hmr file': (t, file, options) => hmr(t, ['-l', file], options),
  'hmr -f file': (t, file, options) => hmr(t, ['-l', '-f', file], options),
  register: (t, file, { env, ...options }) =>
    start(t, [process.execPath, '--import', register, file], { ...options, env: { HMR_LOGGING: '1', ...env } }),
  NODE_OPTIONS: (t, file, { env, ...options }) =>
    start(t, [process.execPath, file], {
      ...options,
      env: { HMR_LOGGING: '1', NODE_OPTIONS: `--import=${register}`, ...env }
    })
}

function begin(t, way, files, { file = 'main.ts', env } = {}) {
  const folder = makeFolder(t, { files: { 'package.json': MODULE, ...files } })
  return { ...folder, run: WAYS[way](t, file, { cwd: folder.dir, env }) }
}

const STAYS = 'setInterval(() => {}, 1000)'

// [hot 7, 8, 21]
describe('"The same program, the same behaviour": what is reached by `import`, `import()` and `require` is hot', () => {
  const version = (n) => `export const n: number = ${n}`
  const files = {
    'main.ts': `
      import { createRequire } from 'node:module'
      import { n as one } from './one.ts'
      import { isHot } from 'dep'
      const { n: two } = await import('./two.ts')
      const { n: three } = createRequire(import.meta.url)('./three.cts')
      console.log('now', one, two, three, typeof import.meta.hot, isHot)
      ${STAYS}`,
    'one.ts': version(0),
    'two.ts': version(0),
    'three.cts': 'const { n } = require("./four.cjs"); exports.n = n as number',
    'four.cjs': 'exports.n = 0',
    'node_modules/dep/package.json': '{ "type": "module", "exports": "./index.js" }',
    'node_modules/dep/index.js': 'export const isHot = import.meta.hot !== undefined'
  }
  for (const way of Object.keys(WAYS))
    test(way, async (t) => {
      const { run, write } = begin(t, way, files)
      await run.printed('now 0 0 0 object false')
      write('one.ts', version(1))
      await run.printed('now 1 0 0 object false')
      await run.printed('one.ts reloaded in')
      write('two.ts', version(2))
      await run.printed('now 1 2 0 object false')
      await run.printed('two.ts reloaded in')
      write('four.cjs', 'exports.n = 3')
      await run.printed('now 1 2 3 object false')
      await run.printed('four.cjs reloaded in')
    })
})

// [hot 22]
test('"Packages linked into `node_modules` (workspaces) are local, by their real path"', async (t) => {
  const { dir, write } = makeFolder(t, {
    files: {
      'app/package.json': MODULE,
      'app/main.ts': `import { text } from '@scope/lib'; console.log('text', text); ${STAYS}`,
      'packages/lib/package.json': '{ "name": "@scope/lib", "type": "module", "exports": "./src/index.ts" }',
      'packages/lib/src/index.ts': 'export { text } from "./text.ts"; console.log(import.meta.filename)',
      'packages/lib/src/text.ts': 'export const text: string = "one"'
    }
  })
  fs.mkdirSync(path.join(dir, 'app/node_modules/@scope'), { recursive: true })
  fs.symlinkSync(path.join(dir, 'packages/lib'), path.join(dir, 'app/node_modules/@scope/lib'), 'junction')
  const run = hmr(t, ['-l', 'main.ts'], { cwd: path.join(dir, 'app') })
  await run.printed(path.join(dir, 'packages/lib/src/index.ts'))
  await run.printed('text one')
  await run.printed('its saves are taken')
  write('packages/lib/src/text.ts', 'export const text: string = "two"')
  await run.printed('text two')
})

// [hot 9]
describe('"Options of `register` come from package.json\'s `hmr` and from …"', () => {
  const files = {
    'main.ts': `import './cold.mjs'; import { n } from './n.ts'; console.log('n', n); ${STAYS}`,
    'n.ts': 'export const n = 1',
    'cold.mjs': 'console.log("cold", import.meta.hot)'
  }

  test('package.json, and no log lines without `HMR_LOGGING=1`', async (t) => {
    const { run, write } = begin(
      t,
      'register',
      { ...files, 'package.json': '{ "type": "module", "hmr": { "ignore": ["cold.*"] } }' },
      { env: { HMR_LOGGING: undefined } }
    )
    await run.printed('cold undefined\nn 1')
    write('n.ts', 'export const n = 2')
    await run.printed('n 2')
    write('n.ts', 'export const n = 3')
    await run.printed('n 3')
    assert.equal(run.text.stdout + run.text.stderr, 'cold undefined\nn 1\nn 2\nn 3\n')
  })

  test('`HMR_POLLING`', async (t) => {
    const { run, write } = begin(t, 'register', files, { env: { HMR_POLLING: '20' } })
    await run.printed('n 1')
    write('n.ts', 'export const n = 20')
    await run.printed('n 20')
    await run.printed('n.ts reloaded in')
  })

  test('`HMR_LOG`', async (t) => {
    const { run, write } = begin(t, 'register', files, { env: { HMR_LOG: 'trace' } })
    await run.printed('n 1')
    write('n.ts', 'export const n = 2')
    await run.printed('n 2')
    await run.printed(/n\.ts/, 'stderr')
  })

  test('`HMR_NO_WATCH=1`', async (t) => {
    const { run } = begin(t, 'register', { 'main.ts': 'console.log(import.meta.hot)' }, { env: { HMR_NO_WATCH: '1' } })
    assert.equal((await run.ended()).stdout, 'undefined\n')
  })
})

// [hot 12, 144]
describe('"SIGINT and SIGTERM run disposers and the classic cleanups, SIGHUP too"', () => {
  const program = `
    import './other.ts'
    import.meta.hot!.dispose(async () => { await null; console.log('disposed main') })
    ${STAYS}
    console.log('ready')`
  const files = { 'main.ts': program, 'other.ts': 'import.meta.hot!.dispose(() => console.log("disposed other"))' }
  for (const way of ['hmr file', 'register'])
    for (const [signal, code] of Object.entries({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 })) {
      test(`${way}: ${signal}`, async (t) => {
        const { run } = begin(t, way, files)
        await run.printed('ready')
        run.kill(signal)
        const ended = await run.ended()
        assert.deepEqual([ended.code, ended.stderr], [code, ''])
        assert.match(ended.stdout, /ready\n(.*\n)?disposed main\ndisposed other\n/)
      })

      test(`${way}: "a program's own listener for a signal decides" (${signal})`, async (t) => {
        const own = `process.on('${signal}', () => { console.log(new Error('own').stack); process.exit(7) }); ${program}`
        const { run } = begin(t, way, { ...files, 'main.ts': own })
        await run.printed('ready')
        run.kill(signal)
        assert.equal((await run.ended()).code, 7)
        assert.match(run.text.stdout, /own\n {4}at .*main\.ts:1/)
        assert.doesNotMatch(run.text.stdout, /bin/)
      })

      test(`${way}: a listener that closes the server ends the program (${signal})`, async (t) => {
        const server = (text) => `
          import http from 'node:http'
          const server = http.createServer().listen(0, () => console.log('${text}'))
          process.on('${signal}', () => server.close(() => console.log('closed')))`
        const { run, write } = begin(t, way, { 'main.ts': server('one') })
        await run.printed('one')
        write('main.ts', server('two'))
        await run.printed('two')
        await run.printed('main.ts reloaded')
        run.kill(signal)
        const { code, stdout, stderr } = await run.ended()
        assert.deepEqual([code, stderr], [0, ''])
        assert.match(stdout, /closed\n$/)
      })
    }

  // [hot 17]
  test('"kept alive by the watches until Ctrl-C", also for a program with a listener of its own', async (t) => {
    const { run } = begin(t, 'hmr file', { 'main.ts': 'process.on("SIGINT", () => console.log("own"))' })
    await run.printed('waiting for changes', 'stderr')
    run.kill('SIGINT')
    const { code, stdout } = await run.ended()
    assert.equal(code, 0)
    assert.match(stdout, /own\n$/)
  })
})

// [hot 17]
test('"Everything else (`-n`, `register`, workers, forks) lives as long as under node"', async (t) => {
  const files = {
    'package.json': MODULE,
    'main.ts': `
      import { fork } from 'node:child_process'
      import { Worker } from 'node:worker_threads'
      if (process.argv[2]) console.log('child')
      else {
        await new Promise((resolve) => fork('./main.ts', ['child']).on('exit', resolve))
        await new Promise((resolve) => new Worker(new URL('./worker.ts', import.meta.url)).on('exit', resolve))
        console.log('over')
      }`,
    'worker.ts': 'console.log("worker" as string)'
  }
  const { dir } = makeFolder(t, { files })
  for (const command of [
    [process.execPath, '--import', register, 'main.ts'],
    [process.execPath, path.join(root, 'bin/hmr.js'), '-n', 'main.ts']
  ]) {
    const { code, stdout, stderr } = await start(t, command, { cwd: dir }).ended()
    assert.deepEqual([code, stdout, stderr], [0, 'child\nworker\nover\n', ''])
  }
})
