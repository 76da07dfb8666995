// How a program is begun: what it sees of the command, what a start that fails shows, and where none can be.
const assert = require('node:assert/strict')
const path = require('node:path')
const { describe, test } = require('node:test')
const { pathToFileURL } = require('node:url')
const { makeFolder } = require('./support/files')
const { hmr, root, start } = require('./support/process')

const register = pathToFileURL(path.join(root, 'register.mjs')).href

function starts(t, file, files, { args = [], ...options } = {}) {
  const { dir } = makeFolder(t, { files })
  return hmr(t, [...args, file], { cwd: dir, ...options })
}

// [hot 10]
test('an ES module as the entry: `require.main` of CommonJS below it is undefined, as under node', async (t) => {
  const files = { 'main.mjs': 'import "./dep.cjs"', 'dep.cjs': 'console.log(require.main, process.mainModule)' }
  const { code, stdout, stderr } = await starts(t, 'main.mjs', files, { args: ['-n'] }).ended()
  assert.deepEqual([code, stdout, stderr], [0, 'undefined undefined\n', ''])
})

// [hot 15]
describe('"without reloading: `import.meta.hot` is `undefined`, nothing is watched"', () => {
  const files = {
    'main.mjs': `
      import { fork } from "node:child_process"
      import { Worker } from "node:worker_threads"
      const says = (who) => console.log(who, import.meta.hot, process.eventNames().includes("SIGUSR2"))
      if (process.argv[2] === "child") says("child")
      else {
        says("main")
        fork("./main.mjs", ["child"]).on("exit", () => new Worker("./worker.mjs"))
      }`,
    'worker.mjs': 'console.log("worker", import.meta.hot)'
  }
  const said = 'main undefined false\nchild undefined false\nworker undefined\n'
  for (const [way, options] of Object.entries({
    '-n': { args: ['-n'] },
    'HMR_NO_WATCH=1': { env: { HMR_NO_WATCH: '1' } }
  }))
    test(`${way}, in children and workers, too`, async (t) => {
      const { code, stdout, stderr } = await starts(t, 'main.mjs', files, options).ended()
      assert.deepEqual([code, stdout, stderr], [0, said, ''])
    })
})

// [hot 7]
test('the command where NODE_OPTIONS has `--import register` already: its options count', async (t) => {
  const run = starts(
    t,
    'main.mjs',
    { 'main.mjs': 'import "./cold.mjs"', 'cold.mjs': 'console.log(import.meta.hot)' },
    {
      args: ['--ignore=cold.mjs'],
      env: { NODE_OPTIONS: `--import=${register}` }
    }
  )
  await run.printed('undefined')
  await run.printed('waiting for changes', 'stderr')
  run.kill('SIGINT')
  assert.equal((await run.ended()).code, 130)
})

// [hot 11]
for (const file of ['main.mjs', 'main.cjs'])
  test(`what the entry (${file}) throws while the program listens for such errors is its own`, async (t) => {
    const text = `
      process.on("uncaughtException", (error) => console.log("own", error.message))
      setTimeout(() => console.log("alive"), 1)
      throw new Error("boom")`
    const { code, stdout, stderr } = await starts(t, file, { [file]: text }, { args: ['-n'] }).ended()
    assert.deepEqual([code, stdout, stderr], [0, 'own boom\nalive\n', ''])
  })

describe('"the first start: the error": one block with the line of code', () => {
  const cases = {
    'a syntax error': [
      'const a = 1\nconst b = ;\n',
      'main.mjs:2:11',
      'const b = ;',
      "SyntaxError: Unexpected token ';'"
    ],
    'an end that comes too early': [
      'const a = (\n\n',
      'main.mjs:1:12',
      'const a = (',
      'SyntaxError: Unexpected end of input'
    ],
    'an import that leads nowhere': [
      'import "./other.mjs"\n',
      'main.mjs:1:8',
      'import "./other.mjs"',
      "Error \\[ERR_MODULE_NOT_FOUND\\]: Cannot find module '.*other.mjs' imported from .*main.mjs"
    ],
    'an export that is not there': [
      'import { no } from "./main.mjs"\n',
      'main.mjs:1:10',
      'import { no } from "./main.mjs"',
      "SyntaxError: The requested module './main.mjs' does not provide an export named 'no'"
    ]
  }
  // [hot 117, 123]
  for (const [what, [text, place, line, message]] of Object.entries(cases))
    test(what, async (t) => {
      const { code, stdout, stderr } = await starts(t, 'main.mjs', { 'main.mjs': text }).ended()
      assert.deepEqual([code, stdout], [1, ''])
      const lines = stderr.split('\n')
      assert.deepEqual(lines.slice(0, 2), ['[hmr] main.mjs: cannot be started', `  ${place}`])
      assert.ok(
        lines.some((shown) => shown.startsWith('  > ') && shown.endsWith(`| ${line}`)),
        stderr
      )
      assert.match(stderr, new RegExp(`^${message}`, 'm'))
      assert.doesNotMatch(stderr, /bin.hot\.js|glue\.js|node:internal/)
    })
})

