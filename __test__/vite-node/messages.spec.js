'use strict'

// Users and tests wait for sentences of vite-node's own module: each of them stands in ours, to the letter.
const assert = require('node:assert/strict')
const { describe, test, before } = require('node:test')
const hmr = require('@upvotr/node-hmr/vite-node')
const { STACKS, loadStack } = require('../support/vite-node-app.js')
const { captureConsole, jsUpdate } = require('../support/fake-runner.js')

const MAIN = '/app/main.js'

/** What `entry` prints about a message, with a main module that accepts itself. */
async function printed(t, entry, payload, executeId = async () => ({})) {
  const lines = captureConsole(t)
  const runner = { root: '/app', moduleCache: new Map([[MAIN, {}]]), executeId }
  const emitter = entry.createHmrEmitter()
  entry.createHotContext(runner, emitter, [MAIN], MAIN).accept()
  await entry.handleMessage(runner, emitter, [MAIN], payload)
  t.mock.reset()
  return { log: lines.log, error: lines.error }
}

for (const name of STACKS)
  describe(`what ${name} prints`, () => {
    let theirs
    before(async () => {
      theirs = (await loadStack(name)).ownHmr
    })
    const update = { type: 'update', updates: [jsUpdate(MAIN)] }
    const fail = async () => {
      throw new Error('broken')
    }
    for (const [title, sentence, payload, executeId] of [
      ['an update', /^\[vite-node\] hot updated: \/app\/main\.js$/, update],
      [
        'a failing update',
        /^\[hmr\] Failed to reload \/app\/main\.js\. This could be due to syntax errors or importing non-existent modules\. \(see errors above\)/,
        update,
        fail
      ],
      [
        'a style sheet',
        /^\[vite-node\] no support css hmr\.}/,
        { type: 'update', updates: [{ type: 'css-update', path: '/a.css', acceptedPath: '/a.css', timestamp: 1 }] }
      ],
      [
        'an error of the server',
        /^\[vite-node\] Internal Server Error\nmessage\nstack$/,
        { type: 'error', err: { message: 'message', stack: 'stack' } }
      ]
    ])
      test(`${title}: each line begins ours, in the same order`, async (t) => {
        const [own, ours] = [await printed(t, theirs, payload, executeId), await printed(t, hmr, payload, executeId)]
        assert.match([...own.log, ...own.error].at(-1), sentence)
        for (const stream of ['log', 'error']) {
          // Theirs announces a failed update as done.
          const shared = own[stream].filter((line) => !(executeId && line.includes('hot updated')))
          assert.equal(ours[stream].length, shared.length)
          shared.forEach((line, index) => assert.ok(ours[stream][index].startsWith(line), ours[stream][index]))
        }
      })
  })
