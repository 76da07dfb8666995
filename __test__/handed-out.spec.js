// "updated" must be true: a loader that hands out what it has is asked in another way, or the truth is told.
'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { createRequire } = require('node:module')
const path = require('node:path')
const test = require('node:test')

const {
  createPersist,
  createRunner,
  createRuntime,
  hmr,
  nextUpdate,
  captureConsole,
  turn,
  ManualWatcher
} = require('./support')
const { makeProject } = require('./support/project')

const LOADER = `const createJiti = require("jiti");
const { synthetic } = require("@upvotr/node-hmr");
const jiti = createJiti(__filename);
module.exports = synthetic((path) => jiti(path).default, require, jiti.cache);`

const LOADERS = ['jiti', 'jiti-1']
const REQUIRES_ESM = Boolean(process.features.require_module)

function underLoader(t, installed) {
  const project = makeProject(t, { jiti: installed })
  project.write('loader.js', LOADER)
  return project
}

for (const loader of LOADERS) {
  test(`a nested runtime whose module ${loader} loaded takes each edit`, async (t) => {
    const project = underLoader(t, loader)
    project.write(
      'main.ts',
      `import { createPersist, createRunner, createRuntime, hmr } from "@upvotr/node-hmr";
       export default hmr(
         createPersist(() => ({ runtime: createRuntime(require), heard: false })),
         createRunner(async (values: any) => {
           const b = await values.runtime.import("./b");
           console.log("main has", b.exports);
           if (!values.heard) values.runtime.on("update", () => console.log("now", b.exports));
           values.heard = true;
         }, undefined, true)
       );`
    )
    project.write(
      'b.ts',
      'import { createRunner, hmr } from "@upvotr/node-hmr"; export default hmr(null, createRunner((): string => "v1"));'
    )
    const program = project.hmr(['-l', '-r', 'loader.js', '-f', 'main.ts'])
    await program.line('main has v1')
    for (const [before, after] of [
      ['v1', 'v2'],
      ['v2', 'v3']
    ]) {
      project.edit('b.ts', before, after)
      await program.line(`now ${after}`)
    }
    project.edit('main.ts', 'main has', 'main still has')
    await program.line('main still has v3')
    project.edit('b.ts', 'v3', 'v1')
    await program.line('now v1')
  })

  test(`what a module under ${loader} imports is followed, also once it is loaded`, async (t) => {
    const project = underLoader(t, loader)
    project.write(
      'main.ts',
      `import { createRunner, hmr } from "@upvotr/node-hmr";
       import { dep } from "./dep"; import { mid } from "./mid";
       export default hmr(null, createRunner(() => console.log("first", dep, mid)));`
    )
    project.write('dep.ts', 'export const dep: string = "d1"')
    project.write('mid.ts', 'import { dep } from "./dep"; export const mid: string = "m1" + dep')
    const program = project.hmr(['-l', '--dependencies', '-r', 'loader.js', '-f', 'main.ts'])
    await program.line('first d1 m1d1')
    project.edit('main.ts', 'first', 'second')
    await program.line('second d1 m1d1')
    project.edit('dep.ts', 'd1', 'd2')
    await program.line('second d2 m1d2')
    project.edit('mid.ts', 'm1', 'm2')
    await program.line('second d2 m2d2')
    project.edit('dep.ts', 'd2', 'd3')
    await program.line('second d3 m2d3')
  })
}

test('a nested runtime without a loader above takes each edit of a module that jiti loaded', async (t) => {
  const project = makeProject(t, { jiti: 'jiti' })
  project.write(
    'main.ts',
    `import { ManualWatcher } from "./watcher"; import { createRuntime } from "@upvotr/node-hmr";
     export const watcher = new ManualWatcher(); export const runtime = createRuntime(require, watcher as any);`
  )
  fs.copyFileSync(path.join(__dirname, 'support/manual-watcher.js'), path.join(project.folder, 'watcher.js'))
  project.edit('watcher.js', '../..', '@upvotr/node-hmr')
  const hot = (version) =>
    `import { createRunner, hmr } from "@upvotr/node-hmr"; export default hmr(null, createRunner(() => "${version}"))`
  project.write('b.ts', hot('v1'))
  const { runtime, watcher } = require('jiti')(path.join(project.folder, 'index.js'))('./main.ts')
  const b = await runtime.import('./b')
  for (const version of ['v2', 'v3']) {
    project.write('b.ts', hot(version))
    watcher.tell('./b')
    assert.equal(b.exports, version)
  }
})

