'use strict'

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const { once } = require('node:events')
const http = require('node:http')
const net = require('node:net')
const os = require('node:os')
const path = require('node:path')
const { test } = require('node:test')
const { hot } = require('./support/versions.js')

/** Asks; `agent` keeps its connections. */
function ask(port, agent, options = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request({ port, agent, host: '127.0.0.1', ...options }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (part) => (text += part))
      response.on('end', () => resolve(text))
      response.on('error', reject)
    })
    request.on('error', reject)
    request.end()
  })
}

/** An agent with one kept connection. */
function keeping(t) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  t.after(() => agent.destroy())
  return agent
}

/** A version of a program that answers with its number. */
function answering(number, port, seen = {}) {
  return async () => {
    const server = http.createServer((_, response) => response.end(String(number)))
    seen.server = server
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return server
  }
}

// [hot 131]
test('the next request on a kept-alive connection is answered by the new version', async (t) => {
  const program = hot(t)
  const agent = keeping(t)
  const first = await program.start(answering(1, 0))
  const { port } = first.address()
  let sockets = 0
  first.on('connection', () => sockets++)
  assert.equal(await ask(port, agent), '1')
  const seen = {}
  assert.equal(await program.reload(answering(2, 0, seen)), 'up')
  assert.equal(seen.server.address().port, port, 'the n-th listen(0) is the same as before')
  assert.equal(await ask(port, agent), '2')
  assert.equal(await ask(port), '2')
  assert.equal(first.listening, false)
  assert.equal(seen.server.listening, true)
  const closed = once(seen.server, 'close')
  await new Promise((resolve, reject) => seen.server.close((error) => (error ? reject(error) : resolve())))
  await closed
  await assert.rejects(ask(port))
})

