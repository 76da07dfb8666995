'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { describe, test, before, after } = require('node:test')
const hmr = require('@upvotr/node-hmr/vite-node')
const { STACKS, loadStack, startApp } = require('../support/vite-node-app.js')
const { captureConsole } = require('../support/fake-runner.js')
const scenarios = {
  ...require('./scenarios.js'),
  ...require('./failing-scenarios.js'),
  ...require('./graph-scenarios.js')
}

const document = (name) => fs.readFileSync(path.join(__dirname, '../../docs', name), 'utf8')

// [vite-node 36]
test('the differences are those of the list, and each of the list is shown', () => {
  const numbers = (text, pattern) => [...text.matchAll(pattern)].map(([, number]) => number)
  const [, contract] = document('contract/vite-node.md').split(/^## 2\./m)
  const list = numbers(contract, /^(\d+)\. /gm)
  assert.deepEqual(numbers(document('vite-node.md'), /^\| (\d+) \|/gm), list)

  const shown = new Set()
  for (const { title, ours, theirs, why } of Object.values(scenarios).flatMap(({ steps }) => steps)) {
    assert.equal(theirs === undefined, why === undefined, title)
    if (theirs === undefined) continue
    assert.notDeepEqual(theirs, ours, title)
    for (const number of /^\d+(?:, \d+)*/.exec(why)[0].split(', ')) shown.add(number)
  }
  assert.deepEqual([...shown].sort(), list.slice().sort())
})

for (const name of STACKS) {
  for (const who of ['ours', 'theirs']) {
    for (const [scenario, { fixture, breaks, entry, plugins, start, steps }] of Object.entries(scenarios)) {
      // [vite-node 1]
      describe(`${name}, hot by ${who === 'ours' ? 'our entry' : "vite-node's own"}: ${scenario}`, () => {
        let app
        before(async () => {
          const stack = await loadStack(name)
          app = await startApp(stack, who === 'ours' ? hmr : stack.ownHmr, fixture, { entry, plugins })
          if (breaks) await app.replace(...breaks)
        })
        after(() => app.close())

        test('the start', async () => {
          await app.start()
          assert.deepEqual(app.takeLog(), start)
        })
        for (const { title, act, ours, theirs = ours } of steps) {
          // [vite-node 11, 13, 14, 16, 17, 23, 24, 27, 34, 36, 37, 38, 39, 40, 42, 43, 44, 45, 46, 48, 49, 52, 54, 56, 57, 58, 60, 61, 62, 63, 64, 65, 66, 67, 68]
          test(title, async (t) => {
            await act(app, captureConsole(t))
            assert.deepEqual(app.takeLog(), who === 'ours' ? ours : theirs)
          })
        }
      })
    }
  }
}
