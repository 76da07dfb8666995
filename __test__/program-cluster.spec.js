'use strict'
// Clusters as people write them: one entry for the primary and its workers.
const assert = require('node:assert/strict')
const http = require('node:http')
const { test } = require('node:test')
const { makeFolder } = require('./support/files')
const { hmr } = require('./support/process')

const text = (value) => `export const text: string = '${value}'`

function ask(port, path = '/') {
  return new Promise((resolve, reject) => {
    const request = http.get({ port, path, host: '127.0.0.1', agent: false }, (response) => {
      let answer = ''
      response.setEncoding('utf8').on('data', (part) => (answer += part))
      response.on('end', () => resolve(answer)).on('error', reject)
    })
    request.on('error', reject)
  })
}

/** Asks all the time: `stop()` gives the answers, each once in a row. */
function asking(port) {
  const answers = []
  let goesOn = true
  const all = (async () => {
    while (goesOn) {
      const answer = await ask(port).catch((error) => error.code)
      if (answers.at(-1) !== answer) answers.push(answer)
    }
  })()
  return async () => {
    goesOn = false
    await all
    return answers
  }
}

/** A cluster of two whose workers and primary import one module. */
function run(t, port, env = {}) {
  const folder = makeFolder(t, {
    files: {
      'package.json': '{ "type": "module" }',
      'main.ts': `import cluster from 'node:cluster'
        import http from 'node:http'
        import { text } from './text.ts'
        if (cluster.isPrimary) {
          console.log('primary', text)
          cluster.fork()
          cluster.fork()
        } else {
          const server = http.createServer((request, response) => {
            if (request.url !== '/slow') return response.end(text)
            console.log('slow')
            setTimeout(() => response.end('slow ' + text), 1500)
          })
          server.listen(${port}, '127.0.0.1', () => console.log('worker', process.pid, (server.address() as any).port, text))
        }`,
      'text.ts': text('one')
    }
  })
  return { ...folder, program: hmr(t, ['-l', 'main.ts'], { cwd: folder.dir, env }) }
}

/** What two workers printed. */
async function both(program, version) {
  const workers = []
  for (let n = 0; n < 2; n++)
    workers.push((await program.printed(new RegExp(`worker (\\d+) (\\d+) ${version}`))).slice(1))
  return workers.sort()
}

for (const [name, port, env] of [
  ['any port', '0', {}],
  ['a port', '0 + Number(process.env.APP_PORT)', {}],
  ['a handle of their own', '0', { NODE_CLUSTER_SCHED_POLICY: 'none' }]
]) {
  // [hot 131, 171]
  test(`"cluster: each worker is hot by itself; the primary keeps its version until it is started again": workers on ${name}`, async (t) => {
    if (name === 'a port') env.APP_PORT = await freePort()
    const { program, write } = run(t, port, env)
    const before = await both(program, 'one')
    const stop = asking(before[0][1])
    const line =
      /text\.ts is left to the workers of the cluster; their primary keeps its version until it is started again$/gm
    const said = () => program.text.stdout.match(line)?.length ?? 0
    for (const [index, version] of ['two', 'three'].entries()) {
      write('text.ts', text(version))
      assert.deepEqual(await both(program, version), before, 'the same workers, on the same port')
      // The primary, which passes on the clients, may come to the save after its workers; it takes two that wait as one.
      await program.until('the line of the primary', () => said() > index)
      assert.equal(said(), index + 1, 'once per save')
    }
    const answers = await stop()
    const places = answers.map((answer) => ['one', 'two', 'three'].indexOf(answer))
    assert.ok(!places.includes(-1), `no request is refused: ${answers}`)
    assert.equal(await ask(before[0][1]), 'three')
    assert.equal(program.text.stdout.match(/^primary/gm).length, 1)
    assert.equal(program.text.stderr, '')
  })
}

// [hot 143, 146, 149, 171]
test('a restart of the primary is a restart of its workers: requests are finished, none is refused', async (t) => {
  const port = await freePort()
  const { program, write } = run(t, port)
  await both(program, 'one')
  const slow = ask(port, '/slow')
  await program.printed('slow')
  const stop = asking(port)
  write('text.ts', text('two'))
  await both(program, 'two')
  write('package.json', '{ "type": "module", "version": "1.0.0" }')
  await program.printed('primary two')
  await both(program, 'two')
  assert.equal(await slow, 'slow one')
  assert.equal(await ask(port), 'two')
  const answers = await stop()
  assert.ok(
    answers.every((answer) => answer === 'one' || answer === 'two'),
    answers.join()
  )
  assert.equal(program.text.stderr, '')
})

async function freePort() {
  const server = http.createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return String(port)
}
