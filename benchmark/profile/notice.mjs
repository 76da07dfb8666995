// From the save to the watcher's event, against a bare `fs.watch` of the folder: what part of an update is the notification.
import { fileURLToPath } from 'node:url'
import { median, ms, ratio, summary, table } from '../support/figures.mjs'
import { now, pause, start } from '../support/process.mjs'
import { hotModule, makeProject, ways } from '../support/project.mjs'

const script = fileURLToPath(new URL('notice.cjs', import.meta.url))
/** Longer than a burst: each save stands alone. */
const BETWEEN = 50

export async function notice({ saves }) {
  const projects = { ours: makeProject(1), floor: makeProject(1) }
  const watching = {}
  for (const [name, { files }] of Object.entries(projects)) {
    watching[name] = start(script, [name, files[0]])
    await watching[name].message((message) => message.ready)
  }
  const rows = []
  let version = 0
  for (const [way, write] of Object.entries(ways)) {
    const took = { ours: [], floor: [] }
    const afterEnd = { ours: [], floor: [] }
    for (let turn = 0; turn < saves + 3; turn++) {
      for (const name of turn % 2 === 0 ? ['ours', 'floor'] : ['floor', 'ours']) {
        const text = hotModule(++version)
        await pause(BETWEEN)
        const began = now()
        write(projects[name].files[0], text)
        const ended = now()
        // Of several events for one save the first counts; the others belong to the past.
        const seen = await watching[name].message((message) => message.noticed >= began)
        // The first turns warm both up.
        if (turn < 3) continue
        took[name].push(seen.noticed - began)
        afterEnd[name].push(seen.noticed - ended)
      }
    }
    rows.push({
      way,
      ours: summary(took.ours),
      floor: summary(took.floor),
      afterEnd: { ours: median(afterEnd.ours), floor: median(afterEnd.floor) }
    })
  }
  for (const name of Object.keys(projects)) {
    await watching[name].stop()
    projects[name].remove()
  }
  return rows
}

export function show(rows) {
  const cell = (figures) => `${ms(figures.p50)} / ${ms(figures.p95)} / ${ms(figures.max)}`
  return table([
    [
      'way',
      'FSWatcher p50 / p95 / max',
      '`fs.watch` p50 / p95 / max',
      'p50, over it',
      'p50, FSWatcher to it',
      'after the write returned, FSWatcher and `fs.watch`'
    ],
    ...rows.map((row) => [
      row.way,
      cell(row.ours),
      cell(row.floor),
      ms(row.ours.p50 - row.floor.p50),
      ratio(row.ours.p50, row.floor.p50),
      `${ms(row.afterEnd.ours)}, ${ms(row.afterEnd.floor)}`
    ])
  ])
}
