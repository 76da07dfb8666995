'use strict'

const assert = require('node:assert/strict')
const { describe, test, before, after } = require('node:test')
const hmr = require('@upvotr/node-hmr/vite-node')
const { STACKS, loadStack, startApp } = require('../support/vite-node-app.js')
const { captureConsole } = require('../support/fake-runner.js')
const scenarios = { ...require('./scenarios.js'), ...require('./failing-scenarios.js') }

for (const name of STACKS) {
  for (const who of ['ours', 'theirs']) {
    for (const [scenario, { fixture, breaks, start, steps }] of Object.entries(scenarios)) {
      describe(`${name}, hot by ${who === 'ours' ? 'our entry' : "vite-node's own"}: ${scenario}`, () => {
        let app
        before(async () => {
          const stack = await loadStack(name)
          app = await startApp(stack, who === 'ours' ? hmr : stack.ownHmr, fixture)
          if (breaks) await app.replace(...breaks)
        })
        after(() => app.close())

        test('the start', async () => {
          await app.start()
          assert.deepEqual(app.takeLog(), start)
        })
        for (const { title, act, ours, theirs = ours } of steps) {
          test(title, async (t) => {
            await act(app, captureConsole(t))
            assert.deepEqual(app.takeLog(), who === 'ours' ? ours : theirs)
          })
        }
      })
    }
  }
}
