'use strict'

// Runtimes made with `import.meta`, a URL or a path: what they are made with, what they take, and that no loader is needed.

const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { pathToFileURL } = require('node:url')
const { assert, ContentWatcher, createRuntime, FSWatcher, HMRRuntime, nextUpdate, scenario } = require('./support')
const { start } = require('./support/process')
const { makeProject } = require('./support/project')

const hot = (value) =>
  `import { createRunner, hmr } from '@upvotr/node-hmr'\nexport default hmr(null, createRunner(() => ${value}))\n`

// [hot 152]
test('"`createRuntime(import.meta)`, `createRuntime(import.meta.url)` and `createRuntime(__filename)`", a URL too, with `new`', async (t) => {
  const it = scenario(t, 'circle')
  it.edit('routes/a.ts', hot('"a" as string'))
  const url = pathToFileURL(it.file('index.mjs'))
  for (const base of [{ url: url.href }, url.href, url, it.file('index.mjs')]) {
    const runtimes = [
      createRuntime(base, false),
      new createRuntime(base, new FSWatcher(base)),
      new HMRRuntime(new ContentWatcher(base), base)
    ]
    for (const runtime of runtimes) {
      assert.equal((await runtime.import('./routes/a.ts')).exports, 'a')
      runtime.closeAll()
    }
  }
  for (const wrong of ['index.mjs', './index.mjs', 'https://localhost/a.mjs', { url: 1 }, {}])
    assert.throws(() => createRuntime(wrong), { code: 'ERR_HMR_ARGUMENT' })
})

// [hot 153]
test('"No loader, no flag, no `register`: `node index.mjs` with `runtime.import("./routes.ts")` works"', async (t) => {
  const project = makeProject(t)
  project.write('package.json', '{ "type": "module" }')
  project.write('tsconfig.json', '{ "compilerOptions": { "paths": { "~/*": ["./lib/*"] } } }')
  project.write('lib/text.ts', "export enum Text { one = 'first' }")
  project.write('routes.ts', `import { Text } from '~/text'\n${hot('Text.one')}`)
  project.write(
    'index.mjs',
    `import { createRuntime } from '@upvotr/node-hmr'
     const runtime = createRuntime(import.meta)
     const routes = await runtime.import('./routes.ts')
     console.log('runs', routes.exports)
     runtime.on('update', (id) => console.log(id, routes.exports))`
  )
  const program = project.run(['index.mjs'])
  await program.line('runs first')
  project.edit('lib/text.ts', 'first', 'second')
  await program.line('./routes.ts second')
  project.edit('routes.ts', 'Text.one', 'Text.one + "!"')
  await program.line('./routes.ts second!')
  assert.deepEqual(program.lines.length, 3, program.lines.join('\n'))
})

test('real saves of the hot module, of what it imports, and through a symbolic link', async (t) => {
  const it = scenario(t, 'circle')
  it.edit('real/a.mjs', `import { text } from './text.mjs'\n${hot('text')}`)
  it.edit('real/text.mjs', "export const text = 'one'")
  fs.symlinkSync(it.file('real/a.mjs'), it.file('link.mjs'))
  const runtime = createRuntime(it.file('index.mjs'))
  t.after(() => runtime.closeAll())
  const module = await runtime.import('./link.mjs')
  assert.equal(module.exports, 'one')
  for (const [file, text, expected] of [
    ['real/text.mjs', "export const text = 'two'", 'two'],
    ['real/a.mjs', hot('"three"'), 'three']
  ]) {
    const updated = nextUpdate(runtime, './link.mjs')
    it.edit(file, text)
    await updated
    assert.equal(module.exports, expected)
  }
})

// [hot 32, 152]
test('"ids are resolved as in §3": conditions of Node\'s command line, without `register`', async (t) => {
  const folder = scenario(t, 'circle')
  folder.edit('node_modules/pk/package.json', '{ "exports": { "special": "./special.js", "default": "./default.js" } }')
  folder.edit('node_modules/pk/special.js', 'module.exports = "special"')
  folder.edit('node_modules/pk/default.js', 'module.exports = "default"')
  folder.edit('asks.mjs', hot('pk').replace('import', "import pk from 'pk'\nimport"))
  folder.edit(
    'start.mjs',
    `import { createRuntime } from '@upvotr/node-hmr'
     console.log((await createRuntime(import.meta, false).import('./asks')).exports)`
  )
  for (const [options, env, expected] of [
    [[], {}, 'default'],
    [['--conditions=special'], {}, 'special'],
    [['-C', 'special'], {}, 'special'],
    [[], { NODE_OPTIONS: '--conditions=special' }, 'special']
  ]) {
    const program = start(t, [process.execPath, ...options, 'start.mjs'], { cwd: folder.dir, env })
    assert.equal((await program.ended()).stdout, `${expected}\n`)
  }
})

