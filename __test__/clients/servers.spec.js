// One hot module per server framework: its routes are edited while a connection stays open.
const assert = require('node:assert/strict')
const http = require('node:http')
const { test } = require('node:test')
const { connect, get, makeClient } = require('./support/client.js')

/** How each framework is made, listens and is asked for its port, and how a request finds the routes of the last run. */
const frameworks = {
  'express 4': `
    const app = require('express-4')()
    app.get('/', (request, response) => response.send(values.answer()))
    const server = app.listen(0)
    await once(server, 'listening')`,
  'express 5': `
    const app = require('express')()
    app.get('/', (request, response) => response.send(values.answer()))
    const server = app.listen(0)
    await once(server, 'listening')`,
  fastify: `
    const app = require('fastify')({ forceCloseConnections: true })
    app.get('/', async () => values.answer())
    await app.listen({ port: 0 })
    const server = app.server`,
  koa: `
    const Koa = require('koa')
    const app = new (Koa.default ?? Koa)()
    app.use((context) => { context.body = values.answer() })
    const server = app.listen(0)
    await once(server, 'listening')`
}

for (const [name, make] of Object.entries(frameworks))
  test(`${name}: the next request over the same connection gets the edited answer`, async (t) => {
    const project = makeClient(t, { 'server.js': server(make), 'answer.js': hot("() => 'first answer'") })
    const program = project.hmr(['-f', 'server.js', '-l'])
    const [address] = /http:\S+/.exec(await program.line('http:'))
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    t.after(() => agent.destroy())
    const first = await get(address, agent)
    assert.equal(first.body, 'first answer')

    project.edit('answer.js', 'first', 'second')
    await program.line('answer.js updated')
    const second = await get(address, agent)
    assert.deepEqual([second.body, second.port], ['second answer', first.port])

    project.edit('server.js', "'once more'", "'twice more'")
    await program.line('twice more')
    project.edit('answer.js', 'second', 'third')
    await program.line('answer.js updated')
    const third = await get(address, agent)
    assert.deepEqual([third.body, third.port], ['third answer', first.port])
  })

test('ws: clients stay connected across edits of the handler, and no handler is left behind', async (t) => {
  const project = makeClient(t, {
    'server.js': hot(
      `({ sockets }) => {
        const onConnection = (client) => client.on('message', (data) => client.send(answer(String(data))))
        const answer = (text) => 'first ' + text
        for (const client of sockets.clients) onConnection(client)
        sockets.on('connection', onConnection)
        console.log('runs with', sockets.listenerCount('connection'))
        return onConnection
      }`,
      `async () => {
        const sockets = new (require('ws').WebSocketServer)({ port: 0 })
        await require('node:events').once(sockets, 'listening')
        console.log('ws://localhost:' + sockets.address().port)
        return { sockets }
      }`,
      `({ sockets }, onConnection) => {
        sockets.off('connection', onConnection)
        for (const client of sockets.clients) client.removeAllListeners('message')
      }`
    )
  })
  const program = project.hmr(['-f', 'server.js'])
  const [address] = /ws:\S+/.exec(await program.line('ws:'))
  await program.line('runs with 1')
  const client = await connect(t, address)
  client.socket.send('hello')
  assert.equal(await client.message(), 'first hello')
  project.edit('server.js', "'first '", "'second '")
  await program.line('runs with 1')
  client.socket.send('hello')
  assert.equal(await client.message(), 'second hello')
  assert.equal(client.waiting(), 0)
})

test('socket.io: a session survives an edit of its handlers', async (t) => {
  const { io } = require(require.resolve('socket.io-client', { paths: [require('./support/client.js').installed] }))
  const project = makeClient(t, {
    'server.js': hot(
      `({ io }) => {
        const answer = (text, reply) => reply('first ' + text)
        const onConnection = (client) => client.on('ask', answer)
        for (const client of io.sockets.sockets.values()) onConnection(client)
        io.on('connection', onConnection)
        console.log('runs')
        return { answer, onConnection }
      }`,
      `async () => {
        const server = require('node:http').createServer()
        const io = new (require('socket.io').Server)(server)
        await require('node:events').once(server.listen(0), 'listening')
        console.log('http://localhost:' + server.address().port)
        return { io }
      }`,
      `({ io }, { answer, onConnection }) => {
        io.off('connection', onConnection)
        for (const client of io.sockets.sockets.values()) client.off('ask', answer)
      }`
    )
  })
  const program = project.hmr(['-f', 'server.js'])
  const [address] = /http:\S+/.exec(await program.line('http:'))
  await program.line('runs')
  const client = io(address, { reconnection: false })
  t.after(() => client.close())
  assert.equal(await client.timeout(10_000).emitWithAck('ask', 'hello'), 'first hello')
  const { id } = client
  project.edit('server.js', "'first '", "'second '")
  await program.line('runs')
  assert.equal(await client.timeout(10_000).emitWithAck('ask', 'hello'), 'second hello')
  assert.equal(client.id, id)
})

test('a database pool is opened once, used by every version, and closed at a forced update', async (t) => {
  const project = makeClient(t, {
    // As those of Prisma and its like: opened explicitly, and an error to open twice.
    'pool.js': `let open = 0
      exports.Pool = class Pool {
        async $connect() {
          if (++open > 1) throw new Error('opened twice')
          console.log('opened')
        }
        async $disconnect() {
          open--
          console.log('closed')
        }
        async query(text) { return 'result of ' + text }
      }`,
    'server.js': hot(
      "async ({ pool }) => console.log(await pool.query('first query'))",
      `async () => {
        const { Pool } = require('./pool.js')
        const pool = new Pool()
        await pool.$connect()
        return { pool }
      }`,
      undefined,
      '({ pool }) => pool.$disconnect()'
    )
  })
  const program = project.hmr(['-f', 'server.js', '-l'])
  await program.line('result of first query')
  for (const [before, after] of [
    ['first', 'second'],
    ['second', 'third']
  ]) {
    project.edit('server.js', `${before} query`, `${after} query`)
    await program.line(`result of ${after} query`)
  }
  const steps = () => program.lines.filter((line) => /^(opened|closed)/.test(line))
  assert.deepEqual(steps(), ['opened'])

  project.edit('server.js', '/* forced */ false', 'true')
  await program.line('result of third query')
  assert.deepEqual(steps(), ['opened', 'closed', 'opened'])
  program.kill('SIGTERM')
  await program.ended
  assert.deepEqual(steps(), ['opened', 'closed', 'opened', 'closed'])
})

/** A server whose runner imports `answer.js`. */
function server(make) {
  return hot(
    `async (values) => {
      const answer = await values.runtime.import('./answer.js')
      values.answer = () => answer.exports
      console.log('once more')
    }`,
    `async () => {
      const { once } = require('node:events')
      const values = { runtime: require('@upvotr/node-hmr').createRuntime(require) }
      ${make}
      console.log('http://localhost:' + server.address().port)
      return values
    }`,
    "({ runtime }) => runtime.unimport('./answer.js')"
  )
}

/** A hot module with an asynchronous runner. */
function hot(run, generate, clean, cleanup) {
  return `const { createPersist, createRunner, hmr } = require('@upvotr/node-hmr')
    module.exports = hmr(
      ${generate ? `createPersist(${generate}, ${cleanup})` : 'null'},
      createRunner(${run}, ${clean}, true),
      /* forced */ false
    )`
}
