// Draws the latencies of a recorded run: `node benchmark/picture.mjs [benchmark/results/bench.json]` prints an SVG.
//
// Its colours are between black and white, as it is shown on both.
import fs from 'node:fs'
import { fileURLToPath } from 'node:url'

const [WIDTH, LEFT, RIGHT, TOP, ROW] = [860, 230, 70, 62, 44]
const TEXT = '#808890'
const COLOURS = ['#2f9e8f', '#3b82d0', '#b0672f']
const escaped = (text) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('`', '')

/** The picture of a run: a line of each tool's p50 (a dot) to its p95, for each number of modules, in place. */
export function picture({ saves, tools, options }) {
  const shown = saves.filter((row) => row.way === 'in place' && row.value === 0 && row.p50 !== null)
  const most = Math.max(...shown.map((row) => row.p95), 10)
  const decades = Math.ceil(Math.log10(most))
  const x = (milliseconds) => {
    const share = Math.log10(Math.max(milliseconds, 0.5) / 0.5) / (decades - Math.log10(0.5))
    return round(LEFT + share * (WIDTH - LEFT - RIGHT))
  }
  const names = Object.keys(tools)
  const bottom = TOP + names.length * ROW
  const parts = []
  for (let decade = 0; decade <= decades; decade++) {
    const at = x(10 ** decade)
    parts.push(
      `<line x1="${at}" y1="${TOP - 8}" x2="${at}" y2="${bottom}" stroke="${TEXT}" stroke-opacity="0.3"/>`,
      label(at, bottom + 18, decade < 3 ? `${10 ** decade} ms` : `${10 ** (decade - 3)} s`, 'middle')
    )
  }
  options.modules.forEach((modules, index) => {
    const at = LEFT + index * 140
    parts.push(
      `<circle cx="${at}" cy="34" r="4.5" fill="${colour(index)}"/>`,
      label(at + 10, 38, `${modules.toLocaleString('en')} module${modules === 1 ? '' : 's'}`)
    )
  })
  names.forEach((name, place) => {
    const y = TOP + place * ROW + ROW / 2
    parts.push(label(LEFT - 14, y + 4, tools[name].label, 'end', name.startsWith('ours')))
    options.modules.forEach((modules, index) => {
      const row = shown.find((one) => one.tool === name && one.modules === modules)
      const at = round(y + (index - (options.modules.length - 1) / 2) * 12)
      if (!row) {
        parts.push(label(LEFT, at + 4, 'not served', 'start', false, colour(index)))
        return
      }
      parts.push(
        `<line x1="${x(row.p50)}" y1="${at}" x2="${x(row.p95)}" y2="${at}" stroke="${colour(index)}" stroke-width="3" stroke-opacity="0.55"/>`,
        `<circle cx="${x(row.p50)}" cy="${at}" r="4.5" fill="${colour(index)}"/>`,
        label(Math.max(x(row.p95), x(row.p50)) + 9, at + 4, time(row.p50), 'start', false, colour(index))
      )
    })
  })
  const height = bottom + 34
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" font-family="system-ui, sans-serif" font-size="12">
<title>From the save to the new version served over HTTP, p50 to p95, on a logarithmic scale</title>
${label(LEFT, 16, 'save → served over HTTP: p50 (dot) to p95, logarithmic', 'start', true)}
${parts.join('\n')}
</svg>
`
}

const colour = (index) => COLOURS[index % COLOURS.length]
const round = (number) => Number(number.toFixed(1))
const time = (milliseconds) =>
  milliseconds < 10
    ? `${milliseconds.toFixed(1)} ms`
    : milliseconds < 1000
      ? `${Math.round(milliseconds)} ms`
      : `${(milliseconds / 1000).toFixed(1)} s`

function label(x, y, text, anchor = 'start', isBold = false, fill = TEXT) {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" fill="${fill}"${isBold ? ' font-weight="bold"' : ''}>${escaped(text)}</text>`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = process.argv[2] ?? fileURLToPath(new URL('results/bench.json', import.meta.url))
  process.stdout.write(picture(JSON.parse(fs.readFileSync(file, 'utf8'))))
}
