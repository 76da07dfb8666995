// What it costs an `await` to follow on whose behalf code runs, by each way that Node has: the processor time of one `await`
// that has nothing to wait for.
// Usage: node benchmark/contexts.mjs [--awaits 2000000] [--turns 3]
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { median, table } from './support/figures.mjs'

const { values } = parseArgs({
  options: { awaits: { type: 'string', default: '2000000' }, turns: { type: 'string', default: '3' } }
})

const ways = {
  nothing: '',
  AsyncLocalStorage: `const storage = new (require('node:async_hooks').AsyncLocalStorage)()
    storage.enterWith({})
    storage.enterWith(undefined)`,
  'a hook of async_hooks of its own': `const { createHook, executionAsyncResource } = require('node:async_hooks')
    createHook({
      init(id, type, trigger, resource) {
        const owner = executionAsyncResource()[key]
        if (owner !== undefined) resource[key] = owner
      }
    }).enable()`,
  'v8.promiseHooks, which follow nothing but promises': `let owner
    require('node:v8').promiseHooks.createHook({
      init(promise) {
        if (owner !== undefined) promise[key] = owner
      },
      before(promise) {
        owner = promise[key]
      },
      after() {
        owner = undefined
      }
    })`
}

const took = Object.fromEntries(Object.keys(ways).map((name) => [name, []]))
for (let turn = 0; turn < Number(values.turns); turn++) {
  for (const [name, code] of Object.entries(ways)) took[name].push(measure(code))
}
const rows = [['way', 'ns an await']]
for (const [name, times] of Object.entries(took)) rows.push([name, median(times).toFixed(0)])
console.log(`Node ${process.versions.node}\n\n${table(rows)}`)

function measure(code) {
  const program = `const key = Symbol('owner')
    ${code}
    async function wait(times) {
      for (let n = 0; n < times; n++) await null
    }
    async function main() {
      await wait(100_000)
      await new Promise(setImmediate)
      const before = process.cpuUsage()
      await wait(${Number(values.awaits)})
      const { user, system } = process.cpuUsage(before)
      console.log(((user + system) * 1000) / ${Number(values.awaits)})
    }
    main()`
  return Number(spawnSync(process.execPath, ['-e', program], { encoding: 'utf8' }).stdout)
}
