// A contract is a document in docs/contract. Each of its sentences and table rows ends with its number, as in `[12]`. A
// test names the sentences that it checks in a comment on the line above it:
//
//   // [node-hmr 12, 13; hot 4]
//   test('…', () => …)
//
// The name is that of the document. Numbers are not given twice, and stay what they are when a sentence goes.

const fs = require('node:fs')
const path = require('node:path')

const root = path.join(__dirname, '../..')
const isCode = (file) => /\.(js|mjs|rs|[cm]?ts)$/.test(file)

/** The documents, by name. */
exports.contracts = () => {
  const folder = path.join(root, 'docs/contract')
  const files = fs.readdirSync(folder)
  return Object.fromEntries(
    files.map((file) => [path.parse(file).name, fs.readFileSync(path.join(folder, file), 'utf8')])
  )
}

/** Every number of a document, in order. */
exports.numbersOf = (markdown) =>
  Array.from(markdown.matchAll(MARK), ([, numbers]) => numbers.split(', ').map(Number)).flat()

/** A number, or several of one sentence, where a sentence ends. */
const MARK = /(?<=\s)\[(\d+(?:, \d+)*)\](?=\s|$)/g

/** What is wrong with the numbers of a document. */
exports.numberTrouble = function numberTrouble(markdown) {
  const numbers = exports.numbersOf(markdown)
  const twice = numbers.filter((number, place) => numbers.indexOf(number) !== place)
  return [
    ...twice.map((number) => `${number} is given twice`),
    ...blocksOf(markdown).flatMap((block) => (endsWell(block) ? [] : [`no number at the end of "${block.text}"`]))
  ]
}

/**
 * The paragraphs, list items and table rows. `leads` is whether a list or code stands right below, to which the text is
 * the lead; the heads of tables, and notes (`>`), are left out.
 */
function blocksOf(markdown) {
  const blocks = []
  let isCodeBlock = false
  let open
  const close = (next) => {
    if (open && !open.isNote) blocks.push({ text: open.lines.join(' '), leads: next })
    open = undefined
  }
  for (const line of markdown.split('\n')) {
    if (line.startsWith('```')) {
      close(true)
      isCodeBlock = !isCodeBlock
    } else if (isCodeBlock) continue
    else if (line.trim() === '' || /^#/.test(line)) close(false)
    else if (/^\|[\s|:-]+\|$/.test(line)) open = undefined
    else if (/^\s*(-|\d+\.) |^\|/.test(line)) {
      close(true)
      open = { lines: [line] }
    } else if (open) open.lines.push(line)
    else open = { lines: [line], isNote: line.startsWith('>') }
  }
  close(false)
  return blocks
}

/** Ends with a number, or leads to what follows. */
function endsWell({ text, leads }) {
  return /\[\d+(, \d+)*\]( \|)?$/.test(text) || /:$/.test(text) || (leads && !/^\s*(-|\d+\.|\|) /.test(text))
}

/** `[{ name, number, file, line }]`: each number that a comment of a test names. */
exports.namedNumbers = function namedNumbers() {
  return ['__test__', 'src'].flatMap((folder) => filesBelow(folder).flatMap(namedIn))
}

function filesBelow(folder) {
  const entries = fs.readdirSync(path.join(root, folder), { recursive: true })
  return entries.filter(isCode).map((file) => path.join(folder, file))
}

function namedIn(file) {
  return exports.namedInText(fs.readFileSync(path.join(root, file), 'utf8')).map((one) => ({ ...one, file }))
}

/** `[{ name, number, line }]` of one file's text. */
exports.namedInText = (text) =>
  text.split('\n').flatMap((line, place, lines) => {
    const [, list] = /^\s*\/\/ \[([a-z-]+ \d.*)\]$/.exec(line) ?? []
    if (list === undefined || (lines[place + 1] ?? '').trim() === '') return []
    return list.split('; ').flatMap((part) => {
      const [name, ...rest] = part.split(' ')
      return rest.map((number) => ({ name, number: Number.parseInt(number, 10), line: place + 1 }))
    })
  })
