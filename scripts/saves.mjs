// Saves the modules of the examples over and over, in place and by renaming in turn, while another process runs them
// through the built package. Fails if a last version is lost, if the process ends, or if its heap grows.
//
//   node scripts/saves.mjs [--saves 10000]
import { fork } from 'node:child_process'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..')
/** The hot modules of the examples that a process without a terminal or a port can run. */
const MODULES = ['basics/greeter.js', 'express/routes/hello.js', 'express/routes/time.js', 'basics/words.js']
/** Imported anew by each run of greeter.js, which an in-place save would let see half a file: a first import is told. */
const ATOMIC = 'basics/words.js'
/** Saves between two looks at what the process has. */
const ROUND = 50
/** How long a last version may take, in milliseconds. */
const PATIENCE = 30_000
/** Growth of the heap that counts as a leak, in bytes for each save. A version that is kept costs far more. */
const GROWTH = 200

let requests = 0

if (process.send) await serve()
else await main()

async function main() {
  const { values } = parseArgs({ options: { saves: { type: 'string', default: '10000' } } })
  const total = Number(values.saves)
  if (!(Number.isInteger(total) && total > 0)) throw new RangeError(`--saves takes a number; got ${values.saves}`)
  const folder = makeFolder()
  let crashes = 0
  let lost = 0
  let isOver = false
  try {
    const child = fork(fileURLToPath(import.meta.url), [folder], { execArgv: ['--expose-gc'], stdio: 'inherit' })
    child.on('exit', (code, signal) => {
      if (isOver) return
      crashes++
      console.error(`the process ended with ${code ?? signal}`)
      process.exitCode = 1
    })
    const ask = (message) => request(child, message)
    const addLost = (count) => {
      lost += count
    }
    await ask({ is: 'start' })
    // What the first rounds load and compile is no leak.
    let saved = await rounds(folder, ask, 0, Math.min(1000, total), addLost)
    const before = await ask({ is: 'memory' })
    const start = performance.now()
    saved = await rounds(folder, ask, saved, total, addLost)
    const seconds = (performance.now() - start) / 1000
    const after = await ask({ is: 'memory' })
    isOver = true
    child.kill()
    const grown = (after.heapUsed - before.heapUsed) / Math.max(1, total - 1000)
    console.log(`saves ${saved} over ${MODULES.length} modules, in ${seconds.toFixed(0)} s after the first 1000`)
    console.log(`updates ${after.updates}, errors ${after.errors}`)
    console.log(`crashes ${crashes}, lost last versions ${lost}`)
    console.log(`RSS ${mib(before.rss)} before, ${mib(after.rss)} after`)
    console.log(`heap ${mib(before.heapUsed)} before, ${mib(after.heapUsed)} after: ${grown.toFixed(0)} bytes a save`)
    if (lost > 0 || crashes > 0 || after.errors > 0 || grown > GROWTH) process.exitCode = 1
    console.log(process.exitCode ? 'FAILED' : 'passed')
  } finally {
    fs.rmSync(folder, { recursive: true, force: true })
  }
}

function makeFolder() {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'hmr-saves-')))
  fs.cpSync(path.join(root, 'examples'), folder, { recursive: true })
  fs.mkdirSync(path.join(folder, 'node_modules/@upvotr'), { recursive: true })
  fs.symlinkSync(root, path.join(folder, 'node_modules/@upvotr/node-hmr'), 'junction')
  for (const name of ['express'])
    fs.symlinkSync(path.join(root, 'node_modules', name), path.join(folder, 'node_modules', name))
  return folder
}

async function rounds(folder, ask, from, to, onLost) {
  const texts = new Map(MODULES.map((name) => [name, fs.readFileSync(path.join(folder, name), 'utf8')]))
  const originals = new Map([...texts].map(([name, text]) => [name, text.replace(/\n\/\/ version.*\n.*\n$/, '')]))
  const last = new Map()
  for (let saved = from; saved < to; ) {
    for (const end = Math.min(saved + ROUND, to); saved < end; saved++) {
      const name = MODULES[saved % MODULES.length]
      const text = `${originals.get(name)}\n// version\nmodule.exports.version = ${saved + 1};\n`
      save(path.join(folder, name), text, name !== ATOMIC && Math.floor(saved / MODULES.length) % 2 === 0)
      last.set(name, saved + 1)
      // Some saves stand alone, some are bursts, some fall into one turn.
      if (saved % 4 === 0) await pause(25)
      else if (saved % 4 === 1) await pause(3)
    }
    const { missing } = await ask({ is: 'versions', versions: [...last], patience: PATIENCE })
    for (const [name, version, found] of missing) console.error(`${name}: version ${version} was lost; it is ${found}`)
    onLost(missing.length)
  }
  return to
}

function save(file, text, inPlace) {
  if (inPlace) return fs.writeFileSync(file, text)
  fs.writeFileSync(`${file}.new`, text)
  fs.renameSync(`${file}.new`, file)
}

function request(child, message) {
  const id = ++requests
  return new Promise((resolve, reject) => {
    const onMessage = (answer) => {
      if (answer.id !== id) return
      child.off('message', onMessage)
      child.off('exit', onExit)
      resolve(answer)
    }
    const onExit = () => reject(new Error('the process ended'))
    child.on('message', onMessage)
    child.on('exit', onExit)
    child.send({ ...message, id })
  })
}

function mib(bytes) {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`
}

/** In the other process: runs the modules, and tells which version each is in. */
async function serve() {
  const [, , folder] = process.argv
  const require = createRequire(path.join(folder, 'index.js'))
  const { createRuntime } = require('@upvotr/node-hmr')
  const counts = { updates: 0, errors: 0 }
  const print = console.error
  console.error = (...args) => {
    counts.errors++
    print(...args)
  }
  console.log = () => {}
  const runtime = createRuntime(require)
  const versionOf = (name) => require.cache[path.join(folder, name)]?.exports.version
  runtime.on('update', () => counts.updates++)
  const actions = {
    start: async () => {
      for (const name of MODULES) await runtime.import(`./${name}`)
    },
    versions: async ({ versions, patience }) => {
      const end = performance.now() + patience
      const missing = () => versions.filter(([name, version]) => versionOf(name) !== version)
      while (missing().length > 0 && performance.now() < end) await pause(2)
      return { missing: missing().map(([name, version]) => [name, version, versionOf(name)]) }
    },
    memory: async () => {
      for (let round = 0; round < 3; round++) {
        globalThis.gc()
        await pause(50)
      }
      const { rss, heapUsed } = process.memoryUsage()
      return { rss, heapUsed, ...counts }
    }
  }
  process.on('message', async ({ is, id, ...message }) => process.send({ id, ...(await actions[is](message)) }))
}
