// What a program keeps after 1, 10 and 100 reloads: a table of its heap, modules, listeners, timers, handles, descriptors
// and sockets. The program has servers, intervals, process listeners, a watcher and 100 KB of state in each module.
// Usage: node --expose-gc benchmark/reloads.mjs [--reloads 1,10,100] [--kind typescript|es|commonjs] [--check] [--snapshots]
// `--check` fails if something has grown. `--snapshots` leaves a heap snapshot of each count in the working directory.
import { spawn } from 'node:child_process'
import { mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { table } from './support/figures.mjs'
import { root } from './support/project.mjs'

const { values } = parseArgs({
  options: {
    reloads: { type: 'string', default: '1,10,100' },
    kind: { type: 'string', default: 'typescript' },
    check: { type: 'boolean', default: false },
    snapshots: { type: 'boolean', default: false }
  }
})
/** What a reload may leave on the heap, in bytes (docs/contract/hot.md, §13). */
const MOST = 0.1 * 1024
/** Node's own functions grow warm, and what V8 compiles for them lies on the heap as well: 0.6 KB per reload in the first hundreds. */
const V8 = ['--expose-gc', '--no-opt', '--no-sparkplug']
/** Modules besides the entry, each with 100 KB of state. */
const MODULES = 10

const kinds = {
  typescript: { extension: 'ts', imports: (names, from) => `import ${names} from '${from}'`, exports: 'export const' },
  es: { extension: 'mjs', imports: (names, from) => `import ${names} from '${from}'`, exports: 'export const' },
  commonjs: {
    extension: 'cjs',
    imports: (names, from) => `const ${names.replaceAll(' as ', ': ')} = require('${from}')`,
    exports: 'exports.state = '
  }
}
const { extension, imports, exports } = kinds[values.kind]

const folder = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'node-hmr-reloads-')))
const place = (name) => path.join(folder, `${name}.${extension}`)
try {
  await main()
} finally {
  rmSync(folder, { recursive: true, force: true })
}

async function main() {
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }')
  writeFileSync(path.join(folder, 'census.cjs'), `module.exports = ${census}`)
  for (let n = 0; n < MODULES; n++) writeFileSync(place(`module${n}`), module(n, 0))
  writeFileSync(place('server'), server())
  const child = spawn(process.execPath, [...V8, path.join(root, 'bin/hmr.js'), '-l', `server.${extension}`], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, HMR_CACHE: '0' }
  })
  const line = lines(child)
  const [, port] = await line(/up (\d+)/)
  const counts = values.reloads.split(',').map(Number)
  const seen = new Map()
  let done = 0
  const ask = async (what) => (await fetch(`http://127.0.0.1:${port}/${what}`)).json()
  for (const count of counts) {
    for (; done < count; done++) {
      const name = place(`module${done % MODULES}`)
      writeFileSync(`${name}~`, module(done % MODULES, done + 1))
      renameSync(`${name}~`, name)
      await line(/reloaded in/)
      await ask('')
    }
    const shot = values.snapshots ? `?${path.resolve(`reloads-${count}.heapsnapshot`)}` : ''
    seen.set(count, await ask(`census${shot}`))
  }
  child.kill()
  const names = Object.keys(seen.get(counts[0]))
  const rows = [['after', ...counts.map((count) => `${count} reload${count === 1 ? '' : 's'}`)]]
  for (const name of names) rows.push([name, ...counts.map((count) => shown(name, seen.get(count)[name]))])
  console.log(table(rows))
  const [first, last] = [counts[0], counts.at(-1)]
  const grown = (seen.get(last).heap - seen.get(first).heap) / Math.max(1, last - first)
  console.log(`\nThe heap has grown by ${(grown / 1024).toFixed(2)} KB per reload.`)
  if (!values.check) return
  const more = names.filter((name) => name !== 'heap' && seen.get(last)[name] > seen.get(first)[name])
  if (more.length > 0 || grown > MOST) {
    console.error(`More than after ${first}: ${[...more, ...(grown > MOST ? ['heap'] : [])].join(', ')}`)
    process.exitCode = 1
  }
}

function shown(name, value) {
  return name === 'heap' ? `${(value / 2 ** 20).toFixed(2)} MB` : String(value)
}

/** Runs in the program. */
async function census(shot) {
  for (let round = 0; round < 12; round++) {
    await new Promise(setImmediate)
    globalThis.gc()
    // What is gone is not counted as growth of ours.
    if (round === 8) globalThis.alive = globalThis.alive.filter((ref) => ref.deref())
  }
  const events = process.eventNames()
  const resources = process.getActiveResourcesInfo()
  const has = (what) => resources.filter((name) => what.test(name)).length
  if (shot) require('node:v8').writeHeapSnapshot(shot)
  return {
    heap: process.memoryUsage().heapUsed,
    'modules alive': globalThis.alive.filter((ref) => ref.deref()).length,
    'listeners of process': events.reduce((sum, event) => sum + process.listenerCount(event), 0),
    timers: has(/^(Timeout|Immediate)$/),
    handles: resources.length,
    'listening servers': has(/Server/),
    sockets: has(/^TCPSocketWrap/),
    descriptors: require('node:fs').readdirSync('/proc/self/fd').length
  }
}

/** A module with 100 KB of state, and a text that differs from save to save. */
function module(n, version) {
  return `${exports} state = Array.from({ length: 12_800 }, (_, index) => index + ${version} + 0.5);
(globalThis.alive ??= []).push(new WeakRef(state))
setInterval(() => state.length, 1000)
process.on('SIGUSR2', () => state)
process.once('exit', () => state)
// ${'.'.repeat(2000)} ${n}
`.replace('exports.state =  state', 'const state = exports.state')
}

function server() {
  const all = Array.from({ length: MODULES }, (_, n) => n)
  const loads = all.map((n) => imports(`{ state as state${n} }`, `./module${n}.${extension}`))
  return `${imports('http', 'node:http')}
${imports('net', 'node:net')}
${imports('fs', 'node:fs')}
${imports('count', './census.cjs')}
${loads.join('\n')}
const states = [${all.map((n) => `state${n}`)}]
const server = http.createServer(async (request, response) => {
  const [path, shot] = request.url.split('?')
  if (path !== '/census') return response.end(String(states.length))
  response.end(JSON.stringify(await count(shot)))
})
const other = net.createServer((socket) => socket.end(String(states.length)))
other.listen(0, '127.0.0.1')
setTimeout(() => states, 1e8)
fs.watch('.', () => states)
process.stdout.on('drain', () => states)
server.listen(0, '127.0.0.1', () => console.log('up', server.address().port))
`
}

/** The next match in what the child prints. */
function lines(child) {
  let text = ''
  let wake = () => {}
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    text += chunk
    wake()
  })
  child.on('exit', (code) => {
    if (code) process.exitCode = 1
  })
  return async (pattern) => {
    for (;;) {
      const match = pattern.exec(text)
      if (match) {
        text = text.slice(match.index + match[0].length)
        return match
      }
      await new Promise((resolve) => {
        wake = resolve
      })
    }
  }
}
