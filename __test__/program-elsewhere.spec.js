// Which modules are hot and where they are found; workers, children, clusters and other places in which programs run.
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { describe, test } = require('node:test')
const { pathToFileURL } = require('node:url')
const { makeFolder } = require('./support/files')
const { hmr, root, start } = require('./support/process')

const register = pathToFileURL(path.join(root, 'register.mjs')).href
const MODULE = '{ "type": "module" }'

/** Runs a program to its end: what it prints. */
async function prints(t, files, { file = 'main.ts', node = [], env = { HMR_NO_WATCH: '1' } } = {}) {
  const { dir } = makeFolder(t, { files })
  const run = start(t, [process.execPath, ...node, '--import', register, file], { cwd: dir, env })
  const { code, stdout, stderr } = await run.ended()
  assert.equal(code, 0, stderr)
  return stdout
}

/** A program that the command runs with logging. */
function watches(t, files, { file = 'main.ts', args = ['-l'] } = {}) {
  const folder = makeFolder(t, { files })
  return { ...folder, run: hmr(t, [...args, file], { cwd: folder.dir }) }
}

// [hot 24, 159]
test('"`ignore` makes a local file cold: loaded by Node, never evaluated again"', async (t) => {
  const { run, write } = watches(t, {
    'package.json': '{ "type": "module", "hmr": { "ignore": ["cold/**"] } }',
    'main.ts':
      'import "./cold/one.mjs"; import { n } from "./n.ts"; console.log("main", n); setInterval(() => {}, 1000)',
    'n.ts': 'export const n: number = 1',
    'cold/one.mjs': 'console.log("cold", import.meta.hot)'
  })
  await run.printed('main 1')
  write('n.ts', 'export const n: number = 2')
  await run.printed('main 2')
  assert.deepEqual(run.text.stdout.match(/^cold .*$/gm), ['cold undefined'])
})

// [hot 160]
test('"`--include`: further files: a change reloads"', async (t) => {
  const folder = makeFolder(t, {
    files: {
      'package.json': MODULE,
      'main.ts':
        'import fs from "node:fs"; console.log("page", fs.readFileSync("page.html", "utf8")); setInterval(() => {}, 1000)',
      'page.html': 'one'
    }
  })
  const run = hmr(t, ['-l', '--include=*.html', 'main.ts'], { cwd: folder.dir })
  await run.printed('page one')
  await run.printed('its saves are taken')
  folder.write('page.html', 'two')
  await run.printed('page two')
  await run.printed(/page\.html reloaded in/)
})

// [hot 26]
test('"Kinds by Node’s rules"', async (t) => {
  const kind = 'console.log(KIND, typeof require, this === undefined)'
  const files = {
    'main.mts': `import './a.cts'; import './b.cjs'; import './c.js'; import './d.js'; import './typed/e.js'; import './f.ts'`,
    'a.cts': kind.replace('KIND', '"a"'),
    'b.cjs': kind.replace('KIND', '"b"'),
    'c.js': kind.replace('KIND', '"c"'),
    'd.js': `export {}; ${kind.replace('KIND', '"d"')}`,
    'typed/package.json': MODULE,
    'typed/e.js': kind.replace('KIND', '"e"'),
    'f.ts': `export {}; ${kind.replace('KIND', '"f"')}`
  }
  assert.equal(
    await prints(t, files, { file: 'main.mts' }),
    'a function false\nb function false\nc function false\nd undefined true\ne undefined true\nf function true\n'
  )
})

// [hot 28]
test('"Another extension in an import: Node’s `ERR_UNKNOWN_FILE_EXTENSION`"', async (t) => {
  const files = {
    'package.json': MODULE,
    'main.ts': 'await import("./x.foo").catch((error) => console.log(error.code))',
    'x.foo': ''
  }
  assert.equal(await prints(t, files), 'ERR_UNKNOWN_FILE_EXTENSION\n')
})