test('requests under way are finished by the version that began them, and then it is released', async (t) => {
  const program = hot(t)
  let begun
  const started = new Promise((resolve) => (begun = resolve))
  const first = await program.start(async () => {
    const server = http.createServer((_, response) => {
      response.write('slow ')
      begun(response)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return server
  })
  const { port } = first.address()
  const slow = ask(port)
  const response = await started
  const second = {}
  assert.equal(await program.reload(answering(2, 0, second)), 'up')
  let isClosed = false
  first.on('close', () => (isClosed = true))
  assert.equal(await ask(port), '2')
  response.end('1')
  assert.equal(await slow, 'slow 1')
  assert.equal(await program.transition.over(), 'over')
  await new Promise(setImmediate)
  assert.equal(isClosed, true)
  second.server.close()
  second.server.closeAllConnections()
})

// [hot 134]
test('until the new version listens, the old one answers', async (t) => {
  const program = hot(t)
  const first = await program.start(answering(1, 0))
  const { port } = first.address()
  const seen = {}
  await program.reload(async () => {
    assert.equal(await ask(port), '1')
    await answering(2, 0, seen)()
    assert.equal(await ask(port), '2')
  })
  seen.server.close()
})

test('a version that fails after it has listened gives the port and its connections back', async (t) => {
  const program = hot(t)
  const agent = keeping(t)
  const first = await program.start(answering(1, 0))
  const { port } = first.address()
  let closes = 0
  first.on('close', () => closes++)
  assert.equal(await ask(port, agent), '1')
  const fresh = keeping(t)
  const outcome = await program.reload(async () => {
    await answering(2, 0)()
    assert.equal(await ask(port, agent), '2')
    assert.equal(await ask(port, fresh), '2')
    throw new Error('failed')
  })
  assert.equal(outcome, 'back')
  for (const each of [agent, fresh, undefined]) assert.equal(await ask(port, each), '1')
  assert.equal(first.listening, true)
  assert.equal(first.address().port, port)
  assert.equal(closes, 0)
  await new Promise((resolve) => first.close(resolve))
  assert.equal(closes, 1)
  await assert.rejects(ask(port))
})

// [hot 135]
test('a server that is not asked for again is closed once the new version has come up', async (t) => {
  const program = hot(t)
  const [one, two] = await program.start(async () => [await answering(1, 0)(), await answering(1, 0)()])
  const ports = [one.address().port, two.address().port]
  const seen = {}
  const began = Date.now()
  await program.reload(answering(2, 0, seen))
  assert.ok(Date.now() - began >= 1900, 'its evaluation ended 2 s ago')
  assert.equal(await ask(ports[0]), '2')
  await assert.rejects(ask(ports[1]), { code: 'ECONNREFUSED' })
  seen.server.close()
})

test('two servers of one version on one address fail as under node', async (t) => {
  const program = hot(t)
  const first = await program.start(answering(1, 0))
  const { port } = first.address()
  first.close()
  await once(first, 'close')
  const seen = {}
  await program.start(answering(1, port, seen))
  await program.reload(async () => {
    const old = seen.server
    await answering(2, port, seen)()
    assert.notEqual(seen.server, old)
    await assert.rejects(answering(2, port)(), { code: 'EADDRINUSE' })
  })
  assert.equal(await ask(port), '2')
  seen.server.close()
})

// [hot 136]
test('a disposer that closes the server itself is honoured', async (t) => {
  const program = hot(t)
  const first = await program.start(answering(1, 0))
  const { port } = first.address()
  first.close()
  const seen = {}
  await program.reload(answering(2, port, seen))
  assert.equal(await ask(port), '2')
  seen.server.close()
})

test('plain sockets stay with the version that accepted them, on TCP and on a pipe', async (t) => {
  const program = hot(t)
  const pipe =
    process.platform === 'win32' ? `\\\\.\\pipe\\hmr-${process.pid}` : path.join(os.tmpdir(), `hmr-${process.pid}.sock`)
  const echo = (number, seen) => async () => {
    seen.servers = []
    for (const address of [{ port: 0, host: '127.0.0.1' }, { path: pipe }]) {
      const server = net.createServer((socket) => {
        socket.on('data', (data) => socket.write(`${number}${data}`))
      })
      server.listen(address)
      await once(server, 'listening')
      seen.servers.push(server)
    }
  }
  const talk = async (socket, text) => {
    socket.write(text)
    const [data] = await once(socket, 'data')
    return String(data)
  }
  const one = {}
  const two = {}
  await program.start(echo(1, one))
  const { port } = one.servers[0].address()
  const open = () => [net.connect(port, '127.0.0.1'), net.connect(pipe)]
  const old = open()
  for (const socket of old) assert.equal(await talk(socket, 'a'), '1a')
  await program.reload(echo(2, two))
  assert.equal(two.servers[1].address(), pipe)
  const young = open()
  for (const socket of old) assert.equal(await talk(socket, 'b'), '1b')
  for (const socket of young) assert.equal(await talk(socket, 'c'), '2c')
  const closed = one.servers.map((server) => once(server, 'close'))
  for (const socket of old) socket.end()
  await Promise.all(closed)
  for (const socket of young) socket.end()
  for (const server of two.servers) server.close()
})

test('an address that excludes that of the old version takes its place', async (t) => {
  const program = hot(t)
  const seen = {}
  const version = (number, port, host) => async () => {
    seen.server = http.createServer((_, response) => response.end(String(number)))
    seen.server.listen(port, host)
    await once(seen.server, 'listening')
  }
  await program.start(version(1, 0))
  const { port } = seen.server.address()
  const first = seen.server
  const agent = keeping(t)
  assert.equal(await ask(port, agent), '1')
  const outcome = await program.reload(async () => {
    await version(2, port, '127.0.0.1')()
    assert.equal(await ask(port, agent), '2')
    assert.equal(await ask(port), '2')
    throw new Error('failed')
  })
  assert.equal(outcome, 'back')
  assert.equal(await ask(port, agent), '1')
  assert.equal(await ask(port), '1')
  assert.equal(first.address().port, port)
  assert.equal(await program.reload(version(3, port, '127.0.0.1')), 'up')
  assert.equal(seen.server.address().address, '127.0.0.1')
  assert.equal(await ask(port, agent), '3')
  assert.equal(await ask(port), '3')
  await new Promise((resolve) => seen.server.close(resolve))
})

/** Reloads while clients ask without pause, over new and over kept connections; answers never go backwards. */
async function loaded(t, program, version, ask, rounds) {
  const counts = { answers: 0 }
  let isOver = false
  const client = async () => {
    let last = 0
    while (!isOver) {
      const answer = Number(await ask())
      assert.ok(answer >= last, `${answer} after ${last}`)
      last = answer
      counts.answers++
    }
  }
  const clients = [client(), client(), client()]
  for (let number = 2; number <= rounds; number++) {
    await program.reload(version(number))
    for (const goal = counts.answers + 6; counts.answers < goal; ) await Promise.race([...clients, immediate()])
  }
  isOver = true
  await Promise.all(clients)
  await program.transition.over()
  return counts
}

const immediate = () => new Promise(setImmediate)

for (const name of ['express', 'express-4']) {
  test(`under load, no request of ${name} is refused, reset or left hanging over reloads`, async (t) => {
    const program = hot(t)
    const express = require(name)
    let server
    const version = (number) => () => {
      const app = express()
      app.get('/', (_, response) => setImmediate(() => response.send(String(number))))
      server = app.listen(server?.address().port ?? 0, '127.0.0.1')
      return server
    }
    program.start(version(1))
    await once(server, 'listening')
    const { port } = server.address()
    const agent = new http.Agent({ keepAlive: true, maxSockets: 2 })
    t.after(() => agent.destroy())
    let count = 0
    await loaded(t, program, version, () => ask(port, count++ % 2 ? agent : undefined), 20)
    await new Promise((resolve) => server.close(resolve))
  })
}

for (const policy of ['rr', 'none']) {
  test(`in a worker of a cluster (${policy}) the address stays that of the worker`, () => {
    const main = path.join(__dirname, 'fixtures/program-cluster/main.js')
    const versions = path.join(__dirname, 'support/versions.js')
    const env = { ...process.env, NODE_CLUSTER_SCHED_POLICY: policy }
    const child = spawnSync(process.execPath, [main, versions], { encoding: 'utf8', env, timeout: 60_000 })
    assert.equal(child.stdout, '1,1,1,1\n2,2,2,2\n', child.stderr)
  })
}
