'use strict'
// Exits of versions that have not come up, by whatever code: they fail the version, and the process goes on.
const path = require('node:path')
const assert = require('node:assert/strict')
const { describe, test } = require('node:test')
const { pathToFileURL } = require('node:url')
const { makeFolder } = require('./support/files')
const { hmr, root, start } = require('./support/process')

const register = pathToFileURL(path.join(root, 'register.mjs')).href
const WAYS = {
  'hmr -l': (t, cwd) => hmr(t, ['-l', 'main.mjs'], { cwd }),
  register: (t, cwd) =>
    start(t, [process.execPath, '--import', register, 'main.mjs'], { cwd, env: { HMR_LOGGING: '1' } })
}
/** A package that checks the environment, and exits if that is wrong. */
const CHECKS = {
  'node_modules/checks/package.json': '{ "name": "checks", "main": "index.js" }',
  'node_modules/checks/index.js': 'exports.check = () => process.exit(3); exports.abort = () => process.abort()'
}
const IMPORT = "import { check, abort } from 'checks'"

const version = (n, code = '') => `${IMPORT}; console.log('now ${n}'); setInterval(() => {}, 1000); ${code}`

async function begin(t, way, code) {
  const folder = makeFolder(t, { files: { ...CHECKS, 'go.txt': '', 'main.mjs': version(1, code) } })
  const program = WAYS[way](t, folder.dir)
  await program.printed('now 1')
  return { ...folder, program, save: (n, more) => folder.write('main.mjs', version(n, more)) }
}

/** The version that `save` saved fails, and the next one is taken, in the same process. */
async function fails({ program, save }) {
  await program.printed('kept its last good version')
  save(3, "console.log('process', process.pid)")
  await program.printed(`now 3\nprocess ${program.child.pid}`)
  await program.printed(/reloaded in/)
}

for (const way of Object.keys(WAYS))
  describe(way, () => {
    // [hot 122]
    for (const [name, code] of Object.entries({
      'at once': 'check()',
      'after an await': 'await 1; check()',
      'in a tick': 'process.nextTick(check)'
    }))
      test(`a package exits ${name}: the version has failed, and no package has thrown`, async (t) => {
        const it = await begin(t, way)
        it.save(2, code)
        await fails(it)
        assert.doesNotMatch(it.program.text.stderr, /packages stay/)
      })

    for (const [name, code] of Object.entries({
      'at once': 'process.abort()',
      'in a package, after an exit was caught': 'try { check() } catch { abort() }',
      'in a listener for its exception': `process.on('uncaughtException', () => process.abort())
        setImmediate(() => { throw new Error('late') })`
    }))
      test(`a version aborts ${name}: it has failed`, async (t) => {
        const it = await begin(t, way)
        it.save(2, code)
        await fails(it)
      })

    test('an abort of the version that runs ends the process, as under node', async (t) => {
      const watches = "import.meta.hot.watch('./go.txt', () => setImmediate(abort)); console.log('watches')"
      const it = await begin(t, way, watches)
      await it.program.printed('watches')
      it.write('go.txt', 'go')
      const { signal } = await it.program.ended()
      assert.equal(signal, 'SIGABRT')
    })
  })

// [hot 127]
for (const way of Object.keys(WAYS))
  describe(`${way}: a server that a reload has closed; what ends the process then is left out and said`, () => {
    const server = (n, port, more = '') => `import http from 'node:http'
      const server = http.createServer((request, response) => response.end('${n}'))
      server.listen(${port}, '127.0.0.1', () => console.log('up ${n} ' + server.address().port))
      ${more}`
    const ends = "server.on('close', () => process.exit(0))"
    for (const [name, first, second] of [
      ['taken over', server(1, 0, ends), server(2, 0, ends)],
      ['not asked for again', server(1, 0, ends), server(2, 0).replace("'127.0.0.1'", "'127.0.0.2'")],
      ['of a version that has failed', server(1, 0), server(2, 0, `${ends}; setImmediate(() => process.exit(1))`)]
    ])
      test(name, async (t) => {
        const folder = makeFolder(t, { files: { 'main.mjs': first } })
        const run = WAYS[way](t, folder.dir)
        await run.printed('up 1')
        folder.write('main.mjs', second)
        await run.printed(/^\[hmr\] main\.mjs: process\.exit\(0\) since a server was closed is left out/m, 'stderr')
        folder.write('main.mjs', server(3, 0))
        await run.printed('up 3')
      })
  })

const skip = process.platform === 'win32' && 'the system lets no other image take the place of a process'

describe('after a restart, "a version that fails to start is waited for as on a terminal"', { skip }, () => {
  const SERVER = `import http from 'node:http'
    http.createServer().listen(0, '127.0.0.1', () => console.log('up'))`
  // [hot 147]
  for (const [name, code] of Object.entries({
    'at once': 'process.exit(1)',
    'in a package': 'check()',
    'in what catches a rejection': "(async () => { await 1; throw new Error('no') })().catch(() => process.exit(1))",
    'beside a top-level await that never settles': 'setTimeout(() => process.exit(1), 5); await new Promise(() => {})',
    'after its evaluation, before it listens': 'setTimeout(() => process.exit(1), 50)',
    'by an abort': 'process.abort()',
    'in a listener for what it throws at once': `process.on('uncaughtException', () => process.exit(1))
      throw new Error('no')`,
    'in a listener for what it throws later': `process.on('uncaughtException', () => process.exit(1))
      setTimeout(() => { throw new Error('no') }, 5)`,
    'again and again': 'setInterval(() => process.exit(1), 5)'
  }))
    test(`it exits ${name}`, async (t) => {
      const folder = makeFolder(t, { files: { ...CHECKS, 'main.mjs': SERVER } })
      const run = hmr(t, ['-l', '--restart', 'main.mjs'], { cwd: folder.dir })
      await run.printed('up')
      folder.write('main.mjs', `${IMPORT}; ${code}`)
      await run.printed('main.mjs: cannot be started', 'stderr')
      await run.printed('waiting for a save of main.mjs', 'stderr')
      folder.write('main.mjs', `${SERVER}; console.log('process', process.pid)`)
      await run.printed(`process ${run.child.pid}`)
      await run.printed('up')
      assert.equal(run.text.stderr.match(/cannot be started/g).length, 1, run.text.stderr)
    })

  test('an exit with 0 while it starts, or with another code once it listens, ends the process', async (t) => {
    for (const [code, expected] of [
      ['process.exit(0)', 0],
      [`${SERVER.replace("console.log('up')", 'setImmediate(() => process.exit(4))')}`, 4]
    ]) {
      const folder = makeFolder(t, { files: { ...CHECKS, 'main.mjs': SERVER } })
      const run = hmr(t, ['-l', '--restart', 'main.mjs'], { cwd: folder.dir })
      await run.printed('up')
      folder.write('main.mjs', code)
      assert.equal((await run.ended()).code, expected)
    }
  })
})
