'use strict'

// A promise that is rejected before its turn to be waited for has a handler all the same: without one, Node ends the
// process. A test of node:test fails by an unhandled rejection, and these also name it.
const assert = require('node:assert/strict')
const { describe, test } = require('node:test')
const hmr = require('@upvotr/node-hmr/vite-node')
const { fakeApp, captureConsole, deferred, withPlugin } = require('../support/fake-runner.js')

const [MAIN, A, BAD] = ['/app/main.js', '/app/src/a.js', '/app/bad.js']

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

describe('an entry that fails while another one is pending', () => {
  // [vite-node 24, 63]
  for (const [title, reload, isReported] of [
    ['`reload`: rejects', (app) => hmr.reload(app.runner, app.entries)],
    ['a full reload: rejects', (app) => app.send({ type: 'full-reload' })],
    ['`invalidate`: rejects', (app) => app.context(A).invalidate(), true],
    ['an ignored `invalidate`: is reported', (app) => void app.context(A).invalidate(), true]
  ])
    test(`by ${title}, and nothing is unhandled`, async (t) => {
      const [unhandled, { error }] = [watchRejections(t), captureConsole(t)]
      const slow = deferred()
      const fail = async () => {
        throw new Error('bad entry')
      }
      const app = fakeApp({ [MAIN]: () => slow.promise, [BAD]: fail }, { entries: [MAIN, BAD] })
      const done = reload(app)
      const rejected = done && assert.rejects(done, { message: 'bad entry' })
      await turn()
      slow.resolve()
      await rejected
      await turn()
      assert.deepEqual(unhandled, [])
      assert.deepEqual(app.executed, [MAIN, BAD])
      const failed = error.filter((line) => line.includes('asked for failed'))
      assert.equal(failed.length, isReported ? 1 : 0, error.join('\n'))
    })
})

test('the errors of further entries are reported, each once', async (t) => {
  const { error } = captureConsole(t)
  const shared = new Error('of a shared module')
  const entries = ['/app/one.js', '/app/two.js', '/app/three.js']
  const failing = (thrown) => async () => {
    throw thrown
  }
  const [one, two, three] = entries
  const app = fakeApp(
    { [one]: failing(shared), [two]: failing(shared), [three]: failing(new Error('of its own')) },
    { entries }
  )
  await assert.rejects(app.send({ type: 'full-reload' }), shared)
  assert.deepEqual(error, ['[vite-node] /app/three.js failed of its own'])
})

// [vite-node 53]
test('a listener whose result has a `then` that throws is reported', async (t) => {
  const { error } = captureConsole(t)
  const app = fakeApp()
  const unreadable = {
    get then() {
      throw new Error('unreadable')
    }
  }
  const hot = app.context(A)
  hot.on('event', () => unreadable)
  hot.dispose(() => unreadable)
  await app.send({ type: 'custom', event: 'event' })
  await app.send({ type: 'prune', paths: [A] })
  assert.deepEqual(error, [
    '[vite-node] a listener of "event" failed unreadable',
    '[vite-node] the disposer of /app/src/a.js failed unreadable'
  ])
})

test("an emitter's own `emit` that rejects is reported, whatever it is called for", async (t) => {
  const [unhandled, { error }] = [watchRejections(t), captureConsole(t)]
  const channel = { send() {}, on() {}, off() {} }
  const { app, server } = withPlugin({}, { ws: { send() {} }, environments: { ssr: { hot: channel } } })
  server.emitter.emit = async (event) => {
    throw new Error(`emit ${event}`)
  }
  server.ws.send({ type: 'connected' })
  let answer
  channel.on('question', (_, client) => (answer = client))
  app.context(A).send('question')
  answer.send({ type: 'connected' })
  await turn()
  assert.deepEqual(unhandled, [])
  const messages = error.filter((line) => line.endsWith('a "message" listener of the emitter failed emit message'))
  assert.equal(messages.length, 2, error.join('\n'))
})
