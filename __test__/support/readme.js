// The code blocks of the README that are complete files. A block's first line says so:
//
//   // file: name         the file is called name
//   // run: name          the file is called name, and `node name` runs its section
//   // run: hmr -f name   the file is called name, and the command runs its section
//   // as: path            the rest is that file of this repository, which another test runs
//
// The blocks below one heading make up one folder. Further comments say what happens when it runs, in order:
//
//   // prints: text             a line that is written
//   // edit: name "a" -> "b"    then a is replaced by b in that file

/** Every JavaScript and TypeScript block of the README, in order. */
exports.readmeBlocks = function readmeBlocks(markdown) {
  const blocks = []
  let section = ''
  let open
  for (const line of markdown.split('\n')) {
    const fence = /^```(\w*)/.exec(line)
    if (open === undefined && fence) open = { language: fence[1], lines: [] }
    else if (open === undefined) section = /^#+ (.*)/.exec(line)?.[1] ?? section
    else if (fence) {
      if (['js', 'mjs', 'ts'].includes(open.language)) blocks.push(block(section, open))
      open = undefined
    } else open.lines.push(line)
  }
  return blocks
}

function block(section, { language, lines }) {
  const [, verb, rest] = /^\/\/ (file|run|as): (.+)/.exec(lines[0]) ?? []
  if (verb === undefined) throw new Error(`README, "${section}": a block does not name its file: ${lines[0]}`)
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
