'use strict'

const assert = require('node:assert/strict')
const { once } = require('node:events')
const http = require('node:http')
const { test } = require('node:test')
const v8 = require('node:v8')
const vm = require('node:vm')
const WebSocket = require('ws')
const addon = require('../bin/internals.js')
const { hot, resources } = require('./support/versions.js')

v8.setFlagsFromString('--expose-gc')
const collectGarbage = vm.runInNewContext('gc')

/** How many of these are left. Finalizers of native functions run in turns of their own. */
async function alive(refs) {
  for (let round = 0; round < 10; round++) {
    await new Promise(setImmediate)
    collectGarbage()
  }
  return refs.filter((ref) => ref.deref()).length
}

// [hot 142]
test('a hundred reloads leave listeners, timers, handles, sockets and versions as after one', async (t) => {
  const program = hot(t)
  const $ = resources.timers()
  const versions = []
  let fails = false
  let port = 0
  let server
  const version = async () => {
    const state = { text: 'x'.repeat(100_000) }
    versions.push(new WeakRef(state))
    server = http.createServer((_, response) => {
      setImmediate(() => response.end(String(state.text.length)))
    })
    new WebSocket.WebSocketServer({ server })
    $.setInterval(() => state.text, 1000)
    process.on('SIGUSR2', () => state)
    process.once('exit', () => state)
    server.on('close', () => state)
    server.listen(0, '127.0.0.1', () => state)
    await once(server, 'listening')
    port = server.address().port
    if (fails) throw new Error('failed')
  }
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  const ask = () =>
    new Promise((resolve, reject) => {
      const request = http.get({ port, agent, host: '127.0.0.1' }, (response) => response.resume().on('end', resolve))
      request.on('error', reject)
    })
  const census = () => ({
    listeners: ['SIGUSR2', 'exit', 'newListener', 'removeListener'].map((event) => process.listenerCount(event)),
    handles: process
      .getActiveResourcesInfo()
      .filter((name) => name !== 'Immediate')
      .sort(),
    references: addon.nativeReferences()
  })
  await program.start(version)
  await ask()
  await program.reloaded(version)
  await ask()
  await alive(versions)
  const after = census()
  for (let round = 0; round < 100; round++) {
    fails = round % 5 === 1
    await program.reloaded(version)
    await ask()
  }
  const left = await alive(versions)
  const { references, ...rest } = census()
  assert.deepEqual(rest, { listeners: after.listeners, handles: after.handles })
  assert.ok(references <= after.references + 10, `${after.references} native references became ${references}`)
  assert.ok(left <= 3, `${left} of ${versions.length} versions are left`)
  agent.destroy()
  await program.reloaded(() => {})
})
