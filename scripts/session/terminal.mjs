// Draws lines of a terminal as an SVG: a dark window, which looks the same on a light and on a dark page.

const [WIDTH, LEFT, TOP, LINE, SIZE] = [860, 20, 52, 19, 13]
const COLOURS = { ground: '#15181e', text: '#d6dae0', faint: '#7f8894', note: '#7cc4a4', bar: '#20242c' }
/** What the codes of a terminal stand for. */
const PAINTS = { 31: '#ef7a78', 33: '#e2b565', 34: '#7eb0f0', 36: '#6cc3c9', 90: '#7f8894' }
/** How many characters fit into a line. */
const COLUMNS = Math.floor((WIDTH - 2 * LEFT) / 7.83)

/** The picture of `lines`: `{ kind: 'typed' | 'note' | 'printed', text }`. */
export function drawTerminal(title, lines) {
  const rows = lines.flatMap(rowsOf)
  const height = TOP + rows.length * LINE + 6
  const texts = rows.map((row, place) => textOf(row, TOP + place * LINE)).filter((text) => text !== '')
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="${SIZE}">
<title>${escaped(title)}</title>
<rect width="${WIDTH}" height="${height}" rx="9" fill="${COLOURS.ground}"/>
<path d="M0 28V9a9 9 0 0 1 9-9h${WIDTH - 18}a9 9 0 0 1 9 9v19z" fill="${COLOURS.bar}"/>
${['#e0685f', '#d9a64a', '#63b26a'].map((fill, place) => `<circle cx="${18 + place * 18}" cy="14" r="5" fill="${fill}"/>`).join('\n')}
${texts.join('\n')}
</svg>
`
}

/** A line as rows of spans `{ text, fill }`; a row that is too long goes on in the next. Notes have a gap above. */
function rowsOf({ kind, text }) {
  if (kind === 'typed') return [[span('$ ', COLOURS.faint), span(text, COLOURS.text)]]
  if (kind === 'note')
    return text.startsWith('GET ') ? [[span(`  ${text}`, COLOURS.note)]] : [[], [span(`# ${text}`, COLOURS.faint)]]
  return broken(painted(text))
}

const span = (text, fill) => ({ text, fill })

/** The spans of a line with colour codes. */
function painted(line) {
  const spans = []
  let fill = COLOURS.text
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the codes of a terminal begin with one
  for (const [, code, text] of `\u001b[39m${line}`.matchAll(/\u001b\[(\d+)m([^\u001b]*)/g)) {
    fill = PAINTS[code] ?? COLOURS.text
    if (text !== '') spans.push(span(text, fill))
  }
  return spans
}

function broken(spans) {
  const rows = [[]]
  let room = COLUMNS
  for (const { text, fill } of spans)
    for (let rest = text; rest !== ''; ) {
      if (room === 0) {
        rows.push([])
        room = COLUMNS
      }
      rows.at(-1).push(span(rest.slice(0, room), fill))
      const taken = Math.min(room, rest.length)
      rest = rest.slice(taken)
      room -= taken
    }
  return rows
}

function textOf(row, y) {
  if (row.length === 0) return ''
  const spans = row.map(({ text, fill }) => `<tspan fill="${fill}">${escaped(text)}</tspan>`)
  return `<text x="${LEFT}" y="${y}" xml:space="preserve">${spans.join('')}</text>`
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
