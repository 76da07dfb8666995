// What a program may rely on, where plain node cannot run it, or where this package differs on purpose.
const assert = require('node:assert/strict')
const path = require('node:path')
const { describe, test } = require('node:test')
const { pathToFileURL } = require('node:url')
const { makeFolder } = require('./support/files')
const { root, start } = require('./support/process')

const register = pathToFileURL(path.join(root, 'register.mjs')).href
const MODULE = '{ "type": "module" }'

function run(t, files, file = 'main.mjs') {
  const { dir } = makeFolder(t, { files })
  const env = { HMR_CACHE: '0', HMR_NO_WATCH: '1' }
  return start(t, [process.execPath, '--import', register, file], { cwd: dir, env }).ended(60_000)
}

/** Runs a program to its end: what it prints. */
async function prints(t, files, file) {
  const { code, stdout, stderr } = await run(t, files, file)
  assert.deepEqual([code, stderr], [0, ''])
  return stdout
}

// [hot 49]
test('"Of CommonJS and packages the names are known once they ran: right before the importer would"', async (t) => {
  const files = {
    'main.mjs': 'import "./first.mjs"; import "./user.mjs"; console.log("no")',
    'first.mjs': 'console.log("first")',
    'user.mjs': 'import { own } from "./common.cjs"\nimport {\n  nope } from "pkg"; console.log("no")',
    'common.cjs': 'console.log("common"); const names = ["own"]; for (const name of names) exports[name] = 1',
    'node_modules/pkg/package.json': '{ "main": "index.js" }',
    'node_modules/pkg/index.js': 'console.log("pkg"); exports.there = 1'
  }
  const { code, stdout, stderr } = await run(t, files)
  assert.deepEqual([code, stdout], [1, 'first\ncommon\npkg\n'])
  assert.match(stderr, /user\.mjs:3:3\n[\s\S]*SyntaxError: Named export 'nope' not found\. The requested module 'pkg'/)
})

// [hot 27]
test('"`.json` is a module with a `default` export and its keys that are identifier names as named ones"', async (t) => {
  const files = {
    'main.mjs': `
      import data, { a, $b } from "./data.json"
      import * as with_ from "./data.json" with { type: "json" }
      import list from "./list.json"
      console.log(data, a, $b, Object.keys(with_).join(), with_.default === data, list)`,
    'data.json': '{ "a": 1, "$b": [2], "c-d": 3, "default": 4, "class": 5 }',
    'list.json': '[1]'
  }
  assert.equal(
    await prints(t, files),
    "{ a: 1, '$b': [ 2 ], 'c-d': 3, default: 4, class: 5 } 1 [ 2 ] $b,a,class,default true [ 1 ]\n"
  )
})

// [hot 57]
describe('"Limits, documented"', () => {
  const cases = {
    'direct `eval` does not see imports': [
      'try { eval("n") } catch (error) { console.log(error.name) }',
      'ReferenceError'
    ],
    'names and lengths of functions do not differ': [
      'function named(a, b = n, ...c) {} ; class K { static m(a, b) { return n } }; console.log(named.name, named.length, K.name, K.m.name, K.m.length)',
      'named 1 K m 2'
    ],
    '`util.types.isModuleNamespaceObject`': [
      'import util from "node:util"; console.log(util.types.isModuleNamespaceObject(ns))',
      'false'
    ],
    'integer-like export names come first': ['console.log(Object.keys(ns).join())', '1,2,a,n']
  }
  for (const [what, [text, printed]] of Object.entries(cases))
    test(what, async (t) => {
      const files = {
        'main.mjs': `import { n } from "./a.mjs"; import * as ns from "./a.mjs"; void [n, ns];${text}`,
        'a.mjs': 'export const n = 1; export { n as "2", n as a, n as "1" }'
      }
      assert.equal(await prints(t, files), `${printed}\n`)
    })
})

