'use strict'
// Hot modules as code outside sees them, and what a program says when it fails.
const assert = require('node:assert/strict')
const path = require('node:path')
const { describe, test } = require('node:test')
const { pathToFileURL } = require('node:url')
const { makeFolder } = require('./support/files')
const { start, hmr, root } = require('./support/process')

const register = pathToFileURL(path.join(root, 'register.mjs')).href

function run(t, files, entry) {
  const { dir } = makeFolder(t, { files })
  return start(t, [process.execPath, '--import', register, entry], { cwd: dir }).ended()
}

const PACKAGE = {
  'node_modules/pkg/package.json': '{ "name": "pkg", "type": "module", "exports": "./index.js" }',
  'node_modules/pkg/index.js': 'export const load = (url) => import(url)'
}

// [hot 29, 33]
test('"a package that `import()`s the user\'s config", by the name that it has once it is compiled', async (t) => {
  const files = {
    ...PACKAGE,
    'package.json': '{ "type": "module" }',
    'main.ts': `import { load } from 'pkg'
      const { name } = await load(new URL('./config.js', import.meta.url).href)
      console.log(name, name === (await import('./config.ts')).name)
      console.log((await load(new URL('./missing.js', import.meta.url).href).catch((error) => error)).code)`,
    'config.ts': 'export const name: object = { toString: () => "config" }'
  }
  const { stdout, stderr } = await run(t, files, 'main.ts')
  assert.equal(stderr, '')
  assert.match(stdout, /true\nERR_MODULE_NOT_FOUND\n$/)
})

// [hot 30]
test('"its bindings are live there too": whatever a function assigns, also through re-exports', async (t) => {
  const { code, stdout, stderr } = await run(
    t,
    {
      ...PACKAGE,
      'main.mjs': `
        import { load } from "pkg";
        import * as own from "./values.mjs";
        const out = await load(new URL("./index.mjs", import.meta.url).href);
        const show = () => console.log(out.n, out.renamed, out.deep, out.f(), new out.C().v, own.n === out.n);
        show();
        for (const name of ["raise", "loops", "destructure", "functions", "deeper"]) { own[name](); show(); }
        console.log(JSON.stringify(own.results()));`,
      'index.mjs': 'export * from "./values.mjs"; export { n as renamed } from "./values.mjs"',
      'values.mjs': `
        export let n = 0, deep = 0
        export function f() { return "f" }
        export class C { v = 1 }
        export function raise() { n++; ++n; n += 10; return n }
        export function loops() {
          for (n of [1, 2, 33]) ;
          for (n in { a: 1 }) continue
          for (const [k, v] of [[1, 2]]) n = k + v
        }
        export const destructure = () => ([n, { a: deep = 4 }] = [5, {}])
        export function functions() { f = () => "g"; C = class { v = 2 } }
        export function deeper() { (() => { deep ||= 1; deep &&= 100; deep ??= 1 })(); ({ n } = { n: 77 }); { let n = 5; n++ } }
        export function results() {
          const a = n++, b = (n += 2, n), c = [n = 1, n++, n--]
          return [a, b, c, n, typeof (n = () => {}), n.name]
        }`
    },
    'main.mjs'
  )
  assert.equal(stderr, '')
  assert.deepEqual(stdout.trim().split('\n'), [
    '0 0 0 f 1 true',
    '12 12 0 f 1 true',
    '3 3 0 f 1 true',
    '5 5 4 f 1 true',
    '5 5 4 g 2 true',
    '77 77 100 g 2 true',
    '[77,80,[1,1,2],1,"function","n"]'
  ])
  assert.equal(code, 0)
})

// [hot 30, 116]
test('an entry that waits for what a package imports gets the new version of it in a reload, the old one in one that fails', async (t) => {
  const config = (n, more = '') => `import './part.mjs'; export default ${n};${more}`
  const folder = makeFolder(t, {
    files: {
      ...PACKAGE,
      'main.mjs': `
        import { load } from "pkg";
        const url = new URL("./config.mjs", import.meta.url).href;
        const { default: n } = await load(url);
        console.log("config", n, (await load(url)).default);
        if (n === 3) throw new Error("three");
        setInterval(async () => console.log("asked", (await load(url)).default), 50);`,
      'config.mjs': config(1),
      'part.mjs': ''
    }
  })
  const program = hmr(t, ['-l', 'main.mjs'], { cwd: folder.dir })
  await program.printed('config 1 1')
  await program.printed('its saves are taken')
  folder.write('config.mjs', config(2))
  await program.printed('config 2 2')
  await program.printed('reloaded in')
  folder.write('config.mjs', config(3))
  await program.printed('config 3 3')
  await program.printed('Error: three', 'stderr')
  await program.printed('kept its last good version')
  await program.printed('asked 2')
  folder.write('config.mjs', config(4))
  await program.printed('config 4 4')
})

