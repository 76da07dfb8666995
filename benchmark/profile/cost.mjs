// What watching thousands of files costs, against `fs.watch` of each file, and of each folder, which is less than is needed.
// The file of an id is found by `require.resolve`, which takes longer than either watch: with it, and without.
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { median, ms, ratio, table } from '../support/figures.mjs'
import { atRest, pause, start, wakeUps } from '../support/process.mjs'
import { makeProject } from '../support/project.mjs'

const script = fileURLToPath(new URL('cost.cjs', import.meta.url))
const WAYS = ['ours', 'files', 'ours-alone', 'files-alone', 'folders']
/** Reads of a file beside a watched one. */
const READS = 100

export async function cost({ modules: sizes, starts, rest }) {
  const rows = []
  for (const count of sizes) {
    const project = makeProject(count)
    const neighbour = path.join(path.dirname(project.files[0]), 'neighbour.txt')
    fs.writeFileSync(neighbour, 'nobody watches it')
    const figures = Object.fromEntries(WAYS.map((way) => [way, []]))
    for (let turn = 0; turn < starts; turn++)
      for (const way of WAYS) figures[way].push(await one(way, project, neighbour, rest))
    project.remove()
    for (const way of WAYS) {
      const fields = Object.keys(figures[way][0])
      const middle = (field) => Number(median(figures[way].map((figure) => figure[field])).toFixed(2))
      rows.push({ files: count, way, ...Object.fromEntries(fields.map((field) => [field, middle(field)])) })
    }
  }
  return rows
}

async function one(way, project, neighbour, rest) {
  const child = start(script, [way, project.folder], { execArgv: ['--expose-gc'] })
  const { took, resident, own } = await child.message((message) => message.took)
  await pause(500)
  const before = { ...atRest(child.pid), wakeUps: wakeUps(child.pid) }
  await pause(rest)
  const after = { ...atRest(child.pid), wakeUps: wakeUps(child.pid) }
  for (let read = 0; read < READS; read++) fs.readFileSync(neighbour)
  await pause(100)
  const read = wakeUps(child.pid)
  await child.stop()
  return {
    took,
    resident: resident / 2 ** 20,
    own: own / 2 ** 20,
    descriptors: after.descriptors,
    threads: after.threads,
    watches: after.watches,
    cpu: after.cpu - before.cpu,
    idle: after.wakeUps - before.wakeUps,
    read: read - after.wakeUps
  }
}

export function show(rows) {
  const names = {
    ours: 'FSWatcher',
    files: 'require.resolve and fs.watch of each',
    'ours-alone': 'FSWatcher, files known',
    'files-alone': 'fs.watch of each file',
    folders: 'fs.watch of each folder'
  }
  return table([
    [
      'files, by',
      'added in',
      'memory of its own',
      'resident',
      'descriptors',
      'threads',
      'watches',
      'CPU at rest',
      'wake-ups at rest',
      `at ${READS} reads beside`
    ],
    ...rows.map((row) => {
      const control = rows.find((other) => other.files === row.files && other.way === row.way.replace('ours', 'files'))
      const over = row.way.startsWith('ours') ? ` (${ratio(row.took, control.took)})` : ''
      return [
        `${row.files}, ${names[row.way]}`,
        `${ms(row.took)}${over}`,
        `${row.own} MiB`,
        `${row.resident} MiB`,
        row.descriptors,
        row.threads,
        row.watches,
        `${row.cpu} ms`,
        row.idle,
        row.read
      ]
    })
  ])
}
