// A seeded random editor against modules that another process runs. The law: after quiet, the exports of every module are
// what its file holds. Fails when a last version is lost, an error is reported that is none, or the process ends.
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { summary, table } from '../benchmark/support/figures.mjs'
import { now } from '../benchmark/support/process.mjs'
import { Run } from './torture/run.mjs'

const HELP = `npm run torture -- [options]

  --saves N    how many saves (100000)
  --seed N     repeats what is done to each folder of the tree (a random one, which is printed)
  --folders N  how many folders are edited at the same time (one for each 100 saves, 24 at most)
  --polling    the runtime polls its files, every 100 ms
  --help       this text

Fails when the law is broken: once nobody saves any more, the exports of every module whose file exists are of that
file's last version, and nothing was reported that was no error. It also fails when the process ends, or its heap grows.`
const POLLING = 100
/** Growth of the heap that counts as a leak, in bytes a save, once so many were made. A version that is kept costs more. */
const GROWTH = 200
const LONG = 10_000

const { values } = parseArgs({
  options: {
    saves: { type: 'string', default: '100000' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    folders: { type: 'string' },
    polling: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false }
  }
})
if (values.help) console.log(HELP)
else await main()

async function main() {
  const saves = number('saves', 1)
  const seed = number('seed', 0)
  const folders = values.folders ? number('folders', 1) : Math.min(24, Math.max(2, Math.floor(saves / 100)))
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'node-hmr-torture-')))
  console.log(`seed ${seed}: ${saves} saves in ${folders} folders${values.polling ? ', polled' : ''}`)
  try {
    const run = new Run(folder, { folders, seed, polling: values.polling ? POLLING : 0 })
    const began = now()
    const outcome = await run.saves(saves)
    report(run.ledger, outcome, { seed, seconds: (now() - began) / 1000 })
  } finally {
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
  }
}

function number(name, least) {
  const value = Number(values[name])
  if (Number.isSafeInteger(value) && value >= least) return value
  throw new RangeError(`--${name} takes a whole number from ${least}; got ${values[name]}`)
}

function report(ledger, { crashes, heap, rss }, { seed, seconds }) {
  const ways = [...ledger.ways].sort((one, other) => other[1].saved - one[1].saved)
  console.log(table([['way', 'times', 'saves'], ...ways.map(([name, { edits, saved }]) => [name, edits, saved])]))
  const { p50, p95, max } = summary(ledger.latencies, 1)
  const mib = (bytes) => `${(bytes / 2 ** 20).toFixed(0)} MiB`
  console.log(`
${ledger.saves} saves of ${ledger.modules.length} modules in ${seconds.toFixed(0)} s, ${(ledger.saves / seconds).toFixed(0)} a second
${ledger.latencies.length} came alone, ${p50} / ${p95} / ${max} ms after their save (p50 / p95 / max)
the last of them: ${ledger.slowest.story}
heap ${heap?.toFixed(0)} bytes a save; resident ${rss?.map(mib).join(', then ')}
missing or broken for long, and reported: ${ledger.reported}; refused by the system: ${ledger.refused}
seed ${seed}: lost ${ledger.lost}, late ${ledger.late}, duplicate ${ledger.duplicates}, errors ${ledger.errors}, crashes ${crashes}`)
  const leaks = heap > GROWTH && ledger.saves >= LONG
  if (ledger.lost > 0 || ledger.errors > 0 || crashes > 0 || leaks) process.exitCode = 1
  console.log(process.exitCode ? 'FAILED' : 'passed')
}