// [hot 65]
test('TypeScript outside of "type": "module": `require.main === module`', async (t) => {
  const files = {
    'package.json': '{}',
    'main.ts':
      'import { other } from "./other";\nif (require.main === module) console.log("main", other, process.mainModule === module, module.id)',
    'other.ts': 'export const other: boolean = require.main === module'
  }
  const { dir } = makeFolder(t, { files })
  const { stdout } = await run(t, files, 'main.ts')
  assert.equal(stdout, 'main false true .\n')
  const byCommand = await hmr(t, ['-n', 'main.ts'], { cwd: dir }).ended()
  assert.equal(byCommand.stdout, stdout)
})

// [hot 48]
describe('an uncaught error names the place in the source, and nothing of ours', () => {
  const failures = {
    'syntax.mjs': [
      'let a = 1\nlet b = = 2',
      /syntax\.mjs:2:9\nlet b = = 2\n {8}\^\n\nSyntaxError: Unexpected token '='\n/
    ],
    'html.mjs': [
      'let a = 1, b = 2\na <!-- b',
      /html\.mjs:2:3\n[\s\S]*SyntaxError: HTML comments are not allowed in modules/
    ],
    'missing.mjs': [
      'import "./nope.mjs"',
      /Error \[ERR_MODULE_NOT_FOUND\]: Cannot find module '.*nope\.mjs' imported from .*missing\.mjs/
    ],
    'package.mjs': ['import ""', /Error \[ERR_MODULE_NOT_FOUND\]: Cannot find package '' imported from .*package\.mjs/],
    'name.mjs': [
      'import {\n  sep,\n  nope\n} from "./other.mjs"',
      /name\.mjs:3:3\n {2}nope\n {2}\^\n\nSyntaxError: The requested module '\.\/other\.mjs' does not provide an export named 'nope'/
    ]
  }
  for (const [file, [text, expected]] of Object.entries(failures)) {
    test(file, async (t) => {
      const files = { [file]: text, 'other.mjs': 'console.log("ran"); export const sep = 1' }
      const { code, stdout, stderr } = await run(t, files, file)
      assert.match(stderr, expected)
      assert.doesNotMatch(stderr, /glue\.js/)
      assert.deepEqual([code, stdout], [1, ''])
    })
  }
})

// [hot 25]
test('"So is what a preload (`--import`, `--require`) loaded before us": it exists once', async (t) => {
  const { dir } = makeFolder(t, {
    files: {
      'pre.mjs': 'import * as early from "./early.mjs"; globalThis.early = early',
      'pre.cjs': 'globalThis.earlyCommon = require("./early.cjs")',
      'early.mjs': 'export const state = {}',
      'early.cjs': 'module.exports = {}',
      'main.mjs': `
        import { createRequire } from "node:module";
        import { state } from "./early.mjs";
        import common from "./early.cjs";
        const required = createRequire(import.meta.url)("./early.cjs");
        console.log(state === early.state, common === earlyCommon, required === common,
          (await import("./early.mjs")).state === state);`
    }
  })
  const preloads = ['--import', './pre.mjs', '--require', './pre.cjs', '--import', register]
  const { code, stdout, stderr } = await start(t, [process.execPath, ...preloads, 'main.mjs'], { cwd: dir }).ended()
  assert.deepEqual([code, stderr, stdout], [0, '', 'true true true true\n'])
})

// [hot 52]
test('CommonJS\'s names "are not defined in an ES module": neither read nor written', async (t) => {
  const text = `
    const tries = [() => require, () => { require = 1 }, () => { ({ a: exports = 1 } = {}) }, () => { module.exports = 1 }, () => { __dirname += "" }];
    for (const attempt of tries) { try { attempt(); console.log("no error") } catch (error) { console.log(error.message) } }`
  const { stdout } = await run(t, { 'main.mjs': text }, 'main.mjs')
  const names = ['require', 'require', 'exports', 'module', '__dirname']
  assert.deepEqual(
    stdout.trim().split('\n'),
    names.map((name) => `${name} is not defined`)
  )
})