for (const [what, text] of [
  ['the same hot module', 'module.exports = made'],
  ['a new one of the same parts', 'module.exports = { persist: made.persist, runner: made.runner }']
]) {
  test(`a file that exports ${what} of elsewhere at each evaluation runs at each`, async (t) => {
    const project = makeProject(t)
    let runs = 0
    globalThis.made = hmr(
      createPersist(),
      createRunner(() => ++runs)
    )
    t.after(() => delete globalThis.made)
    project.write('hot.js', text)
    const watcher = new ManualWatcher()
    const runtime = createRuntime(createRequire(path.join(project.folder, 'index.js')), watcher)
    const it = await runtime.import('./hot.js')
    const printed = captureConsole(t)
    for (const n of [2, 3]) {
      const updated = nextUpdate(runtime, './hot.js')
      watcher.tell('./hot.js')
      await updated
      assert.equal(it.exports, n)
    }
    assert.deepEqual(printed.lines, [])
  })
}

test('a hot module that is an ES module is not said to be updated', { skip: !REQUIRES_ESM }, async (t) => {
  const project = makeProject(t)
  const hot = (version) =>
    `import { createRunner, hmr } from "@upvotr/node-hmr"; const m = hmr(null, createRunner(() => "${version}")); export { m as "module.exports" }`
  project.write('hot.mjs', hot(1))
  const watcher = new ManualWatcher()
  const runtime = createRuntime(createRequire(path.join(project.folder, 'index.js')), watcher)
  const { exports } = await runtime.import('./hot.mjs')
  const printed = captureConsole(t)
  let updates = 0
  runtime.on('update', () => updates++)
  project.write('hot.mjs', hot(2))
  watcher.tell('./hot.mjs')
  await turn()
  assert.equal(exports, '1')
  assert.equal(updates, 0)
  assert.deepEqual(
    printed.lines.map(({ method }) => method),
    ['warn']
  )
  assert.match(printed.lines[0].text, /^\[hmr\] \.\/hot\.mjs changed, .* Node never forgets an ES module: .*CommonJS/)
})

test('what Node’s loader of ES modules requires is not said to be updated', async (t) => {
  const project = makeProject(t)
  const hot = (version) =>
    `const { createRunner, hmr } = require("@upvotr/node-hmr"); module.exports = hmr(null, createRunner(() => "${version}"))`
  project.write('hot.js', hot(1))
  project.write(
    'main.js',
    `const { createRuntime, HMRRuntime } = require("@upvotr/node-hmr")
     HMRRuntime.setLogging(true)
     createRuntime(require).import("./hot.js").then(() => console.log("imported"))`
  )
  const load = `import fs from "node:fs"
    export async function load(url, context, next) {
      const loaded = await next(url, context)
      if (loaded.format === "commonjs" && url.startsWith("file:")) loaded.source ??= fs.readFileSync(new URL(url))
      return loaded
    }`
  project.write(
    'hook.mjs',
    `import { register } from "node:module"; register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(load)}`)})`
  )
  const program = project.run(['--import', './hook.mjs', 'main.js'])
  await program.line('imported')
  project.write('hot.js', hot(2))
  const line = await program.line(/hot\.js (changed|updated)/)
  assert.match(line, /hot\.js changed, and what it exports is the very hot module of before/)
})

test(
  'a dependency that is an ES module is followed, and its edit not said to be an update',
  {
    skip: !REQUIRES_ESM
  },
  async (t) => {
    const project = makeProject(t)
    project.write('package.json', '{ "type": "module" }')
    project.write('fmt.js', 'export const fmt = "f1"')
    project.write('other.mjs', 'export const other = "o1"')
    project.write('plain.cjs', 'module.exports = "p1"')
    project.write('mid.cjs', 'module.exports = require("./fmt.js")')
    project.write(
      'server.cjs',
      `const { createRunner, hmr } = require("@upvotr/node-hmr");
     const parts = [require("./mid.cjs").fmt, require("./other.mjs").other, require("./plain.cjs")];
     module.exports = hmr(null, createRunner(() => parts.join(" ")));`
    )
    const file = (name) => path.join(project.folder, name)
    const watcher = new ManualWatcher()
    const runtime = createRuntime(createRequire(file('index.cjs')), watcher, { dependencies: true })
    const server = await runtime.import('./server.cjs')
    assert.deepEqual(
      runtime.dependencies('./server.cjs').sort(),
      ['fmt.js', 'mid.cjs', 'other.mjs', 'plain.cjs'].map(file)
    )
    const printed = captureConsole(t)
    for (const name of ['fmt.js', 'other.mjs']) {
      project.edit(name, '1', '2')
      watcher.tell(file(name))
      await turn()
      assert.match(printed.taken().at(0)?.text, new RegExp(`${name} changed, .*Node never forgets an ES module`))
    }
    assert.equal(server.exports, 'f1 o1 p1')

    // Another save, of what can be taken, is taken.
    const updated = nextUpdate(runtime, './server.cjs')
    project.edit('plain.cjs', 'p1', 'p2')
    watcher.tell(file('plain.cjs'))
    await updated
    assert.equal(server.exports, 'f1 o1 p2')
    assert.deepEqual(printed.lines, [])
  }
)
