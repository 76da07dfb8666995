'use strict'
// Programs that try a port before they listen on it: get-port, detect-port and their like listen and close at once.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const http = require('node:http')
const net = require('node:net')
const { test } = require('node:test')
const v8 = require('node:v8')
const vm = require('node:vm')
const { hot } = require('./support/versions.js')

v8.setFlagsFromString('--expose-gc')
const collectGarbage = vm.runInNewContext('gc')
const HOST = '127.0.0.1'

/** Whether the port is free, as packages find out: by listening on it. */
async function probe(port, make = () => net.createServer()) {
  const server = make().unref()
  await new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, HOST, () => server.close((error) => (error ? reject(error) : resolve())))
  })
  return server
}

/** A version of a program that answers with its number, after `before()`. */
function answering(number, port, seen, before = async () => {}) {
  return async () => {
    const state = { text: 'x'.repeat(100_000) }
    seen.versions.push(new WeakRef(state))
    await before()
    const server = http.createServer((_, response) => response.end(`${number}${state.text.at(1e6) ?? ''}`))
    server.on('close', () => state)
    seen.server = server
    server.listen(port, HOST)
    await once(server, 'listening')
    seen.port = server.address().port
  }
}

function ask(port, agent) {
  return new Promise((resolve, reject) => {
    const request = http.get({ port, agent, host: HOST }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part) => (text += part))
      response.on('end', () => resolve(text))
      response.on('error', reject)
    })
    request.on('error', reject)
  })
}

function keeping(t) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  t.after(() => agent.destroy())
  return agent
}

const PROBES = { 'a plain server': net.createServer, 'an HTTP server': http.createServer }
for (const [name, make] of Object.entries(PROBES)) {
  // [hot 131, 134]
  test(`a port that was tried by ${name} stays with the old version until the new one listens`, async (t) => {
    const program = hot(t)
    const seen = { versions: [] }
    await program.start(answering(1, 0, seen))
    const { port, server: first } = seen
    const agent = keeping(t)
    assert.equal(await ask(port, agent), '1')
    let connections = 0
    const count = () => connections++
    first.on('connection', count)
    const before = async () => {
      const tried = await probe(port, make)
      assert.equal(tried.listening, false)
      assert.equal(first.listening, true)
      assert.equal(first.address().port, port)
      assert.equal(await ask(port, agent), '1')
      assert.equal(connections, 0, 'the kept connection')
      assert.equal(await ask(port), '1')
    }
    assert.equal(await program.reload(answering(2, port, seen, before)), 'up')
    assert.equal(connections, 1)
    assert.equal(await ask(port, agent), '2')
    assert.equal(await ask(port), '2')
    assert.equal(first.listening, false)
    assert.equal(seen.server._handle.hasRef(), true)
    await new Promise((resolve) => seen.server.close(resolve))
    await assert.rejects(ask(port))
  })
}

// [hot 134]
test('a version that fails after it has tried the port leaves it with the old one', async (t) => {
  const program = hot(t)
  const seen = { versions: [] }
  await program.start(answering(1, 0, seen))
  const { port, server: first } = seen
  const outcome = await program.reload(async () => {
    await probe(port)
    throw new Error('failed')
  })
  assert.equal(outcome, 'back')
  assert.equal(await ask(port), '1')
  assert.equal(first._handle.hasRef(), true)
  await new Promise((resolve) => first.close(resolve))
})

// [hot 133]
test('a server that is closed and listens again, by the same object, is as under node', async (t) => {
  const program = hot(t)
  const seen = { versions: [] }
  await program.start(answering(1, 0, seen))
  const { port } = seen
  const events = []
  await program.reload(async () => {
    const server = http.createServer((_, response) => response.end('2'))
    server.on('listening', () => events.push('listening')).on('close', () => events.push('close'))
    await new Promise((resolve) => server.listen(port, HOST, () => server.close(resolve)))
    server.listen(port, HOST)
    await once(server, 'listening')
    seen.server = server
  })
  assert.deepEqual(events, ['listening', 'close', 'listening'])
  assert.equal(await ask(port), '2')
  await new Promise((resolve, reject) => seen.server.close((error) => (error ? reject(error) : resolve())))
  assert.equal(events.at(-1), 'close')
  await assert.rejects(ask(port))
})

/** Counts what is left. Finalizers of native functions run in turns of their own. */
async function alive(refs) {
  for (let round = 0; round < 10; round++) {
    await new Promise(setImmediate)
    collectGarbage()
  }
  return refs.filter((ref) => ref.deref()).length
}

for (const kind of ['tries the port', 'has a plain server in the place of an HTTP server']) {
  // [hot 141, 142]
  test(`reloads of a program that ${kind} leave no version and no timer`, async (t) => {
    const program = hot(t)
    const seen = { versions: [] }
    await program.start(answering(1, 0, seen))
    const { port } = seen
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const plain = async () => {
      seen.server = net.createServer().listen(port, HOST)
      await once(seen.server, 'listening')
    }
    const before = timers()
    for (let number = 2; number < 12; number++) {
      if (kind.startsWith('has') && number % 2 === 0) await program.reloaded(plain)
      else
        await program.reloaded(
          answering(number, port, seen, async () => {
            if (kind.startsWith('tries')) await probe(port)
          })
        )
    }
    const left = await alive(seen.versions)
    assert.ok(left <= 2, `${left} of ${seen.versions.length} versions are left`)
    assert.ok(timers() <= before, `${before} timers became ${timers()}`)
    await new Promise((resolve) => seen.server.close(resolve))
    await program.reloaded(() => {})
  })
}
