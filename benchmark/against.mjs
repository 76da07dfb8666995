// This package beside another build of it, in turns: what the classic API costs here and there.
//
//   node benchmark/against.mjs FOLDER [load] [update] [save] [--starts 40] [--rounds 3000] [--saves 120] [--modules 500]
//
// FOLDER is a checkout with a release build. On a busy machine the lower quantiles and the processor time say more than the median.
import fs from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { quantile, table } from './support/figures.mjs'
import { now, pause, start } from './support/process.mjs'
import { hotModule, makeProject, root, ways } from './support/project.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    starts: { type: 'string', default: '40' },
    rounds: { type: 'string', default: '3000' },
    saves: { type: 'string', default: '120' },
    modules: { type: 'string', default: '500' }
  }
})
const [other, ...asked] = positionals
const script = (name) => fileURLToPath(new URL(name, import.meta.url))
/** How fast a process hears depends on where the system puts its threads. */
const PAIRS = 4
/** Longer than a burst: each save stands alone. */
const BETWEEN = 30

if (!other) throw new Error('usage: node benchmark/against.mjs FOLDER [load] [update] [save]')
const projectsOf = (modules) =>
  [fs.realpathSync(other), root].map((place) => makeProject(modules, hotModule, { '@upvotr/node-hmr': place }))
/** The turns of both sides, each first as often as the other. */
const turns = (count) => Array.from({ length: count }, (_, turn) => (turn % 2 === 0 ? [0, 1] : [1, 0]))

/** In fresh processes: `require` of the package, and what the process holds then. */
async function load() {
  const projects = projectsOf(1)
  const rows = {}
  for (const side of turns(Number(values.starts)).flat()) {
    const child = start(script('against/load.cjs'), [projects[side].folder])
    const { figures } = await child.message((message) => message.figures)
    await child.stop()
    for (const [name, figure] of Object.entries(figures)) note(rows, `require: ${name}`, side, figure)
  }
  for (const project of projects) project.remove()
  return rows
}

/** In one process: updates that a watcher tells of by hand. */
async function update() {
  const projects = projectsOf(1)
  const rows = {}
  const child = start(script('against/update.cjs'), [values.rounds, ...projects.map(({ folder }) => folder)])
  const { took } = await child.message((message) => message.took)
  await child.stop()
  for (const project of projects) project.remove()
  rows['an update, µs'] = took
  return rows
}

/** From a save in place to the new exports, and the processor time of the JavaScript thread and of all threads for it. */
async function save() {
  const projects = projectsOf(Number(values.modules))
  const rows = {}
  let version = 0
  for (let pair = 0; pair < PAIRS; pair++) {
    const servers = []
    for (const { folder } of projects) {
      const server = start(script('support/server.cjs'), ['ours', folder])
      await server.message((message) => message.ready)
      servers.push(server)
    }
    for (const [turn, order] of turns(Math.ceil(Number(values.saves) / PAIRS) + 3).entries()) {
      for (const side of order) {
        const figures = await oneSave(servers[side], projects[side], turn, ++version)
        // The first turns warm both up.
        if (turn >= 3) for (const [name, figure] of Object.entries(figures)) note(rows, `a save: ${name}`, side, figure)
      }
    }
    for (const server of servers) await server.stop()
  }
  for (const project of projects) project.remove()
  return rows
}

async function oneSave(server, project, turn, version) {
  const text = hotModule(version)
  const file = project.files[(turn * 7919) % project.files.length]
  await pause(BETWEEN)
  const before = processorTime(server.pid)
  const began = now()
  ways['in place'](file, text)
  const { at } = await server.message((message) => message.version === version)
  await pause(BETWEEN / 2)
  const after = processorTime(server.pid)
  return { ms: at - began, 'µs of its thread': after.own - before.own, 'µs of all threads': after.all - before.all }
}

/** Processor time so far, in microseconds. Linux only. */
function processorTime(pid) {
  const of = (task) => Number(fs.readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]) / 1000
  const tasks = fs.readdirSync(`/proc/${pid}/task`)
  return { own: of(pid), all: tasks.reduce((sum, task) => sum + of(task), 0) }
}

function note(rows, name, side, figure) {
  rows[name] ??= [[], []]
  rows[name][side].push(figure)
}

const cell = ([there, here], share) => {
  const [a, b] = [quantile(there, share), quantile(here, share)]
  return `${a.toFixed(2)} → ${b.toFixed(2)} (${(b / a).toFixed(3)})`
}
for (const [name, measure] of Object.entries({ load, update, save })) {
  if (asked.length > 0 && !asked.includes(name)) continue
  const rows = Object.entries(await measure())
  const body = rows.map(([what, sides]) => [what, ...[0.1, 0.25, 0.5].map((share) => cell(sides, share))])
  console.log(`${table([['there → here', 'p10', 'p25', 'p50'], ...body])}\n`)
}
