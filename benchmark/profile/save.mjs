// From the save to the new exports, against the floor: `fs.watch` of the folder, evict, `require`.
import { fileURLToPath } from 'node:url'
import { ms, ratio, summary, table } from '../support/figures.mjs'
import { now, pause, start } from '../support/process.mjs'
import { hotModule, makeProject, ways } from '../support/project.mjs'

const server = fileURLToPath(new URL('../support/server.cjs', import.meta.url))
/** Longer than a burst: each save stands alone. */
const BETWEEN = 30
const LOST = 5_000

/** How fast a process hears depends on where the system puts its threads, and how fast it reads on its folder. */
const PAIRS = 8

export async function save({ modules: sizes, saves }) {
  const rows = []
  for (const count of sizes) {
    const projects = [makeProject(count), makeProject(count)]
    const ofSize = Object.keys(ways).map((way) => ({
      modules: count,
      way,
      took: { ours: [], control: [] },
      lost: { ours: 0, control: 0 }
    }))
    for (let pair = 0; pair < PAIRS; pair++) {
      // Each of the two has each project as often as the other.
      if (pair > 0) projects.reverse()
      await savePair(ofSize, { ours: projects[0], control: projects[1] }, Math.ceil(saves / PAIRS))
    }
    for (const project of projects) project.remove()
    for (const { took, ...row } of ofSize)
      rows.push({ ...row, ours: summary(took.ours), control: summary(took.control) })
  }
  return rows
}

let version = 0

/** Saves so often in each way, for a fresh process of each kind, in turns. */
async function savePair(rows, projects, saves) {
  const servers = {}
  for (const name of Object.keys(projects)) {
    servers[name] = start(server, [name, projects[name].folder])
    await servers[name].message((message) => message.ready)
  }
  for (const { modules, way, took, lost } of rows) {
    for (let turn = 0; turn < saves + 3; turn++) {
      // In turns, each of the two first.
      const order = turn % 2 === 0 ? ['ours', 'control'] : ['control', 'ours']
      const index = (turn * 7919) % modules
      for (const name of order) {
        const wanted = ++version
        const text = hotModule(wanted)
        await pause(BETWEEN)
        const began = now()
        ways[way](projects[name].files[index], text)
        const seen = await servers[name].message((message) => message.version === wanted, LOST)
        if (!seen) lost[name]++
        // The first turns warm both up.
        else if (turn >= 3) took[name].push(seen.at - began)
      }
    }
  }
  for (const name of Object.keys(servers)) await servers[name].stop()
}

export function show(rows) {
  const cell = (figures) => `${ms(figures.p50)} / ${ms(figures.p95)} / ${ms(figures.max)}`
  return table([
    [
      'modules, way',
      'ours p50 / p95 / max',
      'control p50 / p95 / max',
      'p50, ours to control',
      'lost, ours and control'
    ],
    ...rows.map((row) => [
      `${row.modules}, ${row.way}`,
      cell(row.ours),
      cell(row.control),
      ratio(row.ours.p50, row.control.p50),
      `${row.lost.ours}, ${row.lost.control}`
    ])
  ])
}
