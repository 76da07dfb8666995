// NODE_V8_COVERAGE: what V8 ran, in places of the source.
const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { pathToFileURL } = require('node:url')
const { makeFolder } = require('./support/files')

const register = pathToFileURL(path.join(__dirname, '../register.mjs')).href

// [hot 75]
test('"its ranges are those of the source where nothing but types was taken out"', (t) => {
  const main = `import { used } from './used.ts'
export function top(a: number): number { return a > 1 ? used(a) : 0 }
function never(x: string) { return x }
if (top(2) > 10) { never('x') }
`
  const files = {
    'package.json': '{ "type": "module" }',
    'main.ts': main,
    'used.ts': 'export const used = (x: number): number => { if (x > 5) { return 1 } return 2 }\n'
  }
  const { dir } = makeFolder(t, { files })
  const env = {
    ...process.env,
    NODE_OPTIONS: undefined,
    NODE_TEST_CONTEXT: undefined,
    HMR_CACHE: '0',
    NODE_V8_COVERAGE: 'coverage'
  }
  execFileSync(process.execPath, ['--import', register, 'main.ts'], { cwd: dir, env })
  const reports = fs.readdirSync(path.join(dir, 'coverage'))
  assert.equal(reports.length, 1)
  const { result } = JSON.parse(fs.readFileSync(path.join(dir, 'coverage', reports[0]), 'utf8'))
  const url = pathToFileURL(path.join(fs.realpathSync(dir), 'main.ts')).href
  const scripts = result.filter((script) => script.url === url)
  assert.equal(scripts.length, 1)
  const told = scripts[0].functions.map(({ functionName, ranges }) => [
    functionName,
    ...ranges.map(({ startOffset, endOffset, count }) => [main.slice(startOffset, endOffset), count])
  ])
  assert.deepEqual(told, [
    ['', [main, 1], ["{ never('x') }", 0]],
    ['top', ['function top(a: number): number { return a > 1 ? used(a) : 0 }', 1], [': 0', 0]],
    ['never', ['function never(x: string) { return x }', 0]]
  ])
})