// [hot 16]
test('"says so once on stderr (`waiting for changes`) when the program has nothing else to do"', async (t) => {
  const { dir, write } = makeFolder(t, { files: { 'main.mjs': 'console.log("one")' } })
  const run = hmr(t, ['-l', 'main.mjs'], { cwd: dir })
  await run.printed('waiting for changes', 'stderr')
  for (const text of ['two', 'three']) {
    write('main.mjs', `console.log("${text}")`)
    await run.printed(/reloaded in/)
  }
  run.kill('SIGTERM')
  const { code, stderr } = await run.ended()
  assert.deepEqual([code, stderr], [143, '[hmr] waiting for changes\n'])
})

// [hot 166, 167]
test('the line of a reload: time, file, outcome, duration, number of modules; the first one names what would make it an update', async (t) => {
  const { dir, write } = makeFolder(t, { files: { 'main.cjs': 'require("./dep.cjs")', 'dep.cjs': '' } })
  const run = hmr(t, ['-l', 'main.cjs'], { cwd: dir })
  await run.printed('its saves are taken')
  const line = /^\d\d:\d\d:\d\d \[hmr\] dep\.cjs reloaded in [\d.]+ ms \((.*)\)$/m
  for (const hint of ['; `module.hot?.accept()` in dep.cjs would make it an update', '']) {
    write('dep.cjs', `// ${hint}`)
    const [, told] = await run.printed(line)
    assert.equal(told, `2 modules; nobody accepts it${hint}`)
  }
})

// [hot 164]
describe('"Unknown keys and values of a wrong type are one clear error that names the key"', () => {
  for (const [hmrKey, words] of [
    ['{ "ingore": [] }', 'unknown key "hmr.ingore"; "ignore", "include" and "restart" are known'],
    ['{ "ignore": "x" }', '"hmr.ignore" must be an array of globs; got the string "x"'],
    ['{ "restart": 1 }', '"hmr.restart" must be true, false or an array of globs; got the number 1']
  ])
    test(hmrKey, async (t) => {
      const { dir, file } = makeFolder(t, { files: { 'package.json': `{ "hmr": ${hmrKey} }`, 'main.mjs': '' } })
      const command = await hmr(t, ['main.mjs'], { cwd: dir }).ended()
      assert.deepEqual([command.code, command.stderr], [1, `[hmr] ${file('package.json')}: ${words}\n`])
      const run = start(t, [process.execPath, '--import', register, 'main.mjs'], { cwd: dir })
      const { code, stderr } = await run.ended()
      assert.equal(code, 1)
      assert.ok(stderr.includes(`TypeError: ${file('package.json')}: ${words}`), stderr)
      assert.doesNotMatch(stderr, /^ {4}at |doors\.js/m)
    })
})

describe('where no program can run hot: "one clear error"', () => {
  const runtimes = {
    // [hot 18]
    'Node 20.18': ['{ node: "20.18.3" }', 'hot programs need Node 20.19, 22.12 or later; this is 20.18.3'],
    'Node 22.11': ['{ node: "22.11.0" }', 'hot programs need Node 20.19, 22.12 or later; this is 22.11.0'],
    // [hot 20]
    Bun: ['{ bun: "1.4.5" }', 'hot programs need Node; under Bun use `bun --hot`'],
    Deno: ['{ deno: "2.9.6" }', 'hot programs need Node; under Deno use `deno run --watch-hmr`']
  }
  for (const [name, [versions, why]] of Object.entries(runtimes)) {
    const fake = `Object.defineProperty(process, "versions", { value: { ...process.versions, ...${versions} } })`
    const files = {
      'fake.cjs': fake,
      'main.mjs': 'console.log("ran")',
      'exports.cjs': 'module.exports = 1',
      'classic.js': `
        const { createRunner, hmr } = require("@upvotr/node-hmr")
        module.exports = hmr(null, createRunner(() => console.log("classic runs")))`
    }
    const with_ = (t) => ({ cwd: makeFolder(t, { files }).dir, node: ['-r', './fake.cjs'] })

    test(`${name}: the command`, async (t) => {
      const { code, stdout, stderr } = await hmr(t, ['main.mjs'], with_(t)).ended()
      assert.deepEqual([code, stdout, stderr], [1, '', `[hmr] main.mjs: ${why}\n`])
    })

    test(`${name}: the command, and a file that might have been a hot module`, async (t) => {
      const { code, stderr } = await hmr(t, ['exports.cjs'], with_(t)).ended()
      assert.deepEqual([code, stderr], [1, `[hmr] exports.cjs: ${why}\n`])
    })

    test(`${name}: register`, async (t) => {
      const { cwd, node } = with_(t)
      const run = start(t, [process.execPath, ...node, '--import', register, 'main.mjs'], { cwd })
      const { code, stdout, stderr } = await run.ended()
      assert.deepEqual([code, stdout], [1, ''])
      assert.ok(stderr.includes(`Error: @upvotr/node-hmr/register: ${why}`), stderr)
      assert.doesNotMatch(stderr, /^ {4}at /m)
    })

    // [hot 19, 20]
    test(`${name}: "the classic API works on"`, async (t) => {
      const run = hmr(t, ['classic.js'], with_(t))
      await run.printed('classic runs')
      run.kill('SIGTERM')
      assert.equal((await run.ended()).code, 143)
    })
  }
})
