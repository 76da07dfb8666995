// Start: all modules loaded and watched; and what the process holds then.
import { fileURLToPath } from 'node:url'
import { median, ms, ratio, table } from '../support/figures.mjs'
import { atRest, pause, start } from '../support/process.mjs'
import { makeProject } from '../support/project.mjs'

const server = fileURLToPath(new URL('../support/server.cjs', import.meta.url))

export async function startUp({ modules: sizes, starts, rest }) {
  const rows = []
  for (const count of sizes) {
    const project = makeProject(count)
    const figures = { ours: [], control: [] }
    for (let turn = 0; turn < starts; turn++) {
      for (const name of turn % 2 === 0 ? ['ours', 'control'] : ['control', 'ours']) {
        const child = start(server, [name, project.folder])
        const ready = await child.message((message) => message.ready)
        await pause(200)
        const before = atRest(child.pid)
        await pause(rest)
        const after = atRest(child.pid)
        figures[name].push({
          loaded: ready.took,
          served: ready.at - child.started,
          ...after,
          cpu: after && after.cpu - before.cpu
        })
        await child.stop()
      }
    }
    project.remove()
    const middle = (name, field) => median(figures[name].map((figure) => figure[field]))
    for (const name of ['ours', 'control']) {
      const fields = ['loaded', 'served', 'rss', 'descriptors', 'threads', 'watches', 'cpu']
      const row = Object.fromEntries(fields.map((field) => [field, Number(middle(name, field)?.toFixed(1))]))
      rows.push({ modules: count, name, ...row })
    }
  }
  return rows
}

export function show(rows) {
  return table([
    ['modules', 'loaded', 'process start to loaded', 'resident', 'descriptors', 'threads', 'watches', 'CPU at rest'],
    ...rows.map((row) => {
      const control = rows.find((other) => other.modules === row.modules && other.name === 'control')
      const perImport = ((row.loaded - control.loaded) * 1000) / row.modules
      const over =
        row.name === 'ours' ? ` (${ratio(row.loaded, control.loaded)}; ${perImport.toFixed(0)} µs an import)` : ''
      return [
        `${row.modules}, ${row.name}`,
        `${ms(row.loaded)}${over}`,
        ms(row.served),
        `${row.rss} MB`,
        row.descriptors,
        row.threads,
        row.watches,
        `${row.cpu} ms`
      ]
    })
  ])
}
