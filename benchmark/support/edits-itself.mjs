// Loaded before the program of hot-memory.mjs: saves one of its modules again and again, and sends what that leaves behind.
import fs from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { updates as told } from '../../index.mjs'
import { median } from './figures.mjs'
import { textOf } from './holding.mjs'

/** After so many updates the heap is looked at. */
const EVERY = 50

const { file, bytes, updates, warm } = JSON.parse(process.env.EDITS)
setImmediate(edit)
// The program has nothing else to do.
process.on('message', () => {})

async function edit() {
  await sleep(100)
  const figures = []
  for (let n = 0; n <= warm + updates; n++) {
    if (n > 0) await save(n)
    if (n >= warm && (n - warm) % EVERY === 0) figures.push({ n, ...(await settled()) })
  }
  const alive = Math.max(...figures.map((figure) => figure.alive))
  process.send({ alive, rss: [figures[0].rss, figures.at(-1).rss], perUpdate: growth(figures) })
}

/** The median of the slopes between any two figures: V8 drops or makes what it keeps for a while, now and then. */
function growth(figures) {
  const slopes = figures.flatMap((last, index) =>
    figures.slice(0, index).map((first) => (last.heap - first.heap) / (last.n - first.n))
  )
  return median(slopes)
}

function save(n) {
  const updated = new Promise((resolve) => told.once('updated', resolve))
  fs.writeFileSync(file, textOf(n, bytes))
  return updated
}

/** What is there once nothing is left to collect. */
async function settled() {
  for (let n = 0; n < 5; n++) {
    globalThis.gc()
    await sleep(20)
  }
  globalThis.versions = globalThis.versions.filter((version) => version.deref())
  const { heapUsed, rss } = process.memoryUsage()
  return { alive: globalThis.versions.length, heap: heapUsed, rss }
}
