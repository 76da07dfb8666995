// Where stacks say that code is.
const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const path = require('node:path')
const { test } = require('node:test')

const runner = path.join(__dirname, 'support/hot-program.js')
const entry = path.join(__dirname, 'fixtures/es/traces/main.ts')

// [hot 73]
test("Stack traces name the source's own file, line and column, for every kind of module", () => {
  const env = { ...process.env, NODE_OPTIONS: undefined, NODE_TEST_CONTEXT: undefined, NO_COLOR: '1' }
  const lines = execFileSync(process.execPath, [runner, entry], { encoding: 'utf8', env }).trim().split('\n')
  assert.deepEqual(lines, [
    "[ 'boom.ts:3:40', 'main.ts:12:5', 'main.ts:17:1' ]",
    "[ 'main.ts:18:20' ]",
    "[ 'call-sites.ts', 2 ]",
    'ReferenceError',
    "[ 'common.cts:1:41', 'common.cts:2:1' ]"
  ])
})
