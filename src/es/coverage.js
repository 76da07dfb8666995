'use strict'
// With NODE_V8_COVERAGE, Node writes the ranges of the code that V8 ran. This turns those of hot modules into ranges of
// the source before the process ends: nothing native runs later and still knows the code.
const fs = require('node:fs')
const { SourceMap } = require('node:module')
const path = require('node:path')
const { fileURLToPath, pathToFileURL } = require('node:url')
const v8 = require('node:v8')

let native
let startOf
/** The code of each module, by its address: all versions. */
const codes = new Map()
const folder = path.resolve(process.env.NODE_V8_COVERAGE)

function lineStarts(text) {
  const starts = [0]
  for (const { index, 0: end } of text.matchAll(/\r\n|[\n\r\u2028\u2029]/g)) starts.push(index + end.length)
  return starts
}

/** From offsets in the code to offsets in the source. */
function mapper(code, source) {
  const found = /\n\/\/# sourceMappingURL=data:[^,]+,(.*)$/.exec(code)
  if (!found) return (offset) => Math.min(offset, source.length)
  const map = new SourceMap(JSON.parse(Buffer.from(found[1], 'base64').toString()))
  const [from, to] = [lineStarts(code), lineStarts(source)]
  return (offset) => {
    let line = from.findLastIndex((start) => start <= offset)
    const column = offset - from[line]
    const entry = map.findEntry(line, column)
    if (entry.originalLine === undefined) return 0
    const further = entry.generatedLine === line ? column - entry.generatedColumn : 0
    line = entry.originalLine
    return Math.min((to[line] ?? source.length) + entry.originalColumn + further, to[line + 1] ?? source.length)
  }
}

/** A module's functions, as V8 would tell of its source. */
function functionsOf({ functions }, code, source) {
  const place = mapper(code, source)
  const range = ({ startOffset, endOffset, count }) => {
    return { startOffset: place(startOffset), endOffset: place(endOffset - 1) + 1, count }
  }
  const own = ({ ranges, ...rest }) => ({ ...rest, ranges: ranges.map(range) })
  const [script] = functions
  const top = {
    functionName: '',
    ranges: [{ startOffset: 0, endOffset: source.length, count: 1 }],
    isBlockCoverage: true
  }
  // An ES module is a function that is made by a script; what stands before its text is ours.
  const start = startOf(code)
  const body = start > 0 ? functions[1] : script
  top.ranges.push(
    ...body.ranges
      .slice(1)
      .filter((it) => it.startOffset >= start)
      .map(range)
  )
  const others = functions.filter((it) => it !== script && it.ranges[0].startOffset >= start)
  return [top, ...others.map(own)]
}

function rewrite(file) {
  const report = JSON.parse(fs.readFileSync(file, 'utf8'))
  report.result = report.result.filter((script) => {
    const known = codes.get(script.url)
    if (!known) return true
    const length = script.functions[0]?.ranges[0].endOffset
    const code = known.find((it) => it.length === length)
    // The stub that Node's loader has in a hot module's place.
    if (code === undefined) return false
    script.functions = functionsOf(script, code, fs.readFileSync(fileURLToPath(script.url), 'utf8'))
    return true
  })
  for (const url of codes.keys()) delete report['source-map-cache']?.[url]
  fs.writeFileSync(file, JSON.stringify(report))
}

function finish() {
  const written = () => fs.readdirSync(folder, { withFileTypes: true }).map(({ name }) => name)
  try {
    const before = new Set(fs.existsSync(folder) ? written() : [])
    v8.takeCoverage()
    const mine = `coverage-${process.pid}-`
    const made = written().filter((name) => name.startsWith(mine) && !before.has(name))
    for (const name of made) rewrite(path.join(folder, name))
    native.written(folder, made, [...codes.keys()])
  } catch {
    // What Node has written stays.
  }
}

process.on('exit', finish)
// What the program does at its end is covered as well.
process.on('newListener', (name, listener) => {
  if (name !== 'exit' || listener === finish) return
  queueMicrotask(() => process.off('exit', finish).on('exit', finish))
})

module.exports = {
  start(functions, stack) {
    native = functions
    startOf = stack.startOf
  },
  /** Keeps a module's code. */
  compiled(address, code) {
    const url = path.isAbsolute(address) ? pathToFileURL(address).href : address
    if (!codes.has(url)) codes.set(url, [])
    codes.get(url).push(code)
  }
}
