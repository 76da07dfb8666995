// One unmodified program per framework, in TypeScript, run hot: what its routes use is edited twenty times.
const assert = require('node:assert/strict')
const http = require('node:http')
const { test } = require('node:test')
const { connect, get, installed, makeClient } = require('./support/client.js')

const EDITS = 20
const say = (port) => `console.log('http://localhost:' + ${port})`
const answer = (n) => `export const answer = (): string => 'answer ${n}'\n`

/** How each framework is made, listens and says its port. What answers is imported as `answer`. */
const frameworks = {
  'express 5': `import express from 'express'
    const app = express()
    app.get('/', (_request, response) => { response.send(answer()) })
    const server = app.listen(0, () => ${say('(server.address() as any).port')})`,
  'fastify 5': `import fastify from 'fastify'
    const app = fastify()
    app.get('/', async () => answer())
    await app.listen({ port: 0 })
    ${say('(app.server.address() as any).port')}`,
  'koa 3': `import Koa from 'koa'
    const app = new Koa()
    app.use((context) => { context.body = answer() })
    const server = app.listen(0, () => ${say('(server.address() as any).port')})`,
  hono: `import { serve } from '@hono/node-server'
    import { Hono } from 'hono'
    const app = new Hono().get('/', (context) => context.text(answer()))
    serve({ fetch: app.fetch, port: 0 }, ({ port }) => ${say('port')})`,
  'drizzle on node:http': `import { createServer } from 'node:http'
    import { createClient } from '@libsql/client'
    import { sql } from 'drizzle-orm'
    import { drizzle } from 'drizzle-orm/libsql'
    import { int, sqliteTable, text } from 'drizzle-orm/sqlite-core'
    const rows = sqliteTable('rows', { id: int().primaryKey(), text: text().notNull() })
    const db = drizzle(createClient({ url: ':memory:' }))
    await db.run(sql\`create table rows (id integer primary key, text text not null)\`)
    await db.insert(rows).values({ text: answer() })
    const server = createServer(async (_request, response) => {
      const [row] = await db.select().from(rows)
      response.end(row!.text)
    })
    server.listen(0, () => ${say('(server.address() as any).port')})`
}

for (const [name, text] of Object.entries(frameworks))
  test(`${name}: ${EDITS} edits, each answered over the port that stays`, async (t) => {
    const project = makeClient(t, {
      'package.json': '{ "type": "module" }',
      'server.ts': `import { answer } from './answer.ts'\n${text}`,
      'answer.ts': answer(0)
    })
    await editsAndAsks(t, project)
  })

test(`nest 11: ${EDITS} edits, with decorators and their metadata`, async (t) => {
  const project = makeClient(t, {
    'package.json': '{}',
    'tsconfig.json':
      '{ "compilerOptions": { "module": "commonjs", "target": "ES2022", "experimentalDecorators": true, "emitDecoratorMetadata": true } }',
    'answer.ts': answer(0),
    'app.service.ts': `import { Injectable } from '@nestjs/common'
      import { answer } from './answer'
      @Injectable()
      export class AppService {
        answer(): string { return answer() }
      }`,
    'app.controller.ts': `import { Controller, Get } from '@nestjs/common'
      import { AppService } from './app.service'
      @Controller()
      export class AppController {
        constructor(private readonly service: AppService) {}
        @Get()
        answer(): string { return this.service.answer() }
      }`,
    'app.module.ts': `import { Module } from '@nestjs/common'
      import { AppController } from './app.controller'
      import { AppService } from './app.service'
      @Module({ controllers: [AppController], providers: [AppService] })
      export class AppModule {}`,
    'server.ts': `import 'reflect-metadata'
      import { NestFactory } from '@nestjs/core'
      import { AppModule } from './app.module'
      async function bootstrap() {
        const app = await NestFactory.create(AppModule, { logger: ['error'] })
        await app.listen(0)
        ${say('app.getHttpServer().address().port')}
      }
      void bootstrap()`
  })
  await editsAndAsks(t, project)
})