// [hot 26]
test('"Kinds by Node’s rules": another extension is CommonJS for `require` and as an entry', async (t) => {
  const text = 'console.log(__filename.slice(-5), require.main === module, require("./c.ts").c)'
  const files = {
    'package.json': '{}',
    'main.foo': text,
    'main.cjs': 'require("./a.foo"); console.log(module.children.length)',
    'a.foo': text,
    'c.ts': 'export const c: number = 1',
    'typed/package.json': MODULE,
    'typed/main.foo': text
  }
  assert.equal(await prints(t, files, { file: 'main.cjs' }), 'a.foo false 1\n1\n')
  const { dir } = makeFolder(t, { files })
  const [untyped, typed] = ['main.foo', 'typed/main.foo'].map((file) => hmr(t, ['-n', file], { cwd: dir }).ended())
  assert.equal((await untyped).stdout, 'n.foo true 1\n', (await untyped).stderr)
  assert.match((await typed).stderr, /ERR_UNKNOWN_FILE_EXTENSION/)
})

describe('where imports lead', () => {
  const says = (name) => `export default ${JSON.stringify(name)}`

  // [hot 32]
  test('"`exports`, `imports` (`#x`), self-reference, conditions … and those of `--conditions`"', async (t) => {
    const files = {
      'package.json': JSON.stringify({
        name: 'own',
        type: 'module',
        exports: { './self': './self.ts' },
        imports: { '#x': { staging: './staging.ts', default: './x.ts' } }
      }),
      'main.ts': `import self from 'own/self'; import x from '#x'; import dep from 'dep'
        import { createRequire } from 'node:module'
        console.log(self, x, dep, createRequire(import.meta.url)('dep'))`,
      'self.ts': says('self'),
      'x.ts': says('x'),
      'staging.ts': says('staging'),
      'node_modules/dep/package.json': '{ "exports": { "import": "./a.mjs", "require": "./b.cjs" } }',
      'node_modules/dep/a.mjs': says('import'),
      'node_modules/dep/b.cjs': 'module.exports = "require"'
    }
    assert.equal(await prints(t, files), 'self x import require\n')
    assert.equal(await prints(t, files, { node: ['--conditions=staging'] }), 'self staging import require\n')
  })

  // [hot 33, 34, 36]
  test('"In addition, where Node would fail"; "Among files an exact one always wins"', async (t) => {
    const wanted = {
      './a.js': 'a.ts',
      './b.mjs': 'b.mts',
      './c.jsx': 'c.tsx',
      './d': 'd.ts',
      './e': 'e.tsx',
      './f': 'f.js',
      './g': 'g.mts',
      './h': 'h/index.ts',
      './i.js': 'i.js',
      '@app/j': 'src/j.ts',
      dep: 'src/dep.ts'
    }
    const files = {
      'package.json': MODULE,
      'tsconfig.json': '{ "extends": ["./base.json"], "compilerOptions": { "jsx": "react" } }',
      'base.json': '{ "compilerOptions": { "paths": { "@app/*": ["./src/*"], "dep": ["./src/dep.ts"] } } }',
      'main.ts': `const { pathname } = new URL('.', import.meta.url)
        for (const wanted of ${JSON.stringify(Object.keys(wanted))}) {
          const { default: name } = await import(wanted)
          console.log(wanted, name, import.meta.resolve(wanted).endsWith(pathname + name))
        }`,
      'i.ts': says('i.ts'),
      'node_modules/dep/package.json': '{ "main": "index.js" }',
      'node_modules/dep/index.js': 'module.exports = "dep"'
    }
    for (const name of Object.values(wanted)) files[name] = says(name)
    const lines = Object.entries(wanted).map(([specifier, name]) => `${specifier} ${name} true\n`)
    assert.equal(await prints(t, files), lines.join(''))
  })
})

