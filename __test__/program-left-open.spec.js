'use strict'
// What a reload leaves open is named; what somebody holds, or what was released, is not.
const assert = require('node:assert/strict')
const { once } = require('node:events')
const net = require('node:net')
const path = require('node:path')
const { test } = require('node:test')
const { pathToFileURL } = require('node:url')
const { makeFolder } = require('./support/files')
const { hmr, root, start } = require('./support/process')

const register = pathToFileURL(path.join(root, 'register.mjs')).href
const WAYS = {
  'hmr -l': (t, cwd) => hmr(t, ['-l', 'server.ts'], { cwd }),
  register: (t, cwd) =>
    start(t, [process.execPath, '--import', register, 'server.ts'], { cwd, env: { HMR_LOGGING: '1' } })
}

const PACKAGE = `
  exports.every = (time) => setInterval(() => {}, time)
  exports.child = () => require('child_process').spawn(process.execPath, ['-e', 'process.stdin.resume()'])
  exports.worker = () => new (require('worker_threads').Worker)('setInterval(() => {}, 1000)', { eval: true })
  exports.watch = () => require('fs').watch(__dirname)
  exports.Pool = class { #socket; constructor(port) { this.#socket = require('net').connect(port, '127.0.0.1') } }
`

/** Runs a program one of whose modules leaves an interval, and reloads it twice; gives what was named for each reload. */
async function reloads(t, way, code) {
  const peer = net.createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1')
  await once(peer, 'listening')
  const sockets = new Set()
  peer.on('connection', (socket) => sockets.add(socket))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    peer.close()
  })
  const { dir, write } = makeFolder(t, {
    files: {
      'node_modules/starter/package.json': '{ "name": "starter" }',
      'node_modules/starter/index.js': PACKAGE,
      'package.json': '{ "type": "module" }',
      'leak.ts': "import { every } from 'starter'\nevery(1000)\n",
      'lib.ts': 'export const version: number = 1\n',
      'server.ts': `import http from 'node:http'
        import { version } from './lib.ts'
        import './leak.ts'
        ${code.replaceAll('PORT', peer.address().port)}
        http.createServer(() => {}).listen(0, '127.0.0.1')
        console.log('runs', version)`
    }
  })
  const program = WAYS[way](t, dir)
  await program.printed('runs 1')
  const named = []
  for (const version of [2, 3]) {
    write('lib.ts', `export const version: number = ${version}\n`)
    await program.printed(`runs ${version}`)
    const [, list, ways] = await program.printed(/ \[hmr\] left open by what was replaced: (.*); end it in (.*)\n/)
    assert.equal(ways, '`import.meta.hot.dispose`, or keep it in `import.meta.hot.data`')
    named.push(list.split(', '))
  }
  assert.equal(program.text.stdout.split('left open').length, 3, 'once per reload')
  return { named, port: peer.address().port, program }
}

// [hot 141]
for (const way of Object.keys(WAYS))
  test(`${way}: "What stays open although nobody holds it … is named once per reload"`, async (t) => {
    const { named, port } = await reloads(
      t,
      way,
      `import net from 'node:net'
       import dgram from 'node:dgram'
       import { child, every, watch, worker } from 'starter'
       net.connect(PORT, '127.0.0.1')
       net.connect(PORT, '127.0.0.1')
       dgram.createSocket('udp4').bind(0)
       child(), every(1000), watch(), worker()`
    )
    const all = [
      'an interval (leak.ts)',
      'a UDP socket (server.ts)',
      'a child process (server.ts)',
      `2 sockets to 127.0.0.1:${port} (server.ts)`,
      'a watcher of files (server.ts)',
      'a worker (server.ts)',
      'an interval (server.ts)'
    ]
    for (const list of named) assert.deepEqual([...list].sort(), all.sort())
  })

// [hot 138, 141]
test('what somebody holds, or disposes of, or what is released is not named', async (t) => {
  const { named } = await reloads(
    t,
    'hmr -l',
    `import net from 'node:net'
     import fs from 'node:fs'
     import { spawn } from 'node:child_process'
     import { Worker } from 'node:worker_threads'
     import { Pool, every } from 'starter'
     const hot = import.meta.hot!
     hot.data.deep ??= { list: [every(1000)], map: new Map([['socket', net.connect(PORT, '127.0.0.1')]]) }
     ;(globalThis as any).pool ??= { clients: [{ stream: net.connect(PORT, '127.0.0.1') }] }
     const disposed = net.connect(PORT, '127.0.0.1')
     hot.dispose(() => void disposed.destroy())
     setInterval(() => {}, 1000)
     setTimeout(() => {}, 1e8)
     fs.watch('.')
     fs.watchFile('lib.ts', () => {})
     spawn(process.execPath, ['-e', 'process.stdin.resume()'])
     new Worker('setInterval(() => {}, 1000)', { eval: true })
     process.stdin.on('data', () => {})
     console.error('to stderr')`
  )
  assert.deepEqual(named, [['an interval (leak.ts)'], ['an interval (leak.ts)']])
})

test('a pool that shows nothing of what it has is taken for the holder of what its module opened', async (t) => {
  const { named } = await reloads(
    t,
    'hmr -l',
    "import { Pool } from 'starter'; import.meta.hot!.data.pool ??= new Pool(PORT)"
  )
  assert.deepEqual(named, [['an interval (leak.ts)'], ['an interval (leak.ts)']])
})

// [hot 141]
test('a socket in hot.data holds itself, and none of the others that its module opened', async (t) => {
  const { named, port } = await reloads(
    t,
    'hmr -l',
    `import net from 'node:net'
     import.meta.hot!.data.socket ??= net.connect(PORT, '127.0.0.1')
     net.connect(PORT, '127.0.0.1')`
  )
  const all = ['an interval (leak.ts)', `a socket to 127.0.0.1:${port} (server.ts)`]
  for (const list of named) assert.deepEqual(list, all)
})

// [hot 137]
test('a reload warns of no more listeners than the program has', async (t) => {
  const { program } = await reloads(t, 'hmr -l', "for (let n = 0; n < 9; n++) process.on('SIGUSR2', () => {})")
  assert.doesNotMatch(program.text.stderr, /MaxListeners/)
  const many = await reloads(t, 'register', "for (let n = 0; n < 11; n++) process.on('SIGUSR2', () => {})")
  assert.match(many.program.text.stderr, /MaxListenersExceededWarning/)
})
