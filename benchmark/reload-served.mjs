// From the save to the answer of the new version, of a server that nobody wrote for this package: `hmr` and `bun --hot`
// on the same program, in turns. `leaf` edits the last of the modules, `entry` the server itself. Bun comes with `npm run bench` into .cache/bench, or is named by --bun.
// Usage: node benchmark/reload-served.mjs [--modules 1,1000] [--edits leaf,entry] [--saves 20] [--bun path]
import { spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import http from 'node:http'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { median, table } from './support/figures.mjs'
import { root } from './support/project.mjs'

const { values } = parseArgs({
  options: {
    modules: { type: 'string', default: '1,1000' },
    edits: { type: 'string', default: 'leaf,entry' },
    saves: { type: 'string', default: '20' },
    bun: { type: 'string', default: bunOf(path.join(root, '.cache/bench/node_modules')) }
  }
})
const tools = {
  hmr: [process.execPath, path.join(root, 'bin/hmr.js'), 'server.ts'],
  ...(values.bun && existsSync(values.bun) ? { 'bun --hot': [values.bun, '--hot', 'server.ts'] } : {})
}

const agents = new Map()
const rows = [['modules', 'edited', ...Object.keys(tools).map((name) => `${name}, ms`), 'ratio']]
for (const count of values.modules.split(',').map(Number)) {
  for (const edited of values.edits.split(',')) rows.push(await measure(count, edited))
}
console.log(table(rows))

async function measure(count, edited) {
  const running = []
  try {
    for (const command of Object.values(tools)) running.push(await start(command, count))
    const took = running.map(() => [])
    for (let save = 1; save <= Number(values.saves) + 2; save++) {
      const order = running.map((_, place) => place)
      if (save % 2) order.reverse()
      for (const place of order) {
        await pause(60)
        const time = await saved(running[place], edited, save)
        // The first two warm up.
        if (save > 2) took[place].push(time)
      }
    }
    const medians = took.map(median)
    return [
      count,
      edited,
      ...medians.map((time) => time.toFixed(1)),
      medians.length > 1 ? (medians[0] / medians[1]).toFixed(2) : ''
    ]
  } finally {
    for (const { child, folder } of running) {
      child.kill()
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

/** Saves a file, and asks until the new version answers. */
async function saved({ folder, port, entry }, edited, version) {
  const file = path.join(folder, edited === 'entry' ? 'server.ts' : 'last.ts')
  writeFileSync(`${file}~`, edited === 'entry' ? entry(version) : leaf(version))
  const began = process.hrtime.bigint()
  renameSync(`${file}~`, file)
  while (!(await ask(port)).split(' ').includes(`v${version}`)) await new Promise(setImmediate)
  return Number(process.hrtime.bigint() - began) / 1e6
}

function leaf(version) {
  return `export const version: string = 'v${version}'\n`
}

function ask(port) {
  if (!agents.has(port)) agents.set(port, new http.Agent({ keepAlive: true, maxSockets: 1 }))
  return new Promise((resolve, reject) => {
    const request = http.get({ port, agent: agents.get(port), host: '127.0.0.1' }, (response) => {
      let body = ''
      response
        .setEncoding('utf8')
        .on('data', (part) => {
          body += part
        })
        .on('end', () => resolve(body))
    })
    request.on('error', reject)
  })
}

/** A server of `count` modules beside its entry, which imports all of them. */
async function start([command, ...args], count) {
  const folder = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'node-hmr-served-')))
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }')
  const imports = []
  for (let n = 1; n < count; n++) {
    const part = `part${Math.floor(n / 50)}`
    mkdirSync(path.join(folder, part), { recursive: true })
    writeFileSync(
      path.join(folder, part, `module${n}.ts`),
      `export interface Item${n} { id: number }\nexport const value${n}: number = ${n}\nexport function double${n}(item: Item${n}): number { return item.id * 2 }\n`
    )
    imports.push(`import './${part}/module${n}.ts'`)
  }
  writeFileSync(path.join(folder, 'last.ts'), leaf(0))
  const free = await freePort()
  const entry = (version) => `import http from 'node:http'
import { version } from './last.ts'
${imports.join('\n')}
const server = http.createServer((_, response) => response.end(\`\${version} v${version}\`))
server.listen(${free}, '127.0.0.1', () => console.log('up', (server.address() as any).port))\n`
  writeFileSync(path.join(folder, 'server.ts'), entry(0))
  const child = spawn(command, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
  const port = await new Promise((resolve, reject) => {
    child.on('error', reject).on('exit', (code) => reject(new Error(`${command} ended with ${code}`)))
    child.stdout.setEncoding('utf8').on('data', (out) => {
      const match = /up (\d+)/.exec(out)
      if (match) resolve(Number(match[1]))
    })
  })
  return { child, folder, port, entry }
}

function freePort() {
  const server = http.createServer().listen(0, '127.0.0.1')
  return new Promise((resolve) => {
    server.on('listening', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

function bunOf(folder) {
  const scope = path.join(folder, '@oven')
  const found = existsSync(scope) ? readdirSync(scope)[0] : undefined
  return found && path.join(scope, found, 'bin/bun')
}
