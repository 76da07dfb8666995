// What a save costs: from the save to the new version served over HTTP, for this package, other tools and the floor.
//
//   npm run bench -- [--saves 20] [--modules 1,500,10000] [--tools ours,control] [--json file] [--quick] [--help]
//
// All tools run at once, on projects of their own, and are saved in turns. The peers come with the first run, into
// `.cache/bench`. The tables go to stdout, what is being done to stderr.
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { installed, root } from '../scripts/installed.mjs'
import { loadAverage, machine } from './bench/machine.mjs'
import { report } from './bench/report.mjs'
import { atRest, installedSize, ownSize, requireTime } from './bench/rest.mjs'
import { saves } from './bench/saves.mjs'
import { Server } from './bench/server.mjs'
import { needsPeers, place, tools, version } from './bench/tools.mjs'

const options = {
  saves: { type: 'string', default: '20', is: 'saves per tool, way and number of modules' },
  modules: { type: 'string', default: '1,500,10000', is: 'how many modules the application has' },
  tools: { type: 'string', default: Object.keys(tools).join(), is: 'which tools' },
  value: { type: 'string', default: '500', is: 'what the persistent value takes, in ms; 0: not measured' },
  rest: { type: 'string', default: '10', is: 'how long they are watched at rest, in s' },
  budget: {
    type: 'string',
    default: '10',
    is: 'how long a tool may be waited for in a case, in s; then it gets fewer saves'
  },
  json: { type: 'string', is: 'a file for all figures' },
  quick: { type: 'boolean', default: false, is: '6 saves, 2 s at rest' },
  help: { type: 'boolean', default: false, is: 'this text' }
}
const { values } = parseArgs({ options })
const [saveCount, rest] = values.quick ? [6, 2] : [Number(values.saves), Number(values.rest)]
const sizes = values.modules.split(',').map(Number)
const names = values.tools.split(',')
const value = Number(values.value)
const budget = Number(values.budget) * 1000

if (values.help) help()
else if (names.some((name) => !(name in tools))) fail(`--tools: ${Object.keys(tools).join(', ')}`)
else if (
  ![saveCount, ...sizes, Number(values.budget)].every((number) => number > 0) ||
  ![rest, value].every((number) => number >= 0)
)
  fail('--saves, --modules, --rest, --value and --budget: numbers')
else await bench()

async function bench() {
  const isAlone = !names.some((name) => needsPeers(tools[name]))
  const cache = isAlone ? '' : installed(path.join(root, 'benchmark/peers'), 'bench')
  const peers = path.join(cache, 'node_modules')
  const result = {
    command: command(),
    date: new Date().toISOString(),
    machine: machine(),
    load: { before: loadAverage() },
    commit: commit(),
    options: { saves: saveCount, modules: sizes, value, rest, budget },
    tools: Object.fromEntries(names.map((name) => [name, described(name, cache, peers)])),
    servedVersions: names.includes('javascript') ? servedVersions() : undefined,
    saves: [],
    rest: [],
    failed: []
  }
  for (const modules of sizes) {
    await withServers(result, { modules, value: 0, peers }, async (servers) => {
      result.rest.push(...(await atRest(servers, { modules, rest })))
      say(`${modules} modules: saving`)
      result.saves.push(...(await saves(servers, { modules, value: 0, saves: saveCount, budget })))
    })
  }
  if (value > 0) {
    await withServers(result, { modules: 1, value, peers }, async (servers) => {
      say(`a value that takes ${value} ms: saving`)
      const measured = { modules: 1, value, saves: saveCount, budget, only: 'in place' }
      result.saves.push(...(await saves(servers, measured)))
    })
  }
  say('loading the package')
  result.require = await requireTime(names, peers, values.quick ? 5 : 20)
  result.load.after = loadAverage()
  result.took = Math.round((Date.now() - Date.parse(result.date)) / 1000)
  if (values.json) fs.writeFileSync(values.json, `${JSON.stringify(result, null, 1)}\n`)
  console.log(report(result))
}

/** Starts the tools one after the other, so that none delays another's start, and ends them all. */
async function withServers(result, { modules, value, peers }, measure) {
  const servers = []
  try {
    for (const name of names) {
      say(`${modules} modules: starting ${name}`)
      try {
        servers.push(await Server.start(tools[name], { modules, value, peers }))
        await servers.at(-1).quiet()
      } catch (error) {
        result.failed.push({ tool: name, modules, value, reason: error.message })
      }
    }
    await measure(servers)
  } finally {
    for (const server of servers) await server.stop()
  }
}

function described(name, cache, peers) {
  const tool = tools[name]
  const isOurs = tool.of && place(tool, tool.of, peers) === root
  const size = tool.of && (isOurs ? ownSize() : installedSize(tool.of, cache))
  return { label: tool.label, version: version(tool, peers), size }
}

/** As it was called, but for the file, which belongs to nobody else's machine. */
function command() {
  const given = process.argv.slice(2).filter((one, index, all) => !/^--json/.test(one) && all[index - 1] !== '--json')
  return ['npm run bench', ...(given.length > 0 ? ['--', ...given] : [])].join(' ')
}

/** Which versions of the JavaScript package npm serves: 3.0, its last, may be gone. */
function servedVersions() {
  const asked = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], shell: process.platform === 'win32' }
  try {
    return JSON.parse(execFileSync('npm', ['view', '@upvotr/node-hmr', 'versions', '--json'], asked))
  } catch {
    return undefined
  }
}

function commit() {
  const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim()
  try {
    return (
      git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '--untracked-files=no') ? ' and changes' : '')
    )
  } catch {
    return undefined
  }
}

function say(text) {
  console.error(`${new Date().toTimeString().slice(0, 8)} ${text}`)
}

function help() {
  console.log('npm run bench -- [options]\n')
  for (const [name, { default: preset, is }] of Object.entries(options))
    console.log(`  --${name.padEnd(8)} ${is}${preset ? ` (${preset})` : ''}`)
}

function fail(message) {
  console.error(message)
  process.exitCode = 1
}
