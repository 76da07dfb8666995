// The tables of one run, from its JSON.
import { ms, table } from '../support/figures.mjs'

const times = (p50, ours) => {
  const ratio = p50 / ours.p50
  return `${ratio < 10 ? ratio.toFixed(2) : count(Math.round(ratio))}×`
}
const count = (number) => number.toLocaleString('en')
const plural = (modules) => `${count(modules)} module${modules === 1 ? '' : 's'}`
const megabytes = (bytes) => (bytes === undefined ? '–' : `${(bytes / 2 ** 20).toFixed(1)} MB`)
const inCell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
const sum = (row, name) => row.reduce((total, one) => total + one[name], 0)

/** Tools as they are called in a table, ours in bold. */
export const title = (name, { label }) => (name.startsWith('ours') ? `**${label}**` : label)

const savesOf = (result, tool, modules, way, value = 0) =>
  result.saves.find((row) => row.tool === tool && row.modules === modules && row.way === way && row.value === value)
const whyNot = (result, tool, modules, value = 0) =>
  result.failed.find((one) => one.tool === tool && one.modules === modules && one.value === value)?.reason

/** p50 and its ratio to ours, or why there is none. */
function middle(result, tool, modules, way, value = 0) {
  const row = savesOf(result, tool, modules, way, value)
  if (!row) return inCell(whyNot(result, tool, modules, value) ?? 'not measured')
  if (row.p50 === null) return `none of ${row.lost} served`
  const ours = savesOf(result, 'ours', modules, way, value)
  return tool === 'ours' || !ours?.p50 ? ms(row.p50) : `${ms(row.p50)} (${times(row.p50, ours)})`
}

/** What a reader chooses by: one row per tool. */
export function overview(result) {
  const { modules: sizes, value } = result.options
  const many = sizes.at(-1)
  const rows = Object.entries(result.tools).map(([name, tool]) => {
    const all = result.saves.filter((row) => row.tool === name)
    const first = savesOf(result, name, sizes[0], 'in place')
    const lost = sum(all, 'lost')
    return [
      title(name, tool),
      tool.version.replace('Node ', ''),
      ...sizes.map((modules) => middle(result, name, modules, 'in place')),
      middle(result, name, many, 'by rename'),
      ...(value > 0 ? [middle(result, name, 1, 'in place', value)] : []),
      first?.gap ? (first.refused > 0 ? ms(first.gap.p50) : 'none') : '–',
      `${lost} of ${lost + sum(all, 'count')}`
    ]
  })
  return table([
    [
      'save → served, p50 (times ours)',
      'version',
      ...sizes.map(plural),
      `${count(many)}, saved by rename`,
      ...(value > 0 ? [`1, with a value that takes ${value} ms`] : []),
      'without service',
      'lost saves'
    ],
    ...rows
  ])
}

/** p50, p95 and max of each tool in one case. */
function detail(result, modules, way, value) {
  const ours = savesOf(result, 'ours', modules, way, value)
  const rows = Object.entries(result.tools).map(([name, tool]) => {
    const row = savesOf(result, name, modules, way, value)
    const reason = whyNot(result, name, modules, value)
    if (!row || row.p50 === null) {
      const why = inCell(reason ?? row?.end ?? (row ? 'no save was served' : 'not measured'))
      return [title(name, tool), why, '', '', '', '', '', row ? `${row.lost} of ${row.lost}` : '–']
    }
    return [
      title(name, tool),
      ms(row.p50),
      ms(row.p95),
      ms(row.max),
      ours?.p50 ? times(row.p50, ours) : '–',
      `${ms(row.gap.p50)} / ${ms(row.gap.max)}`,
      `${row.refused} of ${row.count}`,
      `${row.lost} of ${row.lost + row.count}${row.end ? `; ${inCell(row.end)}` : ''}`
    ]
  })
  return table([
    ['', 'p50', 'p95', 'max', 'times ours', 'longest wait for an answer, p50 / max', 'with failed requests', 'lost'],
    ...rows
  ])
}

function atRest(result, modules) {
  const rows = Object.entries(result.tools).map(([name, tool]) => {
    const row = result.rest.find((one) => one.tool === name && one.modules === modules)
    if (!row) return [title(name, tool), inCell(whyNot(result, name, modules) ?? 'not measured'), '', '', '', '', '']
    const cells = [ms(row.served), `${row.rss} MB`, row.descriptors, row.watches, row.threads, `${row.cpu} ms`]
    return [title(name, tool), ...(row.rss === undefined ? [cells[0], '–', '–', '–', '–', '–'] : cells)]
  })
  const cpu = `CPU in ${result.options.rest} s`
  return table([['', 'start → served', 'resident', 'descriptors', 'watches', 'threads', cpu], ...rows])
}

/** Where, when and how: the lines below the tables. */
export function circumstances({ machine, load, date, commit, command, options, took }) {
  const loads = `load ${load.before.join(' ')} before, ${load.after.join(' ')} after`
  return (
    `${date.slice(0, 10)}${commit ? `, ${commit}` : ''}: ${machine.cores} × ${machine.processor}, ${machine.memory}, ` +
    `${machine.kernel}, Node ${machine.node}; ${loads}; at most ${options.saves} saves per case; ${took} s.\n\n` +
    `\`${command}\``
  )
}

/** Why the JavaScript package is measured in this version. */
export function aboutPackage({ servedVersions, tools }) {
  if (!tools.javascript) return ''
  const measured = tools.javascript.version
  if (!servedVersions)
    return `npm did not say which versions of the JavaScript package it serves; ${measured} is measured.`
  const last = servedVersions.filter((version) => version.startsWith('3.0.')).at(-1)
  return last
    ? `npm serves the JavaScript package up to ${last}; ${measured} is measured.`
    : `npm serves no 3.0 of the JavaScript package, so ${measured} is measured, which waits for the same second.`
}

export function report(result) {
  const parts = ['# Save to served', overview(result), aboutPackage(result), circumstances(result)]
  for (const modules of result.options.modules)
    for (const way of ['in place', 'by rename'])
      parts.push(`## ${plural(modules)}, saved ${way}`, detail(result, modules, way, 0))
  const { value } = result.options
  if (value > 0) parts.push(`## A persistent value that takes ${value} ms`, detail(result, 1, 'in place', value))
  for (const modules of result.options.modules) parts.push(`## At rest, ${plural(modules)}`, atRest(result, modules))
  parts.push('## Loaded and installed', loaded(result))
  return parts.filter((part) => part !== '').join('\n\n')
}

function loaded(result) {
  const rows = Object.entries(result.tools).map(([name, tool]) => {
    const took = result.require[name]
    return [title(name, tool), tool.version, took ? `${ms(took.p50)} / ${ms(took.max)}` : '–', megabytes(tool.size)]
  })
  return table([['', 'version', '`require`, p50 / max', 'installed'], ...rows])
}
