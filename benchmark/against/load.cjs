// node load.cjs <folder>: loads the package once, and tells what that took and left.
const fs = require('node:fs')
const path = require('node:path')
const { createRequire } = require('node:module')

const projectRequire = createRequire(path.join(process.argv[2], 'main.js'))

/** Resident memory, and how much of it belongs to the process alone, in KiB. Linux only. */
function memory() {
  const text = fs.readFileSync('/proc/self/smaps_rollup', 'utf8')
  const field = (name) => Number(new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(text)[1])
  return { resident: field('Rss'), own: field('Anonymous') }
}

// Once for what the measuring itself takes.
memory()
const before = memory()
const cpu = process.cpuUsage()
const began = process.hrtime.bigint()
projectRequire('@upvotr/node-hmr')
const took = Number(process.hrtime.bigint() - began) / 1e6
const { user, system } = process.cpuUsage(cpu)
const after = memory()
process.send({
  figures: {
    ms: took,
    'ms of the processor': (user + system) / 1000,
    'own memory, KiB': after.own - before.own,
    'resident, KiB': after.resident - before.resident
  }
})
