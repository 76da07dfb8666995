// What an accepted update costs, from the save to the answer of the new version: a hot program and the CommonJS floor
// (`fs.watch`, evict, `require`) with as many modules, in turns, for programs of several shapes.
// Usage: node benchmark/hot-updates.mjs [--modules 1,1000,10000] [--shapes flat,spaces,tree,chain] [--saves 40] [--beside addon]
import { mkdirSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { quantile, table } from './support/figures.mjs'
import { floor } from './support/floor.mjs'
import { root } from './support/project.mjs'
import { freePort, inTurns, Served } from './support/served.mjs'

/** So many modules share a folder. */
const PER_FOLDER = 20
/** So many modules are imported by each module of a tree. */
const BRANCHES = 10

/** By shape: which modules the entry and each module import, and whether the entry accepts the saved one. */
const shapes = {
  /** The entry imports a name of every module. */
  flat: { entry: (count) => range(0, count), module: () => [], isAcceptedByEntry: true },
  /** The entry imports every module as a namespace. */
  spaces: { entry: (count) => range(0, count), module: () => [], isAcceptedByEntry: true, hasNamespaces: true },
  /** Each module imports ten. The entry imports the first of all, and the saved leaf. */
  tree: {
    entry: (count) => firstAndLast(count),
    module: (index, count) => range(index * BRANCHES + 1, Math.min(count, (index + 1) * BRANCHES + 1))
  },
  /** Each module imports the next. The entry imports the first of all, and the saved last one. */
  chain: {
    entry: (count) => firstAndLast(count),
    module: (index, count) => (index + 1 < count ? [index + 1] : [])
  }
}

const { values } = parseArgs({
  options: {
    modules: { type: 'string', default: '1,1000,10000' },
    shapes: { type: 'string', default: Object.keys(shapes).join() },
    saves: { type: 'string', default: '40' },
    /** Another build of the addon, which is measured in the same turns. */
    beside: { type: 'string' }
  }
})

const kinds = {
  floor: { write: writeFloor, command: ['floor.js'] },
  hot: { write: writeHot, command: ['--import', '@upvotr/node-hmr/register', 'entry.js'] },
  ...(values.beside && {
    beside: {
      write: writeHot,
      command: ['--import', '@upvotr/node-hmr/register', 'entry.js'],
      env: { NAPI_RS_NATIVE_LIBRARY_PATH: path.resolve(values.beside) }
    }
  })
}

/** On a machine with other work, half of the saves wait for a processor. The fastest fifth says what the update itself takes. */
const FAST = 0.2

const others = Object.keys(kinds).slice(1)
const ratios = others.flatMap((kind) => [`${kind} to floor`, 'fastest fifth'])
const rows = [['shape', 'modules', ...Object.keys(kinds).map((kind) => `${kind}, ms`), ...ratios]]
for (const shape of values.shapes.split(','))
  for (const count of values.modules.split(',').map(Number)) rows.push(await measure(shape, count))
console.log(table(rows))

async function measure(shape, count) {
  const running = []
  try {
    for (const kind of Object.values(kinds)) running.push(await start(kind, shapes[shape], count))
    // The first saves find all code cold.
    const [floor, ...hot] = await inTurns(running, Number(values.saves), 4)
    const ratio = (times, share) => `${(quantile(times, share) / quantile(floor, share)).toFixed(2)}×`
    return [
      shape,
      count,
      ...[floor, ...hot].map((times) => quantile(times, 0.5).toFixed(2)),
      ...hot.flatMap((times) => [ratio(times, 0.5), ratio(times, FAST)])
    ]
  } finally {
    for (const program of running) program.stop()
  }
}

async function start({ write, command, env }, shape, count) {
  const folder = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'node-hmr-updates-')))
  const link = path.join(folder, 'node_modules/@upvotr/node-hmr')
  mkdirSync(path.dirname(link), { recursive: true })
  symlinkSync(root, link, 'junction')
  for (let index = 0; index < count; index += PER_FOLDER)
    mkdirSync(path.join(folder, `part${index / PER_FOLDER}`), { recursive: true })
  const text = write(folder, shape, count, await freePort())
  return Served.start([process.execPath, ...command], { folder, edited: fileOf(count - 1), text, env })
}

function serve(http, port, version) {
  return `const server = ${http}.createServer((_, response) => response.end(${version}))
server.listen(${port}, '127.0.0.1', () => console.log('up', server.address().port))
`
}

function writeHot(folder, shape, count, port) {
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }')
  const accepts = shape.isAcceptedByEntry ? '' : 'import.meta.hot?.accept()\n'
  const textOf = (index) => {
    const imported = shape.module(index, count)
    const lines = imported.map((other) => `import { version as v${other} } from '../${fileOf(other)}'\n`)
    const own = index === count - 1 ? accepts : ''
    return (version) =>
      `${lines.join('')}export const version = 'v${version}'\nexport const below = () => [${imported.map((other) => `v${other}`)}]\n${own}`
  }
  for (let index = 0; index < count; index++) writeFileSync(path.join(folder, fileOf(index)), textOf(index)(0))
  const imports = shape.entry(count).map((index) => {
    const binding = shape.hasNamespaces ? `* as v${index}` : `{ version as v${index} }`
    return `import ${binding} from './${fileOf(index)}'\n`
  })
  const last = `v${count - 1}${shape.hasNamespaces ? '.version' : ''}`
  const accepted = shape.isAcceptedByEntry ? `import.meta.hot?.accept('./${fileOf(count - 1)}')\n` : ''
  const entry = `import http from 'node:http'\n${imports.join('')}${accepted}${serve('http', port, last)}`
  writeFileSync(path.join(folder, 'entry.js'), entry)
  return textOf(count - 1)
}

/** Loads the last modules first, since `require` of a long chain would need too much stack. */
function writeFloor(folder, shape, count, port) {
  const textOf = (index) => {
    const imported = shape.module(index, count)
    const lines = imported.map((other) => `const v${other} = require('../${fileOf(other)}')\n`)
    return (version) =>
      `${lines.join('')}exports.version = 'v${version}'\nexports.below = () => [${imported.map((other) => `v${other}.version`)}]\n`
  }
  for (let index = 0; index < count; index++) writeFileSync(path.join(folder, fileOf(index)), textOf(index)(0))
  const entry = `const http = require('node:http')
const fs = require('node:fs')
const path = require('node:path')
const files = ${JSON.stringify(range(0, count).map(fileOf))}.map((file) => path.join(__dirname, file)).reverse()
${floor}${serve('http', port, 'modules.get(files[0]).version')}`
  writeFileSync(path.join(folder, 'floor.js'), entry)
  return textOf(count - 1)
}

function fileOf(index) {
  return `part${Math.floor(index / PER_FOLDER)}/module${index}.js`
}

function range(from, to) {
  return Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index)
}

function firstAndLast(count) {
  return count > 1 ? [0, count - 1] : [0]
}
