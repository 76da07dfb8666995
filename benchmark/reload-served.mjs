// From the save to the answer of the new version, of a server that nobody wrote for this package: `hmr` and `bun --hot`
// on the same program, in turns. `leaf` edits the last of the modules, `entry` the server itself. Bun comes with `npm run bench` into .cache/bench, or is named by --bun.
// Usage: node benchmark/reload-served.mjs [--modules 1,1000] [--edits leaf,entry] [--saves 20] [--bun path]
import { existsSync, mkdirSync, mkdtempSync, realpathSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { bun } from './support/bun.mjs'
import { median, table } from './support/figures.mjs'
import { root } from './support/project.mjs'
import { freePort, inTurns, Served } from './support/served.mjs'

const peers = path.join(root, '.cache/bench/node_modules')
const { values } = parseArgs({
  options: {
    modules: { type: 'string', default: '1,1000' },
    edits: { type: 'string', default: 'leaf,entry' },
    saves: { type: 'string', default: '20' },
    bun: { type: 'string', default: existsSync(peers) ? bun(peers) : '' }
  }
})
const tools = {
  hmr: [process.execPath, path.join(root, 'bin/hmr.js'), 'server.ts'],
  ...(values.bun && existsSync(values.bun) ? { 'bun --hot': [values.bun, '--hot', 'server.ts'] } : {})
}

/** The first saves warm up. */
const WARM = 2
const rows = [['modules', 'edited', ...Object.keys(tools).map((name) => `${name}, ms`), 'ratio']]
for (const count of values.modules.split(',').map(Number)) {
  for (const edited of values.edits.split(',')) rows.push(await measure(count, edited))
}
console.log(table(rows))

async function measure(count, edited) {
  const running = []
  try {
    for (const command of Object.values(tools)) running.push(await start(command, count, edited))
    const medians = (await inTurns(running, Number(values.saves), WARM)).map(median)
    const ratio = medians.length > 1 ? (medians[0] / medians[1]).toFixed(2) : ''
    return [count, edited, ...medians.map((time) => time.toFixed(1)), ratio]
  } finally {
    for (const server of running) server.stop()
  }
}

function leaf(version) {
  return `export const version: string = 'v${version}'\n`
}

/** A server of `count` modules beside its entry, which imports all of them. */
async function start(command, count, edited) {
  const folder = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'node-hmr-served-')))
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }')
  const imports = []
  for (let n = 1; n < count; n++) {
    const part = `part${Math.floor(n / 50)}`
    mkdirSync(path.join(folder, part), { recursive: true })
    writeFileSync(
      path.join(folder, part, `module${n}.ts`),
      `export interface Item${n} { id: number }\nexport const value${n}: number = ${n}\nexport function double${n}(item: Item${n}): number { return item.id * 2 }\n`
    )
    imports.push(`import './${part}/module${n}.ts'`)
  }
  writeFileSync(path.join(folder, 'last.ts'), leaf(0))
  const port = await freePort()
  const entry = (version) => `import http from 'node:http'
import { version } from './last.ts'
${imports.join('\n')}
const server = http.createServer((_, response) => response.end(${edited === 'entry' ? `'v${version}'` : 'version'}))
server.listen(${port}, '127.0.0.1', () => console.log('up', (server.address() as any).port))\n`
  writeFileSync(path.join(folder, 'server.ts'), entry(0))
  const file = edited === 'entry' ? { edited: 'server.ts', text: entry } : { edited: 'last.ts', text: leaf }
  return Served.start(command, { folder, ...file })
}
