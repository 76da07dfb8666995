// Ordinary servers of each framework, run by `hmr` as they are and edited under load.
const assert = require('node:assert/strict')
const http = require('node:http')
const { once } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { installed } = require('./support/client.js')
const { link } = require('../support/project.js')
const { KINDS, inTime, requests, underLoad } = require('../support/under-load.js')

const EDITS = 200

const clients = (port) => [requests(http, port, true), requests(http, port, true), requests(http, port, false)]

/** What each imports, and its code; `UP` says the port. */
const servers = {
  'express 4': {
    imports: { express: 'express-4' },
    code: `const app = express()
      app.get('/', (_, response) => response.send(String(version)))
      app.listen(0, '127.0.0.1', UP)`
  },
  'express 5': {
    imports: { express: 'express' },
    code: `const app = express()
      app.get('/', (_, response) => response.send(String(version)))
      app.listen(0, '127.0.0.1', UP)`
  },
  fastify: {
    imports: { fastify: 'fastify' },
    code: `const app = fastify()
      app.get('/', async () => String(version))
      app.listen({ port: 0, host: '127.0.0.1' }).then(UP.bind(app))`
  },
  koa: {
    imports: { Koa: 'koa' },
    code: `const app = new (Koa.default ?? Koa)()
      app.use((context) => { context.body = String(version) })
      app.listen(0, '127.0.0.1', UP)`
  },
  hono: {
    imports: { '{ Hono }': 'hono', '{ serve }': '@hono/node-server' },
    code: `const app = new Hono()
      app.get('/', (context) => context.text(String(version)))
      const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, () => UP.call(server))`
  }
}

const packages = (folder) => {
  const all = fs.readdirSync(path.join(installed, 'node_modules')).filter((name) => !name.startsWith('.'))
  for (const name of all.filter((name) => name !== '@upvotr'))
    link(path.join(installed, 'node_modules', name), path.join(folder, 'node_modules', name))
}

for (const [name, server] of Object.entries(servers))
  for (const kind of Object.keys(KINDS))
    test(`${name}, ${kind}: no request is refused, reset or left hanging, and no version goes backwards`, (t) =>
      underLoad(t, { kind, server: { ...server, clients }, link: packages, edits: kind === 'typescript' ? EDITS : 40 }))

const nest = {
  imports: {
    '{ Controller, Get, Module }': '@nestjs/common',
    '{ NestFactory }': '@nestjs/core'
  },
  code: `
    @Controller()
    class AppController {
      @Get()
      answer(): string { return String(version) }
    }
    @Module({ controllers: [AppController] })
    class AppModule {}
    NestFactory.create(AppModule, { logger: ['error'] })
      .then((app) => app.listen(0, '127.0.0.1'))
      .then((server) => UP.call(server))`,
  files: {
    'tsconfig.json': '{ "compilerOptions": { "experimentalDecorators": true, "emitDecoratorMetadata": true } }'
  },
  clients
}
test('nest: no request is refused, reset or left hanging, and no version goes backwards', (t) =>
  underLoad(t, { kind: 'typescript', server: nest, link: packages, edits: 100 }))

/** A client with a WebSocket of its own, which stays with the version that accepted it. */
function webSockets(port, isKept) {
  const { WebSocket } = require('ws')
  let kept
  return {
    staysOld: isKept,
    async ask() {
      const socket = kept ?? new WebSocket(`ws://127.0.0.1:${port}`)
      if (isKept) kept = socket
      if (socket.readyState !== WebSocket.OPEN) await once(socket, 'open')
      const answer = once(socket, 'message')
      socket.send('?')
      const [data] = await answer
      if (!isKept) socket.close()
      return String(data)
    },
    close: () => kept?.terminate()
  }
}

const ws = {
  imports: { http: 'node:http', '{ WebSocketServer }': 'ws' },
  code: `const server = http.createServer((_, response) => response.end(String(version)))
    new WebSocketServer({ server }).on('connection', (socket) => socket.on('message', () => socket.send(String(version))))
    server.listen(0, '127.0.0.1', UP)`,
  clients: (port) => [webSockets(port, true), webSockets(port, false), requests(http, port, true)]
}
for (const kind of Object.keys(KINDS))
  test(`ws, ${kind}: open sockets stay with their version, new ones go to the new one`, async (t) => {
    await underLoad(t, { kind, server: ws, link: packages, edits: 40 })
  })

/** A client of Socket.IO that stays connected. */
function ioClients(port) {
  const { io } = require(require.resolve('socket.io-client', { paths: [installed] }))
  const client = io(`http://127.0.0.1:${port}`, { transports: ['websocket'], reconnection: false })
  const answers = async () => String(await client.timeout(20_000).emitWithAck('ask'))
  return { staysOld: true, ask: answers, client, close: () => client.close() }
}

/** A client of Socket.IO that connects anew each time, by polling first. */
function ioVisitors(port) {
  const { io } = require(require.resolve('socket.io-client', { paths: [installed] }))
  return {
    async ask() {
      const client = io(`http://127.0.0.1:${port}`, { transports: ['websocket'], forceNew: true, reconnection: false })
      const answer = String(await client.timeout(20_000).emitWithAck('ask'))
      client.close()
      return answer
    },
    close() {}
  }
}

const socketIo = {
  imports: { http: 'node:http', '{ Server }': 'socket.io' },
  code: `const server = http.createServer((_, response) => response.end(String(version)))
    const io = new Server(server)
    io.on('connection', (socket) => socket.on('ask', (reply) => reply(version)))
    server.listen(0, '127.0.0.1', UP)`,
  clients: (port) => [ioClients(port), ioVisitors(port), requests(http, port, true)]
}
for (const kind of Object.keys(KINDS))
  test(`socket.io, ${kind}: a client stays connected, new ones are answered by the new version`, async (t) => {
    const { load, port } = await underLoad(t, { kind, server: socketIo, link: packages, edits: 40 })
    assert.ok(load.counts.every((count) => count > 0))
    await inTime(requests(http, port, false).ask(), 'an answer in the end')
  })
