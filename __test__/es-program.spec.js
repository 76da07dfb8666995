// The same program by plain node and by the engine: what it prints and how it ends is the same.
const assert = require('node:assert/strict')
const { execFile } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { describe, test } = require('node:test')
const { pathToFileURL } = require('node:url')

const fixtures = path.join(__dirname, 'fixtures/es')
const register = pathToFileURL(path.join(__dirname, '../register.mjs')).href

/** Lines of a contract, and the programs that show them. */
const PROGRAMS = {
  // [hot 43]
  'A graph without top-level await runs in one go: no microtask and no tick between its modules': ['microtasks'],
  // [hot 51]
  'siblings that do not depend on each other proceed as under node': ['parallel-await'],
  // [hot 41, 48]
  'a later import that is missing or broken means that no module ran': [
    'link-first-missing',
    'link-first-syntax',
    'link-first-name'
  ],
  // [hot 44]
  'Function declarations, an anonymous default function too, are usable by a cyclic importer before': ['hoisting'],
  // [hot 40]
  'reading before initialization is a ReferenceError, also through a namespace and in cycles': ['tdz'],
  // [hot 45]
  'export *: a name from two stars is ambiguous; a local export wins; star cycles end': ['stars'],
  // [hot 47]
  '`then` exports behave as under node': ['then-export'],
  // [hot 46, 47]
  'Namespaces, string names, the names of anonymous defaults': ['names'],
  // [hot 40, 56]
  'a write to an import in any form is a TypeError; `this` of calls': ['writes'],
  // [hot 52, 53]
  'A module may declare any name at top level; CommonJS names are not defined': ['globals'],
  // [hot 40]
  'Bindings are live': ['live'],
  // [hot 51, 63]
  'a rejection rejects every importer with the same value': ['errors'],
  // [hot 51]
  'a cycle with await does not hang': ['await-cycle'],
  // [hot 60]
  'Importing itself, statically too, works': ['self'],
  // [hot 37]
  'A query or hash is a module instance of its own': ['identity'],
  // [hot 58]
  '`import(expr)` with any expression; it rejects as under node': ['dynamic'],
  // [hot 50]
  'For CommonJS: `default` is `module.exports`, named imports': ['commonjs'],
  // [hot 10]
  '`require.main === module` for CommonJS': ['commonjs-entry'],
  // [hot 31]
  '`require()` of an ES module': ['require-module'],
  // [hot 23, 49]
  'packages are loaded by Node itself, once, and in order': ['packages'],
  // [hot 59]
  '`import.meta`: as under node': ['meta'],
  // [hot 64]
  'A byte order mark, a hashbang, CRLF, U+2028': ['texts'],
  // [hot 60]
  'an entry whose top-level await never settles ends with code 13': ['unsettled'],
  // [hot 61]
  '`import defer` is a SyntaxError, never something else done in silence': ['defer'],
  // [hot 55]
  'Shadowing: … with the name of an import are what they say': ['shadowing'],
  // [hot 56]
  'a write to an import in any form is a `TypeError`': ['writes-everywhere'],
  'what a module assigns to its own exports': ['own-exports'],
  // [hot 46]
  '`export default` of anonymous functions and classes, of expressions (not live)': ['default-forms'],
  // [hot 52, 54]
  'code is strict; early errors are errors': ['strict'],
  // [hot 51]
  'Top-level await: a module waits for what it imports': ['await-orders', 'await-deep', 'dynamic-in-cycle'],
  // [hot 42]
  'Evaluation is depth first, in source order, each module once': ['order'],
  // [hot 47]
  'Namespaces: `Object.keys`, `in`, spread and `import()` agree': ['namespaces'],
  // [hot 50]
  'For CommonJS: `__esModule` as the running Node treats it': ['commonjs-names'],
  'CommonJS sees what it sees under node': ['commonjs-world'],
  // [hot 37, 59]
  '`import.meta.url`, `filename`, `dirname`, `resolve`': ['meta-everything'],
  // [hot 58]
  '`import(expr)`: it rejects as under node': ['dynamic-everything'],
  // [hot 35, 48]
  'Failures have Node’s codes and name the specifier and the importing file': ['link-errors'],
  // [hot 27]
  'JSON has a `default`': ['json-values'],
  // [hot 50]
  'For CommonJS: `module.exports` as a name, and `__esModule`': ['commonjs-lexed'],
  // [hot 62]
  "Error classes, `instanceof`, `structuredClone` are the main realm's": ['realm'],
  'messages and frames of an error': ['messages', 'columns']
}

// [hot 38, 39]
describe('the engine', () => {
  for (const [sentence, programs] of Object.entries(PROGRAMS)) {
    for (const name of programs) {
      test(`${sentence} (${name})`, async () => {
        const entry = entryOf(name)
        // `--import` itself changes a little under node, too.
        const nothing = 'data:text/javascript,'
        const [plain, ours] = await Promise.all([nothing, register].map((url) => run(['--import', url, entry])))
        // Node 26 names a Proxy.
        assert.equal(ours.stdout.replace(/Proxy\((.*)\)/g, '$1'), expected(plain.stdout))
        assert.equal(ours.code, plain.code, ours.stderr)
        assert.equal(errorLine(ours.stderr), errorLine(plain.stderr))
      })
    }
  }
})

function entryOf(name) {
  const files = ['main.mjs', 'main.cjs', 'main.ts'].map((file) => path.join(fixtures, name, file))
  return files.find((file) => fs.existsSync(file))
}

/** How a namespace prints is the one difference (a documented limit). */
function expected(text) {
  return text.replaceAll('[Module: null prototype]', '[Object: null prototype] [Module]')
}

/** The line that names the error, without what differs between ways to load; of the parser's, the class. */
function errorLine(text) {
  const line = /^(?:\w*Error.*)$/m.exec(text)?.[0].replace(/ imported from.*/, '')
  return line?.replace(/(?<=^SyntaxError: )(Unexpected|'import defer').*/, '…')
}

function run(args) {
  return new Promise((resolve) => {
    const env = { ...process.env, NODE_OPTIONS: undefined, NODE_TEST_CONTEXT: undefined, NO_COLOR: '1', HMR_CACHE: '0' }
    execFile(process.execPath, args, { env, cwd: fixtures }, (error, stdout, stderr) => {
      resolve({ code: error?.code ?? 0, stdout, stderr })
    })
  })
}
