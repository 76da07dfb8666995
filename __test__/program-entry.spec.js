'use strict'

// A hot module of the classic API as the entry of a program.
const assert = require('node:assert/strict')
const { test } = require('node:test')
const { makeProject, root } = require('./support/project')

const IMPORT = "import { createPersist, createRunner, hmr } from '@upvotr/node-hmr'\n"
const REQUIRE = "const { createPersist, createRunner, hmr } = require('@upvotr/node-hmr')\n"
const MODULE = `hmr(
  createPersist(() => ({ pid: process.pid }), () => console.log('cleaned up')),
  createRunner(({ pid }) => console.log('runs v1', pid === process.pid)))`
const PLAIN = "console.log('plain p1'); setInterval(() => {}, 1000)"

const ENTRIES = {
  'server.ts': `${IMPORT}console.log('evaluated')\nexport default ${MODULE}`,
  'equals.ts': `${IMPORT}console.log('evaluated')\nexport = ${MODULE}`,
  'server.mjs': `${IMPORT}console.log('evaluated')\nexport default ${MODULE}`,
  'server.cjs': `${REQUIRE}console.log('evaluated')\nmodule.exports = ${MODULE}`,
  'server.cts': `${REQUIRE}console.log('evaluated')\nmodule.exports = ${MODULE}`
}

// [hot 13]
for (const [file, text] of Object.entries(ENTRIES))
  for (const [way, start] of [
    ['hmr', (project) => project.hmr([file])],
    ['hmr -f', (project) => project.hmr(['-f', file])],
    ['register', (project) => project.run(['--import', `${root}/register.mjs`, file])]
  ])
    test(`"If what the entry exports is a hot module of the classic API, a runtime takes it": ${way} ${file}`, async (t) => {
      const project = makeProject(t)
      project.write(file, text)
      const { line, lines } = start(project)
      await line('runs v1 true')
      assert.equal(lines.filter((it) => it === 'evaluated').length, 1, '"the file is evaluated once, not twice"')
      project.edit(file, 'v1', 'v2')
      await line('runs v2 true')
      assert.equal(lines.filter((it) => it === 'cleaned up').length, 0)
    })

// [hot 9, 13, 17]
for (const [file, text] of Object.entries(ENTRIES))
  for (const [way, start] of [
    ['hmr -n', (project) => project.hmr(['-n', file])],
    ['HMR_NO_WATCH=1 and hmr', (project) => project.hmr([file], { HMR_NO_WATCH: '1' })],
    [
      'HMR_NO_WATCH=1 and register',
      (project) => project.run(['--import', `${root}/register.mjs`, file], { HMR_NO_WATCH: '1' })
    ]
  ])
    test(`a hot module as the entry runs once, and nothing is watched: ${way} ${file}`, async (t) => {
      const project = makeProject(t)
      project.write(file, text)
      const { lines, ended } = start(project)
      assert.equal(await ended, 0)
      assert.deepEqual(lines, ['evaluated', 'runs v1 true'])
    })

// [hot 9, 17]
test('HMR_NO_WATCH=1 and register: runtimes of the program, and of its workers, watch nothing', async (t) => {
  const project = makeProject(t)
  project.write('a.ts', `${IMPORT}export default hmr(null, createRunner(() => 'a1'))`)
  project.write(
    'index.mjs',
    `import { Worker, isMainThread } from 'node:worker_threads'
     import { HMRRuntime, createRuntime } from '@upvotr/node-hmr'
     console.log(isMainThread, (await createRuntime(import.meta).import('./a.ts')).exports, HMRRuntime.reloadDisabled())
     if (isMainThread) new Worker(new URL(import.meta.url))`
  )
  for (const program of [
    project.run(['--import', `${root}/register.mjs`, 'index.mjs'], { HMR_NO_WATCH: '1' }),
    project.hmr(['-n', 'index.mjs'])
  ]) {
    assert.equal(await program.ended, 0)
    assert.deepEqual(program.lines, ['true a1 true', 'false a1 true'])
  }
})

// [hot 13, 14]
test('a program whose next version is a hot module: a runtime takes it, without another evaluation', async (t) => {
  const project = makeProject(t)
  project.write('server.ts', PLAIN)
  const { line, lines } = project.hmr(['server.ts'])
  await line('plain p1')
  project.write('server.ts', ENTRIES['server.ts'])
  await line('runs v1 true')
  project.edit('server.ts', 'v1', 'v2')
  await line('runs v2 true')
  assert.equal(lines.filter((it) => it === 'evaluated').length, 2, lines.join('\n'))
})

// [hot 14]
test(
  'a hot module whose next version is a plain program: "an entry run by `hmr` is a program"',
  {
    skip: process.platform === 'win32'
  },
  async (t) => {
    const project = makeProject(t)
    project.write('server.ts', ENTRIES['server.ts'])
    const { line } = project.hmr(['-l', 'server.ts'])
    await line('runs v1 true')
    project.write('server.ts', PLAIN)
    await line('cleaned up')
    await line('plain p1')
    await line(/server\.ts restarted in/)
    project.edit('server.ts', 'p1', 'p2')
    await line('plain p2')
  }
)

// [hot 14]
test('with a loader of the user\'s, and in `runtime.import`, "an export that is no hot module stays the error that it was"', async (t) => {
  const project = makeProject(t)
  project.write(
    'loader.cjs',
    'module.exports = Object.assign((file) => require(file), { cache: require.cache, resolve: require.resolve })'
  )
  project.write('server.cjs', 'exports.a = 1')
  project.write(
    'importer.mjs',
    `import { createRuntime } from '@upvotr/node-hmr'
     for (const file of ['./server.cjs', './empty.mjs'])
       await createRuntime(import.meta, false).import(file).catch((error) => console.log(error.name, error.code, error.message))`
  )
  project.write('empty.mjs', '')
  const failed = project.hmr(['-r', './loader.cjs', 'server.cjs'])
  await failed.line('Invalid hot module export for import server.cjs!')
  assert.equal(await failed.ended, 1)
  for (const program of [project.hmr(['-n', 'importer.mjs']), project.run(['importer.mjs'])]) {
    await program.line('TypeError ERR_HMR_INVALID_MODULE Invalid hot module export for import ./server.cjs!')
    await program.line('TypeError ERR_HMR_INVALID_MODULE Invalid hot module export for import ./empty.mjs!')
  }
  const plain = project.hmr(['-n', 'server.cjs'])
  assert.equal(await plain.ended, 0)
  assert.deepEqual(plain.lines, [])
})

// [hot 13, 156]
test('a classic program in CommonJS, renamed to TypeScript with `import` and `export default`, keeps its `createRuntime(require)`', async (t) => {
  const project = makeProject(t)
  project.write(
    'server.ts',
    `import { createPersist, createRunner, createRuntime, hmr } from '@upvotr/node-hmr'
     export default hmr(
       createPersist(() => ({ runtime: createRuntime(require, undefined, { dependencies: true }) })),
       createRunner(async ({ runtime }) => {
         const route = await runtime.import('./route.js')
         console.log('route is', route.exports)
         runtime.on('update', () => console.log('route is', route.exports))
       }, undefined, true))`
  )
  project.write(
    'route.ts',
    `${IMPORT}import { text } from './text'\nexport default hmr(null, createRunner(() => 'r1 ' + text))`
  )
  project.write('text.ts', "export const text: string = 't1'")
  const { line } = project.hmr(['-f', 'server.ts'])
  await line('route is r1 t1')
  project.edit('route.ts', 'r1', 'r2')
  await line('route is r2 t1')
  project.edit('text.ts', 't1', 't2')
  await line('route is r2 t2')
})
