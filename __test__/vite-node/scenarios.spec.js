'use strict'

const assert = require('node:assert/strict')
const { describe, test, before, after } = require('node:test')
const hmr = require('@upvotr/node-hmr/vite-node')
const { STACKS, loadStack, startApp } = require('../support/vite-node-app.js')
const { captureConsole } = require('../support/fake-runner.js')
const scenarios = require('./scenarios.js')

for (const name of STACKS) {
  for (const who of ['ours', 'theirs']) {
    for (const [scenario, { fixture, start, steps }] of Object.entries(scenarios)) {
      describe(`${name}, hot by ${who === 'ours' ? 'our entry' : "vite-node's own"}: ${scenario}`, () => {
        let app
        before(async () => {
          const stack = await loadStack(name)
          app = await startApp(stack, who === 'ours' ? hmr : stack.ownHmr, fixture)
        })
        after(() => app.close())

        test('starts', async () => {
          await app.start()
          assert.deepEqual(app.takeLog(), start)
        })
        for (const { title, act, ours, theirs = ours } of steps) {
          test(title, async (t) => {
            captureConsole(t)
            await act(app)
            assert.deepEqual(app.takeLog(), who === 'ours' ? ours : theirs)
          })
        }
      })
    }
  }
}
