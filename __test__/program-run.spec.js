'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { describe, test } = require('node:test')
const { pathToFileURL } = require('node:url')
const { makeFolder } = require('./support/files')
const { hmr, root, start } = require('./support/process')

const register = pathToFileURL(path.join(root, 'register.mjs')).href

/** The ways to run one program; each has to see the same. */
const WAYS = {
  'hmr -n': (t, file, args, options) => hmr(t, ['-n', file, '--', ...args], options),
  register: (t, file, args, options) => start(t, [process.execPath, '--import', register, file, ...args], options),
  'NODE_OPTIONS=--import register': (t, file, args, options) =>
    start(t, [process.execPath, file, ...args], {
      ...options,
      env: { ...options.env, NODE_OPTIONS: `--import=${register}` }
    })
}

function project(t, files) {
  const folder = makeFolder(t, { files })
  return folder.dir
}

const REPORT = `
  console.log(JSON.stringify({
    argv: process.argv.slice(1),
    main: typeof require === "function" ? require.main === module : import.meta.main
  }));`

// [hot 10]
describe('"The program sees what it would see under `node server.ts`"', () => {
  const programs = {
    'a.cjs': REPORT.replace('import.meta.main', 'undefined'),
    'a.mjs': REPORT,
    'a.ts': `interface Nothing {}\nimport path from "node:path";\nvoid path;\n${REPORT.replace('typeof require === "function" ? require.main === module : ', '')}`,
    'a.cts': `const n: number = 1;\nvoid n;${REPORT.replace('import.meta.main', 'undefined')}`,
    'a.mts': `const n: number = 1;\nvoid n;${REPORT}`
  }
  for (const [way, run] of Object.entries(WAYS)) {
    for (const [file, text] of Object.entries(programs)) {
      test(`${way} ${file}: argv and main`, async (t) => {
        const dir = project(t, { [file]: text })
        const { code, stdout, stderr } = await run(t, file, ['one', '--two'], { cwd: dir }).ended()
        assert.deepEqual([code, stderr], [0, ''])
        assert.deepEqual(JSON.parse(stdout), {
          argv: [path.join(fs.realpathSync(dir), file), 'one', '--two'],
          main: true
        })
      })
    }
    test(`${way}: "exit code"`, async (t) => {
      const dir = project(t, {
        'exit.mjs': 'process.exit(3)',
        'set.cjs': 'process.exitCode = 4',
        'throw.mjs': 'throw new Error("at the start")',
        'reject.ts': 'await Promise.reject(new Error("at the start"))',
        'later.mjs': 'setTimeout(() => { throw new Error("later") }, 1)',
        'floating.cjs': 'Promise.reject(new Error("floating"))',
        'never.mjs': 'await new Promise(() => {})'
      })
      const codes = {}
      for (const file of fs.readdirSync(dir)) {
        if (!/\.[cm]?[jt]s$/.test(file)) continue
        const { code } = await run(t, file, [], { cwd: dir }).ended()
        codes[file] = code
      }
      assert.deepEqual(codes, {
        'exit.mjs': 3,
        'floating.cjs': 1,
        'later.mjs': 1,
        'never.mjs': 13,
        'reject.ts': 1,
        'set.cjs': 4,
        'throw.mjs': 1
      })
    })
    // [hot 60]
    test(`${way}: a top-level await that never settles is named, and exit listeners get 13`, async (t) => {
      const dir = project(t, {
        'main.mjs': 'import "./waits.mjs"',
        'waits.mjs': 'process.on("exit", (code) => console.log(code))\n\nawait new Promise(() => {})',
        'exits.mjs': 'setImmediate(() => process.exit()); await new Promise(() => {})',
        'later.mjs': `let end
          process.once('beforeExit', () => setImmediate(() => end()))
          process.on('exit', (code) => console.log(code))
          await new Promise((resolve) => { end = resolve })`
      })
      const [main, exits, later] = await Promise.all(
        ['main.mjs', 'exits.mjs', 'later.mjs'].map((file) => run(t, file, [], { cwd: dir }).ended())
      )
      const warns = /^Warning: Detected unsettled top-level await at .*\/(main|waits)\.mjs/
      // Node 20 has neither the warning nor the listeners' 13.
      if (way === 'hmr -n' || process.versions.node >= '22') {
        assert.deepEqual([main.code, main.stdout], [13, '13\n'])
        assert.match(main.stderr, warns)
      }
      assert.doesNotMatch(main.stderr, /:1\b/)
      assert.deepEqual([exits.code, exits.stderr], [0, ''])
      assert.deepEqual([later.code, later.stdout, later.stderr], [0, '0\n', ''])
    })
    // [hot 10]
    test(`${way}: import.meta.main is "true in the entry alone"`, async (t) => {
      const dir = project(t, {
        'main.mjs': 'import "./other.mjs"; console.log("entry", import.meta.main)',
        'other.mjs': 'console.log("other", import.meta.main)'
      })
      const { stdout } = await run(t, 'main.mjs', [], { cwd: dir }).ended()
      assert.equal(stdout, 'other false\nentry true\n')
    })
    // [hot 73]
    test(`${way}: stacks have the frames that they have under node, and none of ours`, async (t) => {
      const dir = project(t, {
        'main.mjs':
          'import "./early.mjs"; console.log(new Error("top").stack); try { require } catch (error) { console.log(error.stack) }',
        'early.mjs':
          'import * as main from "./main.mjs"; try { import.meta.url = main.x; module.exports = 1 } catch (error) { console.log(error.stack) }'
      })
      const { stdout } = await run(t, 'main.mjs', [], { cwd: dir }).ended()
      const frames = stdout.split('\n').filter((line) => line !== '' && !line.includes('node:internal'))
      assert.deepEqual(
        frames.map((frame) => frame.replace(/\(?file:.*\//, '').trim()),
        [
          'ReferenceError: module is not defined',
          'at early.mjs:1:69',
          'Error: top',
          'at main.mjs:1:35',
          'ReferenceError: require is not defined',
          'at main.mjs:1:66'
        ]
      )
    })
    // [hot 10]
    test(`${way}: the entry is a folder, or a name without its extension`, async (t) => {
      const files = {
        'package.json': '{ "type": "module", "main": "main.js" }',
        'main.js': 'console.log(import.meta.main, process.argv.length)'
      }
      const dir = project(t, files)
      for (const entry of ['.', 'main', dir]) {
        const { stdout } = await run(t, entry, ['one'], { cwd: dir }).ended()
        assert.equal(stdout, 'true 3\n')
      }
    })
    test(`${way}: an error names the source's own file, line and column, without a flag`, async (t) => {
      const dir = project(t, {
        'main.ts': 'import { fail } from "./fail.ts";\n\nfail(1);\n',
        'fail.ts':
          'type A = { a: number }\nenum E { X }\nexport function fail(a: number, b?: A): never {\n  throw new Error(`no ${E[0]}`);\n}\n'
      })
      const { code, stderr } = await run(t, 'main.ts', [], { cwd: dir }).ended()
      assert.equal(code, 1)
      assert.match(stderr, /Error: no X/)
      assert.match(stderr, /fail\.ts:4:9/)
      assert.match(stderr, /main\.ts:3:1/)
    })
  }
})

// [hot 10]
test('"children and workers that inherit it are hot as well"', async (t) => {
  const dir = project(t, {
    'main.ts': `
      import { fork } from "node:child_process";
      import { Worker } from "node:worker_threads";
      import { once } from "node:events";
      const child = fork("./part.ts");
      const [a]: any[] = await once(child, "message");
      const worker = new Worker(new URL("./part.ts", import.meta.url));
      const [b]: any[] = await once(worker, "message");
      console.log(a, b);`,
    'part.ts': `
      import { parentPort } from "node:worker_threads";
      enum Place { Here = "here" }
      if (parentPort) parentPort.postMessage(Place.Here);
      else process.send!(Place.Here, () => process.disconnect());`
  })
  for (const run of [WAYS.register, WAYS['hmr -n']]) {
    const { code, stdout, stderr } = await run(t, 'main.ts', [], { cwd: dir }).ended()
    assert.deepEqual([code, stderr, stdout], [0, '', 'here here\n'])
  }
})

// [hot 23]
test('"one instance of a package for hot modules, for Node\'s own loader and for `require`"', async (t) => {
  const dir = project(t, {
    'node_modules/pkg/package.json': '{ "name": "pkg", "main": "index.js" }',
    'node_modules/pkg/index.js':
      'exports.load = (file) => import(file); exports.need = (file) => require(file); exports.state = {}',
    'main.mjs': `
      import { createRequire } from "node:module";
      import { load, need, state } from "pkg";
      import * as config from "./config.mjs";
      const again = createRequire(import.meta.url)("pkg");
      const loaded = await load(new URL("./config.mjs", import.meta.url).href);
      const required = need(new URL("./config.mjs", import.meta.url).pathname);
      config.raise();
      console.log(again.state === state, loaded.token === config.token, required.token === config.token,
        loaded.count, required.count);`,
    'config.mjs': 'export const token = {}; export let count = 0; export function raise() { count++ }'
  })
  for (const run of Object.values(WAYS)) {
    const { code, stdout, stderr } = await run(t, 'main.mjs', [], { cwd: dir }).ended()
    assert.deepEqual([code, stderr, stdout], [0, '', 'true true true 1 1\n'])
  }
})
