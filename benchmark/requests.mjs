// What running hot costs a request: the processor time of the JavaScript thread, and requests per second, of one server under
// `hmr` and under plain Node, in turns. Linux only: elsewhere there is no such clock for a thread.
// Usage: node benchmark/requests.mjs [--turns 20] [--time 300] [--server http|express|await]
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { median, table } from './support/figures.mjs'
import { root } from './support/project.mjs'

const { values } = parseArgs({
  options: {
    turns: { type: 'string', default: '20' },
    time: { type: 'string', default: '300' },
    server: { type: 'string', default: 'http,await,express' }
  }
})
/** Requests under way at once. */
const CONNECTIONS = 16

const servers = {
  http: `import http from 'node:http'
http.createServer((_, response) => response.end('hello')).listen(0, '127.0.0.1', up)`,
  // Promises, timers and a file: what an application does for a request.
  await: `import http from 'node:http'
import { stat } from 'node:fs/promises'
const wait = () => new Promise((resolve) => setImmediate(resolve))
http.createServer(async (_, response) => {
  for (let n = 0; n < 20; n++) await null
  const timer = setTimeout(() => {}, 1000)
  await wait()
  await stat('.')
  clearTimeout(timer)
  response.end('hello')
}).listen(0, '127.0.0.1', up)`,
  express: `import express from 'express'
const app = express()
app.get('/', (_, response) => response.send('hello'))
app.listen(0, '127.0.0.1', up)`
}
const ways = {
  'plain node': (file) => [file],
  hmr: (file) => [path.join(root, 'bin/hmr.js'), file]
}

const names = Object.keys(ways)
const rows = [
  [
    'server',
    ...names.map((way) => `${way}, µs a request`),
    'hmr to plain node',
    ...names.map((way) => `${way}, requests/s`)
  ]
]
for (const name of values.server.split(',')) rows.push(await measure(name))
console.log(table(rows))

async function measure(name) {
  const folder = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'node-hmr-requests-')))
  mkdirSync(path.join(folder, 'node_modules'))
  symlinkSync(path.join(root, 'node_modules/express'), path.join(folder, 'node_modules/express'), 'junction')
  const code = servers[name].replace('up)', 'function () { console.log("up", this.address().port) })')
  writeFileSync(path.join(folder, 'server.mjs'), code)
  const running = []
  try {
    for (const way of Object.values(ways)) running.push(await start(way('server.mjs'), folder))
    const [rates, costs] = [running.map(() => []), running.map(() => [])]
    // While it starts, resources are noted that a version may leave open.
    await pause(3200)
    for (let turn = 0; turn <= Number(values.turns); turn++) {
      const order = running.map((_, place) => place)
      if (turn % 2) order.reverse()
      for (const place of order) {
        const { child, port } = running[place]
        const before = ran(child.pid)
        const { count, rate } = await burst(port, Number(values.time))
        // The first turn warms up.
        if (turn === 0) continue
        costs[place].push((ran(child.pid) - before) / count)
        rates[place].push(rate)
      }
    }
    const ratios = costs[1].map((cost, turn) => cost / costs[0][turn])
    const shown = costs.map((all) => median(all).toFixed(1))
    return [name, ...shown, median(ratios).toFixed(3), ...rates.map((all) => Math.round(median(all)))]
  } finally {
    for (const { child } of running) child.kill()
    rmSync(folder, { recursive: true, force: true })
  }
}

function start(args, cwd) {
  const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] })
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('exit', (code) => reject(new Error(`${args} ended with ${code}`)))
    child.stdout.setEncoding('utf8').on('data', (text) => {
      const match = /up (\d+)/.exec(text)
      if (match) resolve({ child, port: Number(match[1]) })
    })
  })
}

/** For how long the JavaScript thread of a process has run, in microseconds. */
function ran(pid) {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e3
}

/** Requests over kept connections. */
async function burst(port, time) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  const began = process.hrtime.bigint()
  const passed = () => Number(process.hrtime.bigint() - began) / 1e6
  let count = 0
  const client = async () => {
    while (passed() < time) {
      await new Promise((resolve, reject) => {
        const request = http.get({ port, agent, host: '127.0.0.1' }, (response) => response.resume().on('end', resolve))
        request.on('error', reject)
      })
      count++
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, client))
  const rate = (count / passed()) * 1000
  agent.destroy()
  return { count, rate }
}
