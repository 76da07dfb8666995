// The law of the language: a program of plain ES modules does the same here as under plain Node. Random programs are run
// by both, and what they log is compared.
import { execFile } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { randomProgram } from './random-programs/generator.mjs'
import { starProgram } from './random-programs/stars.mjs'
import { Random } from './torture/random.mjs'

const HELP = `node scripts/random-programs.mjs [options]

  --count N  how many programs (1,000)
  --seed N   repeats the programs (a random one, which is printed)
  --stars    graphs of re-exports, and no other code
  --hot      as hot programs, not as with -n
  --keep     leaves the folder, and says where it is
  --help     this text`

/** How many programs a process runs. */
const BATCH = 200
/**
 * The text of functions is a documented difference; a program without the global `Object` says nothing of the language; calls
 * are counted, so that each program ends.
 */
const PRELOAD = `Function.prototype.toString = () => 'a function'
Object.defineProperty(globalThis, 'Object', { writable: false, configurable: false })
let current, calls = 0
globalThis.burn = () => {
  if (current !== globalThis.current) calls = 0
  current = globalThis.current
  if (++calls > 500) throw new Error('burnt')
}`
const preloadUrl = `data:text/javascript,${encodeURIComponent(PRELOAD)}`
const register = new URL('../register.mjs', import.meta.url).href
const runner = fileURLToPath(new URL('../__test__/support/run-modules.mjs', import.meta.url))

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '1000' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    stars: { type: 'boolean', default: false },
    hot: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false }
  }
})
if (values.help) {
  console.log(HELP)
  process.exit()
}
const random = new Random(Number(values.seed))
const make = values.stars ? starProgram : randomProgram
const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'node-hmr-random-')))
console.log(`seed ${values.seed}`)

/** What each program of a folder logs. */
async function run(below, preload) {
  const env = {
    ...process.env,
    NODE_OPTIONS: undefined,
    NO_COLOR: '1',
    HMR_CACHE: '0',
    HMR_NO_WATCH: values.hot ? undefined : '1'
  }
  const args = ['--import', preloadUrl, ...(preload ? ['--import', preload] : []), '--no-warnings', runner, below]
  const { stdout } = await promisify(execFile)(process.execPath, args, { env, maxBuffer: 2 ** 28 })
  return JSON.parse(stdout)
}

/** Whether two lines say the same, but for what docs/hot.md says: how a namespace prints, and words of errors. */
function isSame(one, two) {
  if (one === two) return true
  if (one === undefined || two === undefined) return false
  // V8 says this first of an export only, ECMAScript that it is not initialized.
  if (one.includes('Assignment to constant') && two.includes('before initialization')) return true
  return inOneWord(one) === inOneWord(two)
}

function inOneWord(line) {
  return line
    .replace(/(<ref \*\d+> )?(Proxy\()?\[(Object|Module): null prototype\].*/s, '')
    .replace(/\b(\w*Error): .*/gs, '$1')
    .replace(/\bPromise \{.*/s, 'Promise')
    .replace(/\s+/g, '')
}

let failed = 0
let ended = 0
let lines = 0
for (let done = 0; done < Number(values.count); done += BATCH) {
  const programs = Array.from({ length: Math.min(BATCH, Number(values.count) - done) }, () => make(random))
  for (const way of ['plain', 'ours']) {
    fs.rmSync(path.join(folder, way), { recursive: true, force: true })
    programs.forEach((files, n) => {
      const place = path.join(folder, way, String(n))
      fs.mkdirSync(place, { recursive: true })
      for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(place, name), text)
    })
  }
  const [plain, ours] = await Promise.all([run(path.join(folder, 'plain')), run(path.join(folder, 'ours'), register)])
  programs.forEach((_, n) => {
    // A rejected `import()` that nobody awaits is told of when its promise is settled, which nothing promises the time of.
    const isUnhandled = (line) => line.startsWith('unhandled')
    const ordered = (all) => [...all.filter((line) => !isUnhandled(line)), ...all.filter(isUnhandled).sort()]
    const [one, two] = [ordered(plain[n]), ordered(ours[n])]
    lines += one.length
    if (!one.at(-1)?.startsWith('rejected')) ended++
    const at = [...(one.length < two.length ? two : one)].findIndex((_, index) => !isSame(one[index], two[index]))
    if (at < 0) return
    failed++
    console.log(`program ${done + n}, line ${at}:\n  plain: ${one[at]}\n  ours:  ${two[at]}`)
    if (values.keep) {
      fs.cpSync(path.join(folder, 'plain', String(n)), path.join(folder, 'failed', String(done + n)), {
        recursive: true
      })
      fs.writeFileSync(
        path.join(folder, 'failed', String(done + n), 'logs.json'),
        JSON.stringify([plain[n], ours[n]], null, 1)
      )
    }
  })
}
if (values.keep) console.log(folder)
else fs.rmSync(folder, { recursive: true, force: true })
console.log(`${ended} programs ran to their end; ${lines} lines`)
console.log(`${Number(values.count) - failed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