test(`adonisjs 6: ${EDITS} edits, taken by its routes`, async (t) => {
  const project = makeClient(t, {
    'package.json': '{ "type": "module" }',
    'server.ts': `import 'reflect-metadata'
      import { Ignitor } from '@adonisjs/core'
      const root = new URL('./', import.meta.url)
      const importer = (path: string) => import(/^\\.\\.?\\//.test(path) ? new URL(path, root).href : path)
      await new Ignitor(root, { importer })
        .tap((app) => app.ready(async () => {
          const server = await app.container.make('server')
          ${say('(server.getNodeServer()!.address() as any).port')}
        }))
        .httpServer()
        .start()`,
    'adonisrc.ts': `import { defineConfig } from '@adonisjs/core/app'
      export default defineConfig({
        providers: [() => import('@adonisjs/core/providers/app_provider')],
        preloads: [() => import('./routes.ts')]
      })`,
    'config/app.ts': `import { Secret } from '@adonisjs/core/helpers'
      import { defineConfig } from '@adonisjs/core/http'
      export const appKey = new Secret('of thirty-two characters or more')
      export const http = defineConfig({})`,
    'config/logger.ts': `import { defineConfig } from '@adonisjs/core/logger'
      export default defineConfig({ default: 'app', loggers: { app: { enabled: false } } })`,
    'routes.ts': `import router from '@adonisjs/core/services/router'
      import { answer } from './answer.ts'
      router.get('/', () => answer())
      import.meta.hot?.accept('./answer.ts')`,
    'answer.ts': answer(0)
  })
  await editsAndAsks(t, project, { HOST: 'localhost', PORT: '0' })
})

test(`ws: ${EDITS} edits; those who connect then meet the new version, those before stay connected`, async (t) => {
  const project = makeClient(t, {
    'package.json': '{ "type": "module" }',
    'answer.ts': answer(0),
    'server.ts': `import { WebSocketServer } from 'ws'
      import { answer } from './answer.ts'
      const sockets = new WebSocketServer({ port: 0 })
      sockets.on('connection', (client) => client.on('message', () => client.send(answer())))
      sockets.on('listening', () => ${say('(sockets.address() as any).port')})`
  })
  const program = project.hmr(['-l', 'server.ts'])
  const [address] = /http:\S+/.exec(await program.line('http:'))
  const first = await connect(t, address.replace('http', 'ws'))
  for (let n = 0; n <= EDITS; n++) {
    if (n > 0) await edit(project, program, n)
    const client = await connect(t, address.replace('http', 'ws'))
    client.socket.send('?')
    assert.equal(await client.message(), `answer ${n}`)
    client.socket.terminate()
  }
  first.socket.send('?')
  assert.equal(await first.message(), 'answer 0')
})

test(`socket.io: ${EDITS} edits`, async (t) => {
  const { io } = require(require.resolve('socket.io-client', { paths: [installed] }))
  const project = makeClient(t, {
    'package.json': '{ "type": "module" }',
    'answer.ts': answer(0),
    'server.ts': `import { createServer } from 'node:http'
      import { Server } from 'socket.io'
      import { answer } from './answer.ts'
      const server = createServer()
      new Server(server).on('connection', (client) => client.on('ask', (reply) => reply(answer())))
      server.listen(0, () => ${say('(server.address() as any).port')})`
  })
  const program = project.hmr(['-l', 'server.ts'])
  const [address] = /http:\S+/.exec(await program.line('http:'))
  for (let n = 0; n <= EDITS; n++) {
    if (n > 0) await edit(project, program, n)
    const client = io(address, { forceNew: true })
    t.after(() => client.close())
    assert.equal(await client.timeout(10_000).emitWithAck('ask'), `answer ${n}`)
    client.close()
  }
})

/** Starts the program, edits `answer.ts` and asks for the answer. */
async function editsAndAsks(t, project, env) {
  const program = project.hmr(['-l', 'server.ts'], env)
  const [address] = /http:\S+/.exec(await program.line('http:'))
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  t.after(() => agent.destroy())
  for (let n = 0; n <= EDITS; n++) {
    if (n > 0) await edit(project, program, n)
    assert.equal((await get(address, agent)).body, `answer ${n}`)
    assert.equal((await get(address)).body, `answer ${n}`)
  }
  assert.equal(program.lines.filter((line) => /error|warning/i.test(line)).join('\n'), '')
  program.kill('SIGINT')
  assert.equal(await program.ended, 130)
}

async function edit(project, program, n) {
  project.edit('answer.ts', `answer ${n - 1}`, `answer ${n}`)
  await program.line(/answer\.ts.* (updated|reloaded) in/)
}
