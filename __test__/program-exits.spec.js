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
