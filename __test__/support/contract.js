// A contract is a document in docs/contract and a map beside the specs, which says of each of its claims what tests it:
//
//   [{ "section": "a heading of the document",
//      "claims": [
//        { "claim": "a sentence, or a clause", "tests": { "x.spec.js": ["a test's title", "a suite > a test"] } },
//        { "claim": "words that promise nothing", "note": "why" }
//      ] }]
//
// All claims of a section, one after the other, are the section's text word for word: each word has its test. Where a
// claim ends is free; headings, fences, bullets, table rules and `|` do not count. A title may be that of a suite, which
// stands for all its tests, or end in "…", which stands for each that begins so. A file that is no spec, such as
// a type test or a test in Rust, is named with a piece of its text.

/** `[{ section, words }]` of a document. */
exports.sectionsOf = function sectionsOf(markdown) {
  const sections = []
  for (const line of markdown.split('\n')) {
    const [, heading] = /^#+ (.*)/.exec(line) ?? []
    if (heading !== undefined) sections.push({ section: heading, words: [] })
    else if (!/^(```|\|[\s|:-]+\|$)/.test(line))
      sections.at(-1).words.push(...wordsOf(line.replace(/^\s*(-|\d+\.) /, '')))
  }
  return sections.filter(({ words }) => words.length > 0)
}

/** What the map lacks of the document, or has besides it. */
exports.textTrouble = function textTrouble(markdown, map) {
  const trouble = []
  const sections = exports.sectionsOf(markdown)
  const listed = map.map(({ section }) => section)
  for (const { section } of sections) if (!listed.includes(section)) trouble.push(`no section "${section}" in the map`)
  for (const { section, claims } of map) {
    const rest = sections.find((one) => one.section === section)?.words.slice()
    if (rest === undefined) {
      trouble.push(`no section "${section}" in the document`)
      continue
    }
    for (const { claim } of claims) {
      const words = wordsOf(claim)
      const found = rest.splice(0, words.length)
      if (found.join(' ') === words.join(' ')) continue
      trouble.push(`"${section}": the map has "${words.join(' ')}", the document "${found.join(' ')}"`)
      rest.length = 0
      break
    }
    if (rest.length > 0) trouble.push(`"${section}": no claim for "${rest.join(' ')}"`)
  }
  return trouble
}

/** Entries that are there twice, and those without a test. */
exports.mapTrouble = function mapTrouble(map) {
  const trouble = []
  const seen = new Set()
  const once = (key, what) => {
    if (seen.has(key)) trouble.push(`twice: ${what}`)
    seen.add(key)
  }
  for (const { section, claims } of map) {
    once(`section ${section}`, section)
    for (const { claim, tests, note } of claims) {
      once(`claim ${claim}`, claim)
      const titles = Object.entries(tests ?? {}).flatMap(([file, titles]) => titles.map((title) => `${file}: ${title}`))
      for (const title of titles) once(`${claim}: ${title}`, `${title}, of "${claim}"`)
      if (note === undefined && titles.length === 0) trouble.push(`no test: ${claim}`)
      if (note === '' || (note !== undefined && tests !== undefined))
        trouble.push(`a note has to say why no test: ${claim}`)
    }
  }
  return trouble
}

/** The tests of the map that are none: `titles` as `titlesOf` gives them, `read` gives the text of other files. */
exports.titleTrouble = function titleTrouble(map, titles, read) {
  const trouble = []
  for (const { claim, file, title } of exports.namedTests(map)) {
    const isThere = isSpec(file)
      ? titles[file].some((path) => path === title || path.startsWith(`${title} > `) || begins(path, title))
      : read(file).includes(title)
    if (title === '' || !isThere) trouble.push(`${file} has no "${title}", for "${claim}"`)
  }
  return trouble
}

/** Each test that a map names. */
exports.namedTests = (map) =>
  map
    .flatMap(({ claims }) => claims)
    .flatMap(({ claim, tests }) =>
      Object.entries(tests ?? {}).flatMap(([file, titles]) => titles.map((title) => ({ claim, file, title })))
    )

/** The spec files that a map names. */
exports.specsOf = (map) => [...new Set(exports.namedTests(map).map(({ file }) => file))].filter(isSpec)

function isSpec(file) {
  return file.endsWith('.spec.js')
}

function begins(path, title) {
  return /.…$/.test(title) && path.startsWith(title.slice(0, -1))
}

function wordsOf(text) {
  return text.split(/[\s|]+/).filter((word) => word !== '')
}
