// What an update costs over evict + require, in one process, with so many modules loaded.
import { fileURLToPath } from 'node:url'
import { median, summary, table } from '../support/figures.mjs'
import { start } from '../support/process.mjs'
import { makeProject } from '../support/project.mjs'

const script = fileURLToPath(new URL('life-cycle.cjs', import.meta.url))

export async function lifeCycle({ modules: sizes, rounds }) {
  const rows = []
  for (const count of sizes) {
    const project = makeProject(Math.max(count, 2))
    const child = start(script, [project.folder, rounds])
    const { took } = await child.message((message) => message.took)
    await child.stop()
    project.remove()
    // The first tenth warms up.
    const warm = (row) => row.slice(Math.floor(row.length / 10))
    const [ours, bare, byId] = [warm(took.ours), warm(took.bare), warm(took.byId)]
    const mean = (row) => row.reduce((sum, value) => sum + value, 0) / row.length
    rows.push({
      modules: count,
      ours: summary(ours, 1),
      bare: summary(bare, 1),
      byId: summary(byId, 1),
      over: Number((median(ours) - median(bare)).toFixed(1)),
      overMean: Number((mean(ours) - mean(bare)).toFixed(1))
    })
  }
  return rows
}

export function show(rows) {
  const cell = ({ p50, p95, max }) => `${p50} / ${p95} / ${max} µs`
  return table([
    ['modules', 'update p50 / p95 / max', 'evict + require', 'over it, p50', 'over it, mean', 'with resolve, p50'],
    ...rows.map((row) => [
      row.modules,
      cell(row.ours),
      cell(row.bare),
      `${row.over} µs`,
      `${row.overMean} µs`,
      `${row.byId.p50} µs`
    ])
  ])
}
