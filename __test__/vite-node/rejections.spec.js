'use strict'

// A promise that is rejected before its turn to be waited for has a handler all the same: without one, Node ends the
// process. A test of node:test fails by an unhandled rejection, and these also name it.
const assert = require('node:assert/strict')
const { describe, test } = require('node:test')
const { fakeApp, captureConsole, deferred } = require('../support/fake-runner.js')

const [MAIN, A] = ['/app/main.js', '/app/src/a.js']

/** The unhandled rejections from now on, by their messages. */
function watchRejections(t) {
  const unhandled = []
  const note = (error) => unhandled.push(error.message)
  process.on('unhandledRejection', note)
  t.after(() => process.off('unhandledRejection', note))
  return unhandled
}

/** Node looks for unhandled rejections when a turn of the event loop ends. */
const turn = () => new Promise(setImmediate)

const EVENTS = {
  event: { type: 'custom', event: 'event' },
  'vite:beforeUpdate': { type: 'update', updates: [] },
  'vite:afterUpdate': { type: 'update', updates: [] },
  'vite:beforeFullReload': { type: 'full-reload' },
  'vite:beforePrune': { type: 'prune', paths: [] },
  'vite:error': { type: 'error', err: { message: 'message' } },
  'vite:invalidate': undefined
}

describe('a listener that rejects while another one is pending', () => {
  // [vite-node 53]
  for (const [event, payload] of Object.entries(EVENTS))
    test(`of ${event}: is reported, and nothing is unhandled`, async (t) => {
      const [unhandled, { error }] = [watchRejections(t), captureConsole(t)]
      const app = fakeApp({ [MAIN]: () => {} })
      const hot = app.context(A)
      const slow = deferred()
      hot.on(event, () => slow.promise)
      hot.on(event, () => Promise.reject(new Error('rejected')))
      // A thenable is asked once, as `await` does it.
      let asked = 0
      hot.on(event, () => ({ then: (_, reject) => reject(new Error(`asked ${++asked} times`)) }))
      const done = payload ? app.send(payload) : hot.invalidate()
      await turn()
      slow.resolve()
      await done
      await turn()
      assert.deepEqual(unhandled, [])
      const failed = error.filter((line) => line.includes(`a listener of "${event}" failed`))
      assert.equal(failed.length, 2, error.join('\n'))
      assert.ok(failed[0].endsWith('rejected') && failed[1].endsWith('asked 1 times'), failed.join('\n'))
    })
})
