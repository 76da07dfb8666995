// The code blocks of the README and of docs/*.md that are complete files. A block's first line says so:
//
//   // file: name             the file is called name
//   // run: name              the file is called name, and `node name` runs its section
//   // run: hmr -f name       the file is called name, and the command runs its section
//   // run: npx hmr name      the same, as a user on a terminal types it: with its log lines
//   // run: --import … name   the file is called name, and `node --import … name` runs its section
//   // as: path               the rest is that file of this repository, which another test runs
//
// The blocks below one heading make up one folder. Further comments say what happens when it runs, in order:
//
//   // prints: text             a line that is written
//   // edit: name "a" -> "b"    then a is replaced by b in that file
//
// A block whose fence says `js part` is a part of a program, which a test of its own runs.

const fs = require('node:fs')
const path = require('node:path')

const root = path.join(__dirname, '../..')

/** The documents whose blocks are run, by their path in this repository. */
exports.documents = ['README.md', ...fs.readdirSync(path.join(root, 'docs')).filter(isDocument).map(inDocs)]

function isDocument(file) {
  return file.endsWith('.md')
}

function inDocs(file) {
  return `docs/${file}`
}

/** The text of one of them. */
exports.textOf = (document) => fs.readFileSync(path.join(root, document), 'utf8')

/** Every JavaScript and TypeScript block of a document, in order. */
exports.readmeBlocks = function readmeBlocks(markdown) {
  const blocks = []
  let section = ''
  let open
  for (const line of markdown.split('\n')) {
    const fence = /^```(\w*)( part)?/.exec(line)
    if (open === undefined && fence) open = { language: fence[1], isPart: fence[2] !== undefined, lines: [] }
    else if (open === undefined) section = /^#+ (.*)/.exec(line)?.[1] ?? section
    else if (fence) {
      if (['js', 'mjs', 'ts'].includes(open.language) && !open.isPart) blocks.push(block(section, open))
      open = undefined
    } else open.lines.push(line)
  }
  return blocks
}

function block(section, { language, lines }) {
  const [, verb, rest] = /^\/\/ (file|run|as): (.+)/.exec(lines[0]) ?? []
  if (verb === undefined) throw new Error(`"${section}": a block does not name its file: ${lines[0]}`)
  return {
    language,
    section,
    folder: section.replace(/\W+/g, '-'),
    file: rest.split(' ').at(-1),
    run: verb === 'run' ? rest : undefined,
    as: verb === 'as' ? rest : undefined,
    steps: lines.flatMap(step),
    code: `${lines.join('\n')}\n`
  }
}

function step(line) {
  const [, prints] = /\/\/ prints: (.+)/.exec(line) ?? []
  if (prints !== undefined) return [{ prints }]
  const [, edit, before, after] = /\/\/ edit: (\S+) "(.+)" -> "(.+)"/.exec(line) ?? []
  return edit === undefined ? [] : [{ edit, before, after }]
}

/** Whether blocks of one section are a program that runs hot as a whole. */
exports.isHotProgram = (blocks) => blocks.some(({ run }) => /^(npx hmr|--import) /.test(run ?? ''))
