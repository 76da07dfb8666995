// Each example is copied into a project of its own and edited while it runs.
const assert = require('node:assert/strict')
const { once } = require('node:events')
const fs = require('node:fs')
const http = require('node:http')
const path = require('node:path')
const { test } = require('node:test')
const { WebSocket } = require('ws')
const { PATIENCE, makeProject, root, run } = require('./support/project.js')

const concepts = fs.readFileSync(path.join(root, 'docs/concepts.md'), 'utf8')

for (const [file, line] of [
  ['examples/basics/index.js', 'Hello, world!'],
  ['examples/synthetic-require/index.js', 'Hello from TypeScript!']
])
  test(`${file} runs where it stands, and finds the package by its name`, async (t) => {
    await run(t, [path.join(root, file)], root).line(line)
  })

test('examples/basics: an edit of the inner module, then of the outer one, is seen', async (t) => {
  const project = makeProject(t)
  project.copy('examples/basics')
  const example = project.run(['index.js'])
  const startedAt = values(await example.line('persistent values are from'))
  await example.line('Hello, world!')
  await example.line('Edit examples/basics')

  project.edit('words.js', 'Hello', 'Goodbye')
  await example.line('Goodbye, world!')

  project.edit('greeter.js', 'greeting(name)', 'greeting(name.toUpperCase())')
  assert.equal(values(await example.line('persistent values are from')), startedAt)
  await example.line('Goodbye, WORLD!')

  // The inner module is watched again.
  project.edit('words.js', 'Goodbye', 'Welcome')
  await example.line('Welcome, WORLD!')

  function values(line) {
    return line.split(' ').at(-1)
  }
})

for (const jiti of ['jiti', 'jiti-1'])
  test(`examples/synthetic-require: TypeScript and ES modules are updated (${jiti})`, async (t) => {
    const project = makeProject(t, { jiti })
    project.copy('examples/synthetic-require')
    const example = project.run(['index.js'])
    await example.line('Hello from an ES module!')
    await example.line('Hello from TypeScript!')
    await example.line('Edit examples/synthetic-require')

    project.edit('esm.mjs', 'Hello', 'Goodbye')
    await example.line('Goodbye from an ES module!')
    project.edit('typescript.ts', 'Hello', 'Goodbye')
    await example.line('Goodbye from TypeScript!')
    project.edit('esm.mjs', 'Goodbye', 'Welcome back')
    await example.line('Welcome back from an ES module!')
  })

for (const express of ['express', 'express-4'])
  test(`examples/express: connections survive every edit (${express})`, async (t) => {
    const project = makeProject(t, { express, ws: 'ws' })
    project.copy('examples/express')
    const example = project.hmr(['-f', 'server.js', '-l'], { PORT: '0' })
    const [address] = /http:\S+/.exec(await example.line('Listening on'))
    await example.line('routes/hello.js')

    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    t.after(() => agent.destroy())
    // `npm start`: "`/` answers something that says what to edit"
    assert.match((await get(`${address}/`, agent)).body, /edit .*hello\.js, save it/)
    const first = await get(`${address}/hello`, agent)
    assert.equal(first.body, 'Hello!')
    const socket = connect(t, address)
    assert.equal(await socket.message(), 'connected')

    // A route.
    project.edit('routes/hello.js', 'Hello!', 'Hi!')
    assert.equal(await socket.message(), 'updated ./routes/hello.js')
    assert.deepEqual(await get(`${address}/hello`, agent), { body: 'Hi!', port: first.port })

    // A helper that a route requires plainly.
    project.edit('lib/clock.js', 'new Date()', "'twelve'")
    assert.equal(await socket.message(), 'updated ./routes/time.js')
    assert.equal((await get(`${address}/time`)).body, '{"time":"twelve"}')
    const logged = await example.line('lib/clock.js')
    assert.equal(neutral(logged), neutral(/^.*lib\/clock\.js →.*$/m.exec(concepts)[0]), 'as docs/concepts.md shows it')

    // A route that does not parse, and its repair.
    project.edit('routes/hello.js', '=>', '= >')
    await example.line(/last good/i)
    assert.deepEqual(await get(`${address}/hello`, agent), { body: 'Hi!', port: first.port })
    project.edit('routes/hello.js', '= >', '=>')
    assert.equal(await socket.message(), 'updated ./routes/hello.js')

    // The server's own module.
    project.edit('server.js', '"connected"', '"connected anew"')
    await example.line('server.js')
    const later = connect(t, address)
    assert.equal(await later.message(), 'connected anew')
    assert.deepEqual(await get(`${address}/hello`, agent), { body: 'Hi!', port: first.port })
    assert.match((await get(`${address}/time`, agent)).body, /^\{"time":/)

    // Both sockets are told of what happens next, once.
    project.edit('routes/hello.js', 'Hi!', 'Welcome!')
    assert.equal(await socket.message(), 'updated ./routes/hello.js')
    assert.equal(await later.message(), 'updated ./routes/hello.js')
    assert.deepEqual(await get(`${address}/hello`, agent), { body: 'Welcome!', port: first.port })
    assert.deepEqual([socket.waiting(), later.waiting()], [0, 0])
  })

for (const [name, reset] of [
  ['express', (app) => (app.router.stack.length = 0)],
  ['express-4', (app) => (app._router = undefined)]
])
  test(`docs/recipes.md: the routes of an Express app can be taken out (${name})`, async (t) => {
    const express = require(name)
    const app = express()
    const server = app.listen(0)
    t.after(() => server.close())
    await once(server, 'listening')
    const address = `http://localhost:${server.address().port}`
    app.get('/old', (request, response) => response.send('old'))
    assert.equal((await get(`${address}/old`)).body, 'old')

    reset(app)
    app.get('/new', (request, response) => response.json('new'))
    assert.match((await get(`${address}/old`)).body, /Cannot GET/)
    assert.equal((await get(`${address}/new`)).body, '"new"')
  })

/** A line of the log, whenever it was and however long it took. */
function neutral(line) {
  return line.replace(/^\d\d:\d\d:\d\d /, 'TIME ').replace(/ in \d+\.\d ms$/, ' in SOME ms')
}

/** A GET request; `port` is this side's, which tells connections apart. */
async function get(url, agent) {
  const request = http.get(url, { agent })
  const [response] = await once(request, 'response')
  const port = response.socket.localPort
  let body = ''
  for await (const chunk of response.setEncoding('utf8')) body += chunk
  return agent ? { body, port } : { body }
}

/** A WebSocket whose messages are awaited one by one. */
function connect(t, address) {
  const socket = new WebSocket(address.replace('http:', 'ws:'))
  t.after(() => socket.terminate())
  const messages = []
  let wake = () => {}
  let failure
  socket.on('message', (data) => wake(messages.push(String(data))))
  socket.on('error', (error) => wake((failure = error)))
  socket.on('close', () => wake((failure ??= new Error('The WebSocket was closed.'))))
  return {
    waiting: () => messages.length,
    async message() {
      const timer = setTimeout(() => wake((failure = new Error('No message came.'))), PATIENCE)
      while (messages.length === 0 && !failure) await new Promise((resolve) => (wake = resolve))
      clearTimeout(timer)
      if (messages.length === 0) throw failure
      return messages.shift()
    }
  }
}
