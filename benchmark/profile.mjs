// Where the time of an update goes, against the floor; each figure beside the goal it has.
//
//   node benchmark/profile.mjs [life-cycle] [steps] [notice] [save] [start] [cost] [load] [--modules 1,500,10000] [--saves 40] [--json file]
import fs from 'node:fs'
import os from 'node:os'
import { parseArgs } from 'node:util'
import * as cost from './profile/cost.mjs'
import * as lifeCycle from './profile/life-cycle.mjs'
import * as load from './profile/load.mjs'
import * as notice from './profile/notice.mjs'
import * as save from './profile/save.mjs'
import * as start from './profile/start.mjs'
import * as steps from './profile/steps.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    modules: { type: 'string', default: '1,500,10000' },
    saves: { type: 'string', default: '40' },
    rounds: { type: 'string', default: '3000' },
    starts: { type: 'string', default: '5' },
    rest: { type: 'string', default: '1000' },
    reloads: { type: 'string', default: '20000' },
    json: { type: 'string' }
  }
})
const options = {
  modules: values.modules.split(',').map(Number),
  saves: Number(values.saves),
  rounds: Number(values.rounds),
  starts: Number(values.starts),
  rest: Number(values.rest),
  reloads: Number(values.reloads)
}
const parts = {
  'life-cycle': [
    'An update over evict + require (goal: at most 30 µs with one module)',
    lifeCycle.lifeCycle,
    lifeCycle
  ],
  steps: ['The steps of one update after a pause', steps.steps, steps],
  notice: [
    'Save to the event of the watcher (the floor tells of the first write, ours of the finished one)',
    notice.notice,
    notice
  ],
  save: ['Save to new exports (goal: p50 at most 1.2 times the control)', save.save, save],
  start: ['Start and rest (goal: 10,000 modules at most 1.2 times the control)', start.startUp, start],
  cost: ['Watching (goals: 10,000 files no slower than by `fs.watch`, 8 MiB, nothing at rest)', cost.cost, cost],
  load: ['Load and heap (goals: 3 ms, 0.05 KB per reload)', load.load, load]
}

const result = {
  node: process.version,
  system: `${os.platform()} ${os.release()} ${os.arch()}`,
  processor: `${os.cpus().length} × ${os.cpus()[0]?.model}`,
  loadAverage: os.loadavg().map((average) => Number(average.toFixed(2))),
  options
}
for (const [name, [title, measure, { show }]] of Object.entries(parts)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue
  result[name] = await measure(options)
  console.log(`## ${title}\n\n${show(result[name])}\n`)
}
if (values.json) fs.writeFileSync(values.json, `${JSON.stringify(result, null, 2)}\n`)
