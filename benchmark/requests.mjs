// What running hot costs a request: requests per second of one server under `hmr` and under plain Node, in turns.
// Usage: node benchmark/requests.mjs [--turns 20] [--time 300] [--server http|express|await]
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import os from 'node:os'
import path from 'node:path'
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

const rows = [['server', ...Object.keys(ways).map((way) => `${way}, requests/s`), 'ratio']]
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
    const rates = running.map(() => [])
    for (let turn = 0; turn <= Number(values.turns); turn++) {
      const order = running.map((_, place) => place)
      if (turn % 2) order.reverse()
      for (const place of order) {
        const rate = await burst(running[place].port, Number(values.time))
        // The first turn warms up.
        if (turn > 0) rates[place].push(rate)
      }
    }
    const ratios = rates[1].map((rate, turn) => rate / rates[0][turn])
    return [name, ...rates.map((all) => Math.round(median(all))), median(ratios).toFixed(3)]
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

/** Requests per second over kept connections. */
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
  return rate
}
