// Loaded before the program of hot-memory.mjs: saves one of its modules again and again, and sends what that leaves behind.
import fs from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { updates as told } from '../../index.mjs'
import { textOf } from './holding.mjs'

const { file, bytes, updates, warm } = JSON.parse(process.env.EDITS)
setImmediate(edit)
// The program has nothing else to do.
process.on('message', () => {})

async function edit() {
  await sleep(100)
  const figures = []
  for (let n = 1; n <= warm + updates; n++) {
    await save(n)
    if (n === warm || n === warm + updates) figures.push(await settled())
  }
  const [first, last] = figures
  process.send({ alive: last.alive, rss: [first.rss, last.rss], perUpdate: (last.heap - first.heap) / updates })
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
