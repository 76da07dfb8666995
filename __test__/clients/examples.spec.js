// The examples whose frameworks are installed for clients only: each is copied, and edited while it runs.
const assert = require('node:assert/strict')
const { readFileSync } = require('node:fs')
const http = require('node:http')
const path = require('node:path')
const { describe, test } = require('node:test')
const { root } = require('../support/project.js')
const { connect, get, makeClient } = require('./support/client.js')

/** Starts an example as a user does who copied it. */
async function start(t, name) {
  const project = makeClient(t, { 'package.json': '{ "type": "module" }' })
  project.copy(`examples/${name}`)
  const program = project.hmr(['-l', 'server.ts'], { PORT: '0' })
  const [address] = /http:\S+/.exec(await program.line('Listening on'))
  await program.line('Open /hello')
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  t.after(() => agent.destroy())
  return { project, program, address, agent, ask: (path) => get(`${address}${path}`, agent) }
}

/** An edit of the application and one of what it imports, over the same connection as the first answer. */
async function updates({ project, program, ask }, first) {
  project.edit('app.ts', 'Hello!', 'Hi!')
  await program.line('app.ts → server.ts updated')
  const second = await ask('/hello')
  assert.deepEqual([second.body, second.port], ['Hi!', first.port])
  project.edit('lib/clock.ts', 'new Date().toISOString()', "'noon'")
  await program.line('lib/clock.ts → app.ts → server.ts updated')
  assert.equal((await ask('/time')).body, '{"time":"noon"}')
}

test('examples/hono-ts: the application, what it imports and the chat are updated; the WebSocket is kept, also by a reload', async (t) => {
  const { project, program, address, ask } = await start(t, 'hono-ts')
  const first = await ask('/hello')
  assert.equal(first.body, 'Hello!')
  const client = await connect(t, address.replace('http:', 'ws:'))
  const says = async (text) => {
    client.socket.send(text)
    return client.message()
  }
  assert.equal(await says('one'), 'You said one.')

  await updates({ project, program, ask }, first)
  project.edit('chat.ts', 'You said', 'Did you say')
  await program.line('chat.ts → server.ts updated')
  assert.equal(await says('two'), 'Did you say two.')

  project.edit('app.ts', 'context.text("Hi!")', 'context.text("Hi!"')
  await program.line('the new version cannot be loaded')
  assert.equal((await ask('/hello')).body, 'Hi!')
  project.edit('app.ts', 'context.text("Hi!"', 'context.text("Back!")')
  await program.line('(recovered)')
  assert.equal((await ask('/hello')).body, 'Back!')

  project.edit('server.ts', 'reply(String(data))', 'reply(`${data}!`)')
  await program.line('server.ts reloaded')
  const third = await ask('/hello')
  assert.deepEqual([third.body, third.port], ['Back!', first.port])
  assert.equal(await says('three'), 'Did you say three.')
  const later = await connect(t, address.replace('http:', 'ws:'))
  later.socket.send('four')
  assert.equal(await later.message(), 'Did you say four!.')
})

test('examples/fastify-ts: the application and what it imports are updated; one that fails is not', async (t) => {
  const { project, program, ask } = await start(t, 'fastify-ts')
  const first = await ask('/hello')
  assert.equal(first.body, 'Hello!')
  await updates({ project, program, ask }, first)

  const plugin = 'app.register(async () => { throw new Error("no database") });\n'
  project.edit('app.ts', '// Plugins', `${plugin}// Plugins`)
  await program.line('app.ts: the new version failed')
  await program.line('no database')
  assert.equal((await ask('/hello')).body, 'Hi!')
  project.edit('app.ts', plugin, '')
  await program.line('(recovered)')
  project.edit(
    'server.ts',
    'app.routing(request, response)',
    '(response.setHeader("x-edited", "yes"), app.routing(request, response))'
  )
  await program.line('server.ts reloaded')
  const third = await ask('/hello')
  assert.deepEqual([third.body, third.headers['x-edited'], third.port], ['Hi!', 'yes', first.port])
})

/** What exports the application of each framework, in `app.ts`; Nest is run by a `server.ts` of its own. */
const applications = {
  Express: `import express from "express"
    export default express().get("/", (_request, response) => { response.send("first") })`,
  Koa: `import Koa from "koa"
    export default new Koa().use((context) => { context.body = "first" }).callback()`,
  Hono: `import { Hono } from "hono"
    export default new Hono().get("/", (context) => context.text("first"))`,
  Fastify: `import Fastify from "fastify"
    const app = Fastify()
    app.get("/", async () => "first")
    await app.ready()
    export default app`,
  Nest: `import { Controller, Get, Module } from "@nestjs/common"
    @Controller()
    class AppController { @Get() answer(): string { return "first" } }
    @Module({ controllers: [AppController] })
    export class AppModule {}`,
  'plain http': `import type { RequestListener } from "node:http"
    const app: RequestListener = (_request, response) => { response.end("first") }
    export default app`
}

describe('docs/hot.md: the lines for each framework', () => {
  const blocks = readFileSync(path.join(root, 'docs/hot.md'), 'utf8').matchAll(
    /```ts part\n\/\/ server\.ts: (.*)\n([\s\S]*?)```/g
  )
  const recipes = new Map(Array.from(blocks, ([, name, text]) => [name, text]))
  for (const [name, app] of Object.entries(applications))
    test(name, async (t) => {
      const project = makeClient(t, {
        'package.json': '{ "type": "module" }',
        'tsconfig.json': '{ "compilerOptions": { "experimentalDecorators": true, "emitDecoratorMetadata": true } }',
        'server.ts': recipes.get(name),
        'app.ts': app,
        'port.cjs': `require("node:net").Server.prototype.listen = (function (listen) {
          return function (...all) {
            this.once("listening", () => console.log("http://localhost:" + this.address().port))
            return Reflect.apply(listen, this, all)
          }
        })(require("node:net").Server.prototype.listen)`
      })
      const program = project.run(['--require', './port.cjs', '--import', '@upvotr/node-hmr/register', 'server.ts'], {
        PORT: '0',
        HMR_LOGGING: '1'
      })
      const [address] = /http:\S+/.exec(await program.line('http:'))
      const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
      t.after(() => agent.destroy())
      const first = await get(address, agent)
      assert.equal(first.body, 'first')
      project.edit('app.ts', '"first"', '"second"')
      await program.line(/app\.ts → server\.ts updated/)
      const second = await get(address, agent)
      assert.deepEqual([second.body, second.port], ['second', first.port])
    })
})