// [hot 163]
describe('"as in the classic contract": the command\'s other options', () => {
  const ticks = { 'package.json': MODULE, 'main.ts': "console.log('first')\nsetInterval(() => {}, 1000)" }
  const failing = "setTimeout(() => { throw new Error('late') }, 200)\nsetInterval(() => {}, 1000)"

  test('--exit-on-error', async (t) => {
    const { run, write } = watches(t, ticks, { args: ['-l', '--exit-on-error'] })
    await run.printed('its saves are taken')
    write('main.ts', failing)
    const { code, stderr } = await run.ended()
    assert.equal(code, 1)
    assert.match(stderr, /Error: late/)
  })

  test('-s: no log, no warning', async (t) => {
    const { run, write } = watches(t, ticks, { args: ['-s'] })
    await run.printed('first')
    write('main.ts', "console.log('second')\nsetInterval(() => {}, 1000)")
    await run.printed('second')
    write('main.ts', "console.log('third')\nsetInterval(() => {}, 1000)")
    await run.printed('third')
    assert.equal(run.text.stderr, '')
    assert.equal(run.text.stdout, 'first\nsecond\nthird\n')
  })

  test('--poll', async (t) => {
    const { run, write } = watches(t, ticks, { args: ['-l', '--poll=50'] })
    await run.printed('its saves are taken')
    write('main.ts', "console.log('second')\nsetInterval(() => {}, 1000)")
    await run.printed('second')
  })

  test('--grace: "a second signal or the time" ends what does not settle', async (t) => {
    const { run } = watches(
      t,
      { ...ticks, 'main.ts': `${ticks['main.ts']}\nimport.meta.hot!.dispose(() => new Promise(() => {}))` },
      { args: ['-l', '--grace=300'] }
    )
    await run.printed('its saves are taken')
    run.kill('SIGTERM')
    assert.equal((await run.ended()).code, 143)
  })
})

describe('other threads and processes', () => {
  // [hot 169]
  test('"Worker threads started from a hot program run hot by themselves; terminated at any moment"', async (t) => {
    const files = {
      'package.json': MODULE,
      'main.ts': `import { Worker } from 'node:worker_threads'
        const first = new Worker(new URL('./worker.ts', import.meta.url))
        first.on('message', async (text: string) => {
          console.log(text)
          await first.terminate()
          for (let wait = 0; wait < 40; wait += 2) {
            const worker = new Worker(new URL('./worker.ts', import.meta.url))
            await new Promise((resolve) => setTimeout(resolve, wait))
            await worker.terminate()
          }
          console.log('ended')
          process.exit()
        })`,
      'worker.ts': `import { parentPort } from 'node:worker_threads'
        const hot: object | undefined = import.meta.hot
        parentPort!.postMessage('worker ' + typeof hot)
        setInterval(() => {}, 1000)`
    }
    assert.equal(await prints(t, files, { env: {} }), 'worker object\nended\n')
  })

  test('worker threads that have ended leave nothing of their modules behind', async (t) => {
    const functions = Array.from({ length: 5000 }, (_, n) => `export function f${n}(a: number) { return a + ${n} }`)
    const files = {
      'package.json': MODULE,
      'main.ts': `import { once } from 'node:events'
        import { Worker } from 'node:worker_threads'
        const many = async (count: number) => {
          for (let n = 0; n < count; n++) {
            const worker = new Worker(new URL('./worker.ts', import.meta.url))
            await once(worker, 'message')
            await worker.terminate()
          }
          return process.memoryUsage().rss
        }
        const before = await many(4)
        const after = await many(8)
        console.log((after - before) / 2 ** 20)
        process.exit()`,
      'worker.ts': `import { parentPort } from 'node:worker_threads'
        import * as large from './large.ts'
        import * as circle from './circle.ts'
        parentPort!.postMessage(large.f1(1) + circle.one())
        setInterval(() => {}, 1000)`,
      'circle.ts': `import * as large from './large.ts'
        import * as self from './circle.ts'
        export const one = (): number => Object.keys(self).length + large.f0(0)`,
      'large.ts': functions.join('\n')
    }
    // One arena: glibc gives each thread one of its own, which it keeps for others.
    const grown = Number(await prints(t, files, { env: { MALLOC_ARENA_MAX: '1' } }))
    assert.ok(grown < 12, `${grown.toFixed(1)} MiB more after 8 worker threads`)
  })

  // [hot 170]
  test('"`child_process.fork` too"', async (t) => {
    const files = {
      'package.json': MODULE,
      'main.ts': `import { fork } from 'node:child_process'
        fork('./child.ts').on('message', (text: string) => { console.log(text); process.exit() })`,
      'child.ts': `const hot: object | undefined = import.meta.hot
        process.send!('child ' + typeof hot)`
    }
    assert.equal(await prints(t, files, { env: {} }), 'child object\n')
  })

  // [hot 171]
  test('"`cluster`: each worker is hot by itself"', async (t) => {
    const { run, write } = watches(t, {
      'package.json': MODULE,
      'main.ts': `import cluster from 'node:cluster'
        if (cluster.isPrimary) cluster.fork()
        else await import('./worker.ts')`,
      'worker.ts': `import http from 'node:http'
        import { text } from './text.ts'
        http.createServer((_request, response) => response.end(text)).listen(0, '127.0.0.1', function () {
          console.log('worker', (this.address() as any).port, text)
        })`,
      'text.ts': 'export const text: string = "one"'
    })
    const [, port] = await run.printed(/worker (\d+) one/)
    write('text.ts', 'export const text: string = "two"')
    const [, again] = await run.printed(/worker (\d+) two/)
    assert.equal(again, port)
    assert.equal(await (await fetch(`http://127.0.0.1:${port}`)).text(), 'two')
  })

  // [hot 172]
  test('"`node --test --import @upvotr/node-hmr/register` runs TypeScript tests"', async (t) => {
    const { dir } = makeFolder(t, {
      files: {
        'package.json': MODULE,
        'sum.ts': 'export enum Kind { Plus = "+" }',
        'sum.test.ts': `import assert from 'node:assert/strict'
          import { test } from 'node:test'
          import { Kind } from './sum'
          test('an enum', () => assert.equal(Kind.Plus, '+'))`
      }
    })
    const run = start(t, [process.execPath, '--import', register, '--test', 'sum.test.ts'], { cwd: dir })
    const { code, stdout, stderr } = await run.ended()
    assert.equal(code, 0, stdout + stderr)
    assert.match(stdout, /pass 1/)
  })

  // [hot 162, 173]
  test('"beside `--import` hooks of others …, `--env-file`"', async (t) => {
    const { dir } = makeFolder(t, {
      files: {
        'package.json': MODULE,
        'hooks.mjs': `import { register } from 'node:module'
          register('data:text/javascript,' + encodeURIComponent(
            'export const resolve = (specifier, context, next) => specifier === "virtual:x" ? ' +
            '({ url: "data:text/javascript,export default 5", shortCircuit: true }) : next(specifier, context)'))`,
        'main.ts': `const x: number = (await import('virtual:x')).default
          console.log(x, process.env.FROM_FILE)`,
        variables: 'FROM_FILE=yes'
      }
    })
    for (const order of [
      ['--import', './hooks.mjs', '--import', register],
      ['--import', register, '--import', './hooks.mjs']
    ]) {
      const command = [process.execPath, '--env-file=variables', ...order, 'main.ts']
      const { code, stdout, stderr } = await start(t, command, { cwd: dir, env: { HMR_NO_WATCH: '1' } }).ended()
      assert.equal(code, 0, stderr)
      assert.equal(stdout, '5 yes\n')
    }
  })
})

