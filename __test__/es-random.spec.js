// The law of the language, in small: `scripts/random-programs.mjs` has the same in large.
const assert = require('node:assert/strict')
const path = require('node:path')
const { test } = require('node:test')
const { root, start } = require('./support/process')

const script = path.join(root, 'scripts/random-programs.mjs')

// [hot 38, 39]
for (const [what, ...options] of [
  ['with -n'],
  ['hot', '--hot'],
  ['graphs of re-exports', '--stars'],
  ['graphs of re-exports, hot', '--stars', '--hot']
])
  test(`random programs log what they log under plain node (${what})`, async (t) => {
    const command = [process.execPath, script, '--count', '150', '--seed', '1', ...options]
    const { code, stdout, stderr } = await start(t, command).ended(120_000)
    assert.equal(code, 0, stdout + stderr)
    assert.match(stdout, /^150 passed, 0 failed$/m)
  })
