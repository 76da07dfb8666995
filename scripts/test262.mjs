// The cases of test262 about modules, each by plain node and by the engine: a difference is a fault, or has its reason in
// test262/known.json.
import { fork } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const HELP = `node scripts/test262.mjs FOLDER [options] [part of a file's name…]

  FOLDER  a checkout of test262 (no package of a registry has its cases)

  --every  all cases about the language that can be run as a module, not only those about modules
  --hot    as a hot program, not as with -n
  --help   this text`

const MODULES = ['module-code', 'import', 'export', 'expressions/dynamic-import', 'expressions/import.meta']
/** How many cases a process runs. */
const BATCH = 100
const register = new URL('../register.mjs', import.meta.url).href
const runner = fileURLToPath(new URL('test262/cases.mjs', import.meta.url))
const known = JSON.parse(fs.readFileSync(new URL('test262/known.json', import.meta.url), 'utf8'))

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    every: { type: 'boolean', default: false },
    hot: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false }
  }
})
const [given, ...parts] = positionals
if (values.help || !given) {
  console.log(HELP)
  process.exit(values.help ? 0 : 1)
}
const folder = fs.realpathSync(given)

/** The cases in a folder, with what the comment at their top says of them. */
function casesBelow(place) {
  const files = fs.readdirSync(path.join(folder, place), { recursive: true }).map((file) => path.join(place, file))
  const cases = files.filter((file) => file.endsWith('.js') && !file.includes('_FIXTURE'))
  return cases.map(caseOf).filter((one) => !['noStrict', 'raw'].some((flag) => one.flags.includes(flag)))
}

function caseOf(file) {
  const text = fs.readFileSync(path.join(folder, file), 'utf8')
  const matter = /\/\*---([\s\S]*?)---\*\//.exec(text)?.[1] ?? ''
  const list = (key) => {
    const found = new RegExp(`^${key}:(?:\\s*\\[([^\\]]*)\\]|((?:\\r?\\n\\s+- .*)+))`, 'm').exec(matter)
    return (found?.[1] ?? found?.[2] ?? '').split(/,|\n\s+- /).flatMap((item) => item.trim() || [])
  }
  const negative = /^negative:[\s\S]*?^\s+type: *(\w+)/m.exec(matter)?.[1]
  return { file, flags: list('flags'), includes: list('includes'), negative }
}

/** Runs cases in one process: what each comes to, by file. */
function run(cases, way) {
  return new Promise((resolve) => {
    const found = new Map()
    const execArgv = ['--expose-gc', '--no-warnings', ...(way === 'ours' ? ['--import', register] : [])]
    const env = { ...process.env, HMR_CACHE: '0', ...(values.hot ? {} : { HMR_NO_WATCH: '1' }) }
    const child = fork(runner, [folder], { execArgv, env, stdio: 'ignore' })
    child.on('message', ([file, outcome]) => found.set(file, outcome))
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      resolve({ found, ended: `the process ended (${signal ?? code})` })
    })
    const timer = setTimeout(() => child.kill('SIGKILL'), 120_000)
    child.send(cases)
  })
}

/** What a case comes to by itself: cases of one process share fixtures, and may break globals. */
async function alone(one, way) {
  const { found, ended } = await run([one], way)
  return found.get(one.file) ?? ended
}

/** What the cases of a batch come to, by plain node and by the engine. */
async function compare(batch) {
  const [plain, ours] = await Promise.all(['plain', 'ours'].map((way) => run(batch, way)))
  for (const one of batch) {
    const [first, second] = [plain, ours].map((way) => way.found.get(one.file))
    // One that both could run, and that plain node fails too, says nothing of the engine.
    if (first && second && (first !== 'passed' || second === 'passed')) continue
    const outcomes = await Promise.all(['plain', 'ours'].map((way) => alone(one, way)))
    plain.found.set(one.file, outcomes[0])
    ours.found.set(one.file, outcomes[1])
  }
  return [plain.found, ours.found]
}

fs.writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }')
const places = values.every ? ['test/language'] : MODULES.map((name) => `test/language/${name}`)
const all = places.flatMap(casesBelow).filter(({ file }) => parts.every((part) => file.includes(part)))
const batches = []
while (all.length > 0) batches.push(all.splice(0, BATCH))
const tally = { cases: 0, 'passed by both': 0, 'passed by neither': 0, 'passed by the engine only': 0, known: 0 }
let faults = 0
for (const batch of batches) {
  const [plain, ours] = await compare(batch)
  for (const { file } of batch) {
    tally.cases++
    const passed = [plain, ours].map((found) => found.get(file) === 'passed')
    if (passed[0] && passed[1]) tally['passed by both']++
    else if (passed[1]) tally['passed by the engine only']++
    else if (!passed[0]) tally['passed by neither']++
    else if (known.some(({ cases }) => file.includes(cases))) tally.known++
    else {
      faults++
      console.log(`${file}\n  ${ours.get(file)}`)
    }
  }
}
for (const [what, count] of Object.entries(tally)) console.log(`${what}: ${count}`)
console.log(`${tally.cases - faults} passed, ${faults} failed`)
process.exitCode = faults > 0 ? 1 : 0