// [hot 174]
test('"symlinks, case, spaces, `%`, `#`, `?` and any Unicode in paths work"', async (t) => {
  const odd = process.platform === 'win32' ? 'a b%20#ü' : 'a b%20#?ü'
  const { dir, write } = makeFolder(t, {
    files: { 'package.json': MODULE, [`${odd}/x y.ts`]: 'export const x: number = 1' }
  })
  write(
    `${odd}/main.ts`,
    `import { x } from './x%20y.ts'
    import { x as linked } from '../link/x%20y.ts'
    console.log(x, linked, import.meta.filename === process.argv[1])
    import.meta.hot?.accept('./x%20y.ts', (module: any) => console.log('now', module.x, x))
    setInterval(() => {}, 1000)`
  )
  fs.symlinkSync(path.join(dir, odd), path.join(dir, 'link'), 'junction')
  const run = hmr(t, ['-l', path.join(odd, 'main.ts')], { cwd: dir })
  await run.printed('1 1 true')
  await run.printed('its saves are taken')
  write(`${odd}/x y.ts`, 'export const x: number = 2')
  await run.printed('now 2 2')
})

// [hot 175]
test('"A file changed between being read and being watched is seen"', async (t) => {
  const { run } = watches(t, {
    'package.json': MODULE,
    'main.ts': `import fs from 'node:fs'
      import { n } from './n.ts'
      console.log('n', n)
      if (n === 1) fs.writeFileSync(new URL('./n.ts', import.meta.url), 'export const n: number = 2')
      setInterval(() => {}, 1000)`,
    'n.ts': 'export const n: number = 1'
  })
  await run.printed('n 1')
  await run.printed('n 2')
})
