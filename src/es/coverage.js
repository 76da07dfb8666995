'use strict'
// With NODE_V8_COVERAGE, Node writes at exit which ranges of the code V8 ran. Tools take them for ranges of the source file,
// and the compiled code of a hot module is not that file. So an `exit` listener has the report written early and corrects
// it: nothing that runs later knows the code.
const fs = require('node:fs')
const { SourceMap } = require('node:module')
const path = require('node:path')
const { fileURLToPath, pathToFileURL } = require('node:url')
const v8 = require('node:v8')

/** The functions of `natives.rs`. */
let native
/** `startOf` of `stack.js`. */
let startOf
/** The code of all versions of each module, by the module's URL. */
const codes = new Map()
const folder = path.resolve(process.env.NODE_V8_COVERAGE)

function lineStarts(text) {
  const starts = [0]
  for (const { index, 0: end } of text.matchAll(/\r\n|[\n\r\u2028\u2029]/g)) starts.push(index + end.length)
  return starts
}

/** A function from offsets in the code to offsets in the source. */
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

/** The functions of a module's report, as V8 would write them had it run the source. */
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
  // For an ES module the script's only work is to make the module's function, in which the user's text begins at `start`.
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

/** Corrects one report. */
function rewrite(file) {
  const report = JSON.parse(fs.readFileSync(file, 'utf8'))
  report.result = report.result.filter((script) => {
    const known = codes.get(script.url)
    if (!known) return true
    const length = script.functions[0]?.ranges[0].endOffset
    const code = known.find((it) => it.length === length)
    // A script with this URL and other code is the stub that Node's own loader has in place of the hot module.
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
    // The report stays as Node has written it.
  }
}

process.on('exit', finish)
// The program's own `exit` listeners are to be covered as well, so this one moves behind each that is added.
process.on('newListener', (name, listener) => {
  if (name !== 'exit' || listener === finish) return
  queueMicrotask(() => process.off('exit', finish).on('exit', finish))
})

module.exports = {
  /** Connects this file with `natives.rs` and `stack.js`. */
  start(functions, stack) {
    native = functions
    startOf = stack.startOf
  },
  /** Notes the code of a module's version. The address of CommonJS is a path. */
  compiled(address, code) {
    const url = path.isAbsolute(address) ? pathToFileURL(address).href : address
    if (!codes.has(url)) codes.set(url, [])
    codes.get(url).push(code)
  }
}
