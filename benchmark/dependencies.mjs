// What following dependencies costs: at the import of a hot module that reaches 10,000 modules, at an update of one
// slice of them, and at rest.
//
//     node benchmark/dependencies.mjs [modules]
//
// "following" is the walk over the module records, from the span that HMR_LOG=trace tells of, and "afterwards" what it
// leaves to the turns after the import; "watching" is what else an import with FSWatcher takes; "observed" is an
// evaluation that notes what is asked for in vain. Each import is that of a fresh process; the least of five is printed,
// which other load disturbs least, and for the walk also what half of fifteen stay below.
import { execFileSync, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { median } from './support/figures.mjs'

const own = fileURLToPath(import.meta.url)
const { createRuntime, FSWatcher, Watcher } = createRequire(import.meta.url)('../index.js')

class SilentWatcher extends Watcher {
  watch() {
    return SilentWatcher.unwatch
  }

  static unwatch() {}
}

if (process.argv[2] === 'measure') {
  await measure(...process.argv.slice(3))
} else {
  const modules = Number(process.argv[2] ?? 10_000)
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'node-hmr-benchmark-')))
  try {
    write(folder, modules)
    const run = (kind) => {
      const runs = Array.from({ length: 5 }, () =>
        JSON.parse(execFileSync(process.execPath, [own, 'measure', folder, kind], { encoding: 'utf8' }))
      )
      const least = (name) => Math.min(...runs.map((it) => it[name]))
      return Object.fromEntries(Object.keys(runs[0]).map((name) => [name, least(name)]))
    }
    const [off, followed, watched] = [run('off'), run('followed'), run('watched')]
    const [alone, observed] = [run('evaluated'), run('observed')]
    console.log(`modules reached                      ${followed.reached}`)
    console.log(`evaluating them (without the option) ${alone.evaluated.toFixed(1)} ms`)
    console.log(`the same, observed                   ${observed.evaluated.toFixed(1)} ms`)
    console.log(`importing the hot module alone       ${off.again.toFixed(1)} ms`)
    const walks = Array.from({ length: 15 }, () => walk(folder))
    const follow = Math.min(...walks.map((it) => it.follow))
    const leastAndHalf = (row) => `${Math.min(...row).toFixed(1)} ms (half: ${median(row).toFixed(1)} ms)`
    console.log(`following them at import             ${leastAndHalf(walks.map((it) => it.follow))}`)
    console.log(`afterwards, in turns                 ${leastAndHalf(walks.map((it) => sum(it.hear)))}`)
    console.log(`the longest of them                  ${leastAndHalf(walks.map((it) => Math.max(...it.hear)))}`)
    console.log(`watching them at import (FSWatcher)  ${(watched.again - off.again - follow).toFixed(1)} ms`)
    console.log(`update of a slice of 4 modules       ${followed.update.toFixed(2)} ms`)
    console.log(`the same without the option          ${off.update.toFixed(2)} ms`)
    console.log(`processor time in 1 s at rest        ${watched.rest.toFixed(1)} ms`)
  } finally {
    fs.rmSync(folder, { recursive: true, force: true })
  }
}

/** How long the walk at an import takes, and each turn afterwards, in ms. */
function walk(folder) {
  const env = { ...process.env, HMR_LOG: 'trace' }
  const { stderr } = spawnSync(process.execPath, [own, 'measure', folder, 'imported'], { encoding: 'utf8', env })
  const spans = { follow: [], hear: [] }
  for (const [, name, took, unit] of stderr.matchAll(/\b(follow|hear)\b.*? close time\.busy=([\d.]+)(\S+)/g))
    spans[name].push(Number(took) * { s: 1e3, ms: 1, µs: 1e-3 }[unit])
  return { follow: spans.follow[0], hear: spans.hear }
}

function sum(row) {
  return row.reduce((sum, value) => sum + value, 0)
}

/** A tree of helpers, ten to each. */
function write(folder, modules) {
  fs.writeFileSync(path.join(folder, 'package.json'), '{}')
  fs.mkdirSync(path.join(folder, 'node_modules/@upvotr'), { recursive: true })
  fs.symlinkSync(path.dirname(path.dirname(own)), path.join(folder, 'node_modules/@upvotr/node-hmr'), 'junction')
  const file = (n) => `lib/${n % 100}/module-${n}.js`
  for (let n = 0; n < modules; n++) {
    fs.mkdirSync(path.join(folder, path.dirname(file(n))), { recursive: true })
    const children = Array.from({ length: 10 }, (_, i) => n * 10 + i + 1).filter((child) => child < modules)
    const required = children.map((child) => `require("../../${file(child)}");`).join('')
    fs.writeFileSync(path.join(folder, file(n)), `${required}exports.n = ${n};`)
  }
  fs.writeFileSync(
    path.join(folder, 'lib/0/module-0.hot.js'),
    `const { hmr, createRunner } = require("@upvotr/node-hmr");
require("./module-0.js");
module.exports = hmr(null, createRunner(() => 0));`
  )
  fs.writeFileSync(
    path.join(folder, 'hot.js'),
    `const { hmr, createRunner } = require("@upvotr/node-hmr");
require("./${file(0)}");
module.exports = hmr(null, createRunner(() => process.hrtime.bigint()));`
  )
}

async function measure(folder, kind) {
  const require = createRequire(path.join(folder, 'main.js'))
  const watcher = kind === 'watched' ? new FSWatcher(require) : new SilentWatcher()
  const runtime = createRuntime(require, watcher, { dependencies: kind !== 'off' })
  const timed = async (action) => {
    const start = performance.now()
    await action()
    return performance.now() - start
  }
  if (kind === 'evaluated' || kind === 'observed') {
    const unwatched = createRuntime(require, false, { dependencies: kind === 'observed' })
    return console.log(JSON.stringify({ evaluated: await timed(() => unwatched.import('./hot.js')) }))
  }
  // The modules are evaluated first, so that what is measured next is not lost in that.
  require('./hot.js')
  const again = await timed(() => runtime.import('./hot.js'))
  if (kind === 'imported') return
  const reached = runtime.dependencies('./hot.js').length
  const rest = kind === 'watched' ? await atRest() : 0

  // The first module of the fourth level: it, and the three above it.
  const changed = kind === 'off' ? './hot.js' : path.join(folder, 'lib/11/module-111.js')
  const updates = []
  for (let n = 0; n < 21; n++) {
    const updated = new Promise((resolve) => runtime.once('update', resolve))
    const update = () => {
      watcher.emit('update', changed)
      return updated
    }
    updates.push(await timed(update))
  }
  runtime.closeAll()
  const update = Math.min(...updates)
  console.log(JSON.stringify({ again, reached, update, rest }))
}

async function atRest() {
  // The folders are armed on a thread of their own.
  await new Promise((resolve) => setTimeout(resolve, 1000))
  const before = process.cpuUsage()
  await new Promise((resolve) => setTimeout(resolve, 1000))
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}
