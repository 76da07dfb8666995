// Cases of the language in the spirit of test262's about modules: plain node and the engine log the same.
// Each file of `fixtures/modules` has many: `### name`, then `=== file` and its text. `early-errors.txt` has a text a line.
const assert = require('node:assert/strict')
const { execFile } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { before, describe, test } = require('node:test')
const { pathToFileURL } = require('node:url')
const { makeFolder, root } = require('./support/files')

const fixtures = path.join(__dirname, 'fixtures/modules')
const register = pathToFileURL(path.join(root, 'register.mjs')).href
const runner = path.join(__dirname, 'support/run-modules.mjs')
/** What the texts of `early-errors.txt` import. */
const FILES = {
  'ok.mjs': 'export const a = 1, b = 2; export default 3',
  'strange.mjs': 'const v = 1; export { v as if, v as await }',
  'words.mjs': 'export const async = 1, of = 2, get = 3, set = 4, from = 5, as = 6, type = 7'
}
/** Words that differ, as docs/hot.md says ("What differs from plain Node"). */
const WORDS = [
  // A namespace is a Proxy here.
  [/TypeError: ('\w+' on proxy: |Cannot (assign to|redefine|define|add)( read only)? property).*/g, 'TypeError'],
  [/Proxy\((.*?)\)/g, '$1'],
  [/\[Object: null prototype\] \[Module\] \{\s*/g, '[Module: null prototype] {'],
  [/\[Module: null prototype\] \{\s+/g, '[Module: null prototype] {'],
  // Here the exporter's own name of a binding, in Node the importer's.
  [/ReferenceError: .* (before initialization|is not defined)/g, 'ReferenceError'],
  [/SyntaxError: .*/g, 'SyntaxError']
]

for (const file of fs.readdirSync(fixtures)) {
  const topic = path.basename(file, '.txt')
  const text = fs.readFileSync(path.join(fixtures, file), 'utf8')
  const cases = topic === 'early-errors' ? texts(text) : programs(text)
  // [hot 38, 39, 40, 45, 46, 47, 51, 52, 54, 55, 56, 58]
  describe(topic, () => {
    let plain
    let ours
    before(async (t) => {
      const { dir, write } = makeFolder({ after() {} })
      // A temporary folder of a hook's context would not be removed.
      process.once('exit', () => fs.rmSync(dir, { recursive: true, force: true }))
      for (const way of ['plain', 'ours']) {
        cases.forEach(({ files }, n) => {
          for (const [name, text] of Object.entries(files)) write(path.join(way, String(n), name), text)
        })
      }
      ;[plain, ours] = await Promise.all([
        run(path.join(dir, 'plain'), 'data:text/javascript,'),
        run(path.join(dir, 'ours'), register)
      ])
    })
    cases.forEach(({ name }, n) => {
      test(name, () => {
        assert.ok(plain[n].length > 0, 'the case logs something')
        assert.deepEqual(ours[n].map(inOneWord), plain[n].map(inOneWord))
      })
    })
  })
}

function inOneWord(line) {
  return WORDS.reduce((text, [words, one]) => text.replace(words, one), line)
}

/** The programs of a file: their names and files. */
function programs(text) {
  return text.split(/^### /m).flatMap((part) => {
    const [name, ...files] = part.split(/^=== /m)
    if (files.length === 0) return []
    return {
      name: name.trim(),
      files: Object.fromEntries(
        files.map((file) => [file.slice(0, file.indexOf('\n')), file.slice(file.indexOf('\n') + 1)])
      )
    }
  })
}

/** One program for each line; `⏎` in it is a line end. */
function texts(text) {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => ({
      name: line,
      files: {
        ...FILES,
        'main.mjs': "await import('./text.mjs').then(() => log('ran'), (error) => log(error.name))",
        'text.mjs': line.replaceAll('⏎', '\n')
      }
    }))
}

function run(folder, preload) {
  return new Promise((resolve, reject) => {
    const env = {
      ...process.env,
      NODE_OPTIONS: undefined,
      NODE_TEST_CONTEXT: undefined,
      NO_COLOR: '1',
      HMR_CACHE: '0',
      HMR_NO_WATCH: '1'
    }
    const args = ['--import', preload, '--no-warnings', runner, folder]
    execFile(process.execPath, args, { env, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${preload}: ${error.message}\n${stdout}\n${stderr}`))
      else resolve(JSON.parse(stdout))
    })
  })
}
