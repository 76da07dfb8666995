// The steps of one update, from the spans of HMR_LOG=trace.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { summary, table } from '../support/figures.mjs'
import { makeProject } from '../support/project.mjs'

const script = fileURLToPath(new URL('steps.cjs', import.meta.url))
const UNITS = { ns: 1e-3, µs: 1, ms: 1e3, s: 1e6 }

export function steps({ saves }) {
  const project = makeProject(1)
  const env = { ...process.env, HMR_LOG: 'trace' }
  const { stderr } = spawnSync(process.execPath, [script, project.folder, saves], { env, encoding: 'utf8' })
  project.remove()
  const rows = {}
  for (const line of stderr.split('\n')) {
    const [, number, unit] = /time\.busy=([\d.]+)(ns|µs|ms|s)/.exec(line) ?? []
    const [step] = /(?<=method=")\w+/.exec(line) ?? /(?<=TRACE )\w+(?=\{)/.exec(line) ?? []
    if (!number || !step) continue
    rows[step] ??= []
    rows[step].push(Number(number) * UNITS[unit])
  }
  // What only the import does is no step of an update.
  const ofUpdates = Object.entries(rows).filter(([, row]) => row.length >= saves)
  return ofUpdates.map(([step, row]) => ({ step, ...summary(row.slice(-saves), 1) }))
}

export function show(rows) {
  const whole = rows.reduce((sum, row) => sum + row.p50, 0)
  return table([
    ['step', 'p50', 'p95', 'of all steps'],
    ...rows.map((row) => [row.step, `${row.p50} µs`, `${row.p95} µs`, `${Math.round((row.p50 / whole) * 100)} %`])
  ])
}