// [hot 37, 152]
test('"ids are resolved as in §3": "a query or hash is a module instance of its own"', async (t) => {
  const it = scenario(t, 'circle')
  it.edit('once.mjs', hot('[import.meta.url.split("/").pop(), 1]'))
  const runtime = createRuntime(it.file('index.mjs'))
  t.after(() => runtime.closeAll())
  const ids = ['./once.mjs', './once?x=1', './once.mjs#y']
  const modules = await Promise.all(ids.map((id) => runtime.import(id)))
  assert.deepEqual(
    modules.map((module) => module.exports),
    ids.map(() => ['once.mjs', 1])
  )
  const updated = Promise.all(ids.map((id) => nextUpdate(runtime, id)))
  it.edit('once.mjs', hot('[import.meta.url.split("/").pop(), 2]'))
  await updated
  assert.deepEqual(
    modules.map((module) => module.exports[1]),
    [2, 2, 2]
  )
})

// [hot 152]
test('"with the hot module as `default` export (or `module.exports`)": of every kind', async (t) => {
  const it = scenario(t, 'circle')
  const required = "const { createRunner, hmr } = require('@upvotr/node-hmr')\n"
  const kinds = {
    'a.mjs': hot('1'),
    'b.js': hot('2'),
    'c.cjs': `${required}module.exports = hmr(null, createRunner(() => 3))`,
    'd.js': `${required}module.exports = hmr(null, createRunner(() => 4))`,
    'e.ts': hot('5 satisfies number'),
    'f.cts': `import h = require('@upvotr/node-hmr')\nexport = h.hmr(null, h.createRunner((): number => 6))`,
    'g.cjs': `${required}exports.__esModule = true; exports.default = hmr(null, createRunner(() => 7))`,
    'h.mts': `import { createRunner, hmr } from '@upvotr/node-hmr'\nconst it = hmr(null, createRunner(() => 8))\nexport { it as "module.exports" }`,
    'i.ts': `import { createRunner, hmr } from '@upvotr/node-hmr'\nexport = hmr(null, createRunner((): number => 9))`
  }
  const runtime = createRuntime(it.file('index.mjs'), false)
  for (const [index, [name, text]] of Object.entries(kinds).entries()) {
    it.edit(name, text)
    assert.equal((await runtime.import(`./${name}`)).exports, index + 1, name)
  }
  it.edit('none.mjs', 'export const a = 1')
  await assert.rejects(runtime.import('./none.mjs'), {
    code: 'ERR_HMR_INVALID_MODULE',
    message: 'Invalid hot module export for import ./none.mjs!'
  })
  await assert.rejects(runtime.import('./absent.mjs'), { code: 'ERR_MODULE_NOT_FOUND' })
})

test('a file may change its kind between versions', async (t) => {
  const it = scenario(t, 'circle')
  it.edit('a.js', hot('"ES"'))
  const runtime = createRuntime(it.file('index.mjs'))
  t.after(() => runtime.closeAll())
  const module = await runtime.import('./a.js')
  const required = "const { createRunner, hmr } = require('@upvotr/node-hmr')\n"
  for (const [text, expected] of [
    [`${required}module.exports = hmr(null, createRunner(() => 'CommonJS'))`, 'CommonJS'],
    [hot('"ES again"'), 'ES again']
  ]) {
    const updated = nextUpdate(runtime, './a.js')
    it.edit('a.js', text)
    await updated
    assert.equal(module.exports, expected)
  }
})

for (const [name, args, follows] of [
  ['plainly', [], false],
  ['with `--dependencies`', ['--dependencies'], true]
]) {
  test(`\`hmr -f server.ts\` with a hot module as its entry, ${name}: evaluated once, a runtime takes it`, async (t) => {
    const project = makeProject(t)
    project.write('lib/text.ts', "console.log('text is evaluated'); export const text: string = 'one'")
    project.write(
      'server.ts',
      `import { createPersist, createRunner, hmr } from '@upvotr/node-hmr'
       import { text } from './lib/text'
       console.log('server is evaluated')
       let made = 0
       export default hmr(createPersist(() => ({ n: ++made })), createRunner(({ n }) => console.log('runs', n, text, 'v1')))`
    )
    const program = project.hmr(['-f', 'server.ts', ...args])
    await program.line('runs 1 one v1')
    const evaluations = program.lines.filter((line) => line.includes('is evaluated'))
    assert.deepEqual(evaluations, ['text is evaluated', 'server is evaluated'])
    project.edit('server.ts', 'v1', 'v2')
    await program.line('runs 1 one v2')
    project.edit('lib/text.ts', 'one', 'two')
    if (follows) return program.line('runs 1 two v2')
    project.edit('server.ts', 'v2', 'v3')
    await program.line('runs 1 one v3')
  })
}