// [hot 64]
describe('"a file of a megabyte, one with 5,000 imports, and a chain of imports 5,000 deep work"', () => {
  const COUNT = 5_000
  const numbers = Array.from({ length: COUNT }, (_, n) => n)

  test('a megabyte', async (t) => {
    const lines = Array.from(
      { length: 20_000 },
      (_, n) => `export const v${n} = ${n} // a line that is as long as many are\n`
    )
    const files = {
      'main.mjs': 'import * as all from "./large.mjs"; console.log(Object.keys(all).length, all.v19999)',
      'large.mjs': lines.join('')
    }
    assert.equal(await prints(t, files), '20000 19999\n')
  })

  test('5,000 imports', async (t) => {
    const imports = numbers.map((n) => `import { v as v${n} } from "./m/${n}.mjs"\n`).join('')
    const files = { 'main.mjs': `${imports}console.log(${numbers.map((n) => `v${n}`).join('+')})` }
    for (const n of numbers) files[`m/${n}.mjs`] = 'export const v = 1'
    assert.equal(await prints(t, files), `${COUNT}\n`)
  })

  const chains = {
    'of imports': (next) => `import { v as w } from "${next}"; export const v = w`,
    'of `export … from`': (next) => `export { v } from "${next}"`,
    'of `export *`': (next) => `export * from "${next}"`,
    'of `export *` with a name of their own': (next, n) => `export * from "${next}"; export const own = ${n}`
  }
  for (const [what, text] of Object.entries(chains))
    test(`a chain ${what}`, async (t) => {
      const files = {
        'main.mjs': 'import { v } from "./m/0.mjs"; console.log(v)',
        [`m/${COUNT}.mjs`]: 'export const v = 1'
      }
      for (const n of numbers) files[`m/${n}.mjs`] = text(`./${n + 1}.mjs`, n)
      assert.equal(await prints(t, files), '1\n')
    })
})

// [hot 69]
test('"A re-exported name that turns out to be a type only: the error says `export type`"', async (t) => {
  const files = {
    'package.json': MODULE,
    'main.ts': 'import { value } from "./index.ts"; console.log(value)',
    'index.ts': 'export { value, Shape } from "./shapes.ts"',
    'shapes.ts': 'export interface Shape { a: 1 }\nexport const value = 1'
  }
  const { code, stdout, stderr } = await run(t, files, 'main.ts')
  assert.deepEqual([code, stdout], [1, ''])
  assert.match(
    stderr,
    /index\.ts:1:17\n[\s\S]*SyntaxError: .*'\.\/shapes\.ts' does not provide an export named 'Shape'.*`?export type/
  )
})

// [hot 70]
test('"Nothing is type-checked"', async (t) => {
  const files = {
    'package.json': MODULE,
    'main.ts':
      'import type { Nope } from "./gone.ts"\nconst n: string = 5; const f = (a: Nope): Missing => a; console.log(f(n))'
  }
  assert.equal(await prints(t, files, 'main.ts'), '5\n')
})

// [hot 71]
test('"No package is needed at run time for what is emitted"', async (t) => {
  const files = {
    'package.json': MODULE,
    'tsconfig.json': `{ "compilerOptions": {
      "target": "ES2022", "experimentalDecorators": true, "emitDecoratorMetadata": true, "importHelpers": true, "jsx": "react", "jsxFactory": "h"
    } }`,
    'main.tsx': `
      const h = (tag: string, props: object | null, ...rest: unknown[]) => [tag, props, ...rest]
      const seen = (target: any, key?: any) => { console.log('decorated', key ?? target.name) }
      enum Level { Low = 1, High = Low << 2 }
      namespace Space { export const inner = 'inner' }
      @seen class Point { constructor(public x = 1) {} @seen m(a: number): string { return String(a) } }
      { using end = { [Symbol.dispose ?? Symbol.for('Symbol.dispose')]() { console.log('disposed') } }; void end }
      console.log(Level[4], Space.inner, new Point().x, <b c="d">{...[1]}</b>)`
  }
  const lines = ['decorated m', 'decorated Point', 'disposed', "High inner 1 [ 'b', { c: 'd' }, 1 ]", '']
  assert.equal(await prints(t, files, 'main.tsx'), lines.join('\n'))
})
