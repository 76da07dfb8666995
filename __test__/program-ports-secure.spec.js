'use strict'

const assert = require('node:assert/strict')
const { once } = require('node:events')
const fs = require('node:fs')
const http = require('node:http')
const http2 = require('node:http2')
const https = require('node:https')
const path = require('node:path')
const { test } = require('node:test')
const WebSocket = require('ws')
const { hot } = require('./support/versions.js')

const folder = path.join(__dirname, 'fixtures/certificate')
const tls = {
  key: fs.readFileSync(path.join(folder, 'key.pem')),
  cert: fs.readFileSync(path.join(folder, 'certificate.pem'))
}

/** Asks; gives the text and the socket. */
function ask(port, agent) {
  return new Promise((resolve, reject) => {
    const options = { port, agent: agent ?? false, host: '127.0.0.1', rejectUnauthorized: false }
    const request = https.get(options, (response) => {
      let text = ''
      response.on('data', (part) => (text += part))
      response.on('end', () => resolve({ text, isReused: request.reusedSocket }))
    })
    request.on('error', reject)
  })
}

test('https: kept connections and new ones get the new version; close waits for them', async (t) => {
  const program = hot(t)
  let server
  const version = (number) => async () => {
    server = https.createServer(tls, (_, response) => response.end(String(number)))
    server.listen(server.port ?? 0, '127.0.0.1')
    await once(server, 'listening')
  }
  await program.start(version(1))
  const { port } = server.address()
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1 })
  assert.equal((await ask(port, agent)).text, '1')
  await program.reload(version(2))
  assert.deepEqual(await ask(port, agent), { text: '2', isReused: true })
  assert.equal((await ask(port)).text, '2')
  await program.reload(async () => {
    await version(3)()
    throw new Error('failed')
  })
  assert.deepEqual(await ask(port, agent), { text: '2', isReused: true })
  await program.reload(version(4))
  assert.deepEqual(await ask(port, agent), { text: '4', isReused: true })
  const count = await new Promise((resolve) => server.getConnections((_, count) => resolve(count)))
  assert.equal(count, 1)
  await new Promise((resolve) => server.close(resolve))
  agent.destroy()
})

test('http2: streams of open sessions get the new version, those under way stay with the old one', async (t) => {
  const program = hot(t)
  const held = []
  let server
  const version = (number, secure) => async () => {
    const answer = (request, response) => {
      if (request.url === '/slow') held.push(response)
      else response.end(String(number))
    }
    server = secure ? http2.createSecureServer(tls, answer) : http2.createServer(answer)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  }
  const get = (session, path = '/') =>
    new Promise((resolve, reject) => {
      let text = ''
      const stream = session.request({ ':path': path })
      stream.setEncoding('utf8')
      stream.on('data', (part) => (text += part))
      stream.on('end', () => resolve(text))
      stream.on('error', reject)
    })
  for (const secure of [false, true]) {
    await program.start(version(1, secure))
    const { port } = server.address()
    const url = `${secure ? 'https' : 'http'}://127.0.0.1:${port}`
    const session = http2.connect(url, { rejectUnauthorized: false })
    assert.equal(await get(session), '1')
    const slow = get(session, '/slow')
    while (held.length === 0) await new Promise(setImmediate)
    assert.equal(await program.reload(version(2, secure)), 'up')
    assert.equal(await get(session), '2')
    assert.equal(program.transition.progress?.() ?? 'up', 'up')
    held.pop().end('1 slow')
    assert.equal(await slow, '1 slow')
    await program.transition.over()
    assert.equal(await get(session), '2')
    session.close()
    await new Promise((resolve) => server.close(resolve))
  }
})

// [hot 132]
test('upgraded sockets stay with the version that accepted them and new ones go to the new version', async (t) => {
  const program = hot(t)
  let server
  const version = (number) => async () => {
    server = http.createServer((_, response) => response.end(String(number)))
    const sockets = new WebSocket.WebSocketServer({ server })
    sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(`${number} ${data}`)))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  }
  const open = async (port, agent) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, { agent })
    await once(socket, 'open')
    return socket
  }
  const say = async (socket, text) => {
    socket.send(text)
    const [data] = await once(socket, 'message')
    return String(data)
  }
  await program.start(version(1))
  const { port } = server.address()
  const old = server
  const one = await open(port)
  const closes = []
  old.on('close', () => closes.push('close'))
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  await new Promise((resolve) =>
    http.get({ port, agent, host: '127.0.0.1' }, (response) => response.resume().on('end', resolve))
  )
  assert.equal(await say(one, 'a'), '1 a')
  await program.reloaded(version(2))
  assert.equal(await say(one, 'b'), '1 b')
  const two = await open(port, agent)
  const three = await open(port)
  assert.equal(await say(two, 'c'), '2 c', 'an upgrade of a kept connection')
  assert.equal(await say(three, 'c'), '2 c')
  assert.deepEqual(closes, [])
  one.close()
  await once(old, 'close')
  for (const socket of [two, three]) socket.terminate()
  await new Promise((resolve) => server.close(resolve))
})
