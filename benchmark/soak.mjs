// Many reloads in one process, and what stays behind: fails above the limits.
//
//   npm run soak -- [--reloads 100000] [--variants plain,errors,async,dependencies,imports,workers] [--json file]
//
// Fewer than 20,000 reloads say little: the heap moves by 100 KB on its own.
import fs from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { slope, table } from './support/figures.mjs'
import { start } from './support/process.mjs'
import { makeProject } from './support/project.mjs'

/** A reload may leave so many KB on the heap, and a process grow by so many MB after its first fifth. */
const LIMITS = { heap: 0.05, rss: 10 }
/** What has to stay as it was. */
const STEADY = ['references', 'descriptors', 'threads', 'listeners', 'children']
const script = fileURLToPath(new URL('soak.cjs', import.meta.url))

const { values } = parseArgs({
  options: {
    reloads: { type: 'string', default: '100000' },
    variants: { type: 'string', default: 'plain,errors,async,dependencies,imports,workers' },
    json: { type: 'string' }
  }
})
const results = {}
const rows = [['variant, reloads', 'heap per reload', 'RSS per reload', 'RSS, after warm-up', ...STEADY, '']]
for (const variant of values.variants.split(',')) {
  // A worker thread reloads 20 times, and takes as long as some thousand reloads.
  const reloads = Math.max(variant === 'workers' ? Number(values.reloads) / 500 : Number(values.reloads), 20)
  const project = makeProject(1)
  const child = start(script, [project.folder, variant, reloads, Math.floor(reloads / 20)], {
    // V8 lets its young generation grow from 1 to 16 MB when it likes: that would be the RSS that is seen to grow.
    execArgv: ['--expose-gc', '--max-semi-space-size=1']
  })
  const points = []
  for (;;) {
    const point = await child.message((message) => message.save, 600_000)
    if (!point) break
    points.push(point)
    if (points.length === 20) break
  }
  await child.stop()
  project.remove()
  const warm = points.slice(4)
  const [first, last] = [warm[0], warm.at(-1)]
  const slopeOf = (name) =>
    slope(
      warm.map((point) => point.save),
      warm.map((point) => point[name])
    )
  const heap = slopeOf('heap')
  const rssSlope = slopeOf('rss') * 1024
  const rss = last.rss - first.rss
  // A worker thread's own start leaves more on the heap than its reloads; its memory is judged by the RSS.
  const isHeapFine = variant === 'workers' || heap <= LIMITS.heap
  const moved = STEADY.filter((name) => last[name] > first[name] + 1)
  // Workers evaluate in threads of their own.
  const isReloaded = variant === 'workers' || points.every((point) => point.evaluated >= point.save)
  const isFine = points.length === 20 && isReloaded && isHeapFine && rss <= LIMITS.rss && moved.length === 0
  if (!isFine) process.exitCode = 1
  results[variant] = { reloads, heapPerReload: heap, rssPerReload: rssSlope, rssGrowth: rss, isFine, points }
  rows.push([
    `${variant}, ${reloads}`,
    `${heap.toFixed(4)} KB`,
    `${rssSlope.toFixed(4)} KB`,
    `${rss.toFixed(1)} MB`,
    ...STEADY.map((name) => `${first[name]} → ${last[name]}`),
    isFine ? 'fine' : isReloaded ? 'ABOVE THE LIMITS' : 'NOT RELOADED'
  ])
}
console.log(table(rows))
console.log(`\nLimits: ${LIMITS.heap} KB of heap per reload, ${LIMITS.rss} MB of RSS; the counts do not grow.`)
if (values.json) fs.writeFileSync(values.json, `${JSON.stringify({ node: process.version, results }, null, 2)}\n`)
