'use strict'

// The contract of the classic API over ES modules and TypeScript, on the engine: the specs of CommonJS once more, with their
// fixtures as files of the other kinds.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { node } = require('./support')
const { KINDS } = require('./support/kinds')

/** Each spec, and those of its tests that are about a `require` function of the user's or about what only CommonJS has. */
const SPECS = {
  import: ['custom `require`', 'nobody handles stays', 'ids are taken as they are'],
  'first-import': ['a require of what is not there'],
  'import-again': ['while the file is away'],
  update: ['`emit` of a subclass'],
  lifecycle: [],
  fallback: [],
  persist: [],
  unimport: [],
  hanging: [],
  watchers: [],
  'async-context': [],
  'fallback-file': ['gives rubbish'],
  'runtime-emitter': ['an `emit` of a subclass']
}

for (const kind of Object.keys(KINDS)) {
  for (const [spec, leftOut] of Object.entries(SPECS)) {
    test(`${kind}: ${spec}`, async () => {
      const args = ['--test-reporter=spec', require.resolve('./support/one-kind'), kind, spec, ...leftOut]
      // Not a part of this run: a child of the test runner reports in another way.
      const { NODE_TEST_CONTEXT: _, ...env } = process.env
      const { code, stdout } = await node(args, { env, patience: 180_000 })
      assert.equal(code, 0, stdout.slice(stdout.indexOf('failing tests')))
      assert.match(stdout, /pass [1-9]/)
    })
  }
}
