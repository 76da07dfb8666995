// A seeded random editor against hot programs of random modules, some of which accept. The law: after each edit, every
// binding shows the newest version that could be evaluated, each module has run as often as the model says, and nothing
// was left unhandled.
import { fork } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { Model, trees } from './torture/program-model.mjs'
import { Random } from './torture/random.mjs'

const HELP = `node scripts/torture-program.mjs [options]

  --edits N    how many edits of each kind of tree (200)
  --modules N  how many modules a tree has (25)
  --seed N     repeats the trees and the edits (a random one, which is printed)
  --tree NAME  one kind of tree only: ${trees.join(', ')}
  --help       this text`
/** What makes a new version fail, and whether anything of it runs. */
const FAULTS = ["throw new Error('fault')", 'const = 1', 'throw undefined']
const PATIENCE = 20_000
const urlOf = (file) => new URL(file, import.meta.url).href

const { values } = parseArgs({
  options: {
    edits: { type: 'string', default: '200' },
    modules: { type: 'string', default: '25' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    tree: { type: 'string' },
    help: { type: 'boolean', default: false }
  }
})
async function torture(tree) {
  const seed = Number(values.seed)
  const random = new Random(seed)
  const model = new Model(random, { tree, count: Number(values.modules) })
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'node-hmr-torture-')))
  const write = (module, fault) => fs.writeFileSync(path.join(folder, module.file), model.text(module, fault))
  fs.writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }')
  for (const module of model.modules) write(module)
  model.settle()
  const program = new Program(folder, model.modules[0].file)
  const tally = { updated: 0, reloaded: 0, failed: 0 }
  try {
    await program.until(async () => (await program.ask(model)).sees.m0)
    await law(program, model, 'the start')
    for (let edit = 1; edit <= Number(values.edits); edit++) {
      const several = random.below(5) === 0 ? 2 : 1
      const changed = new Set(Array.from({ length: several }, () => random.pick(model.modules)))
      const [first] = changed
      if (several === 1 && random.below(5) === 0) {
        // Nothing of what follows may show that it has been tried, but for what has run before it failed.
        const version = first.version
        first.version = `${edit}.5`
        write(first, random.pick(FAULTS))
        tally[await program.outcome()]++
        first.version = version
        await law(program, model, `edit ${edit}: a fault in ${first.file}`, false)
        const { runs } = await program.ask(model)
        for (const module of model.modules) module.runs = runs[module.name]
      }
      for (const module of changed) {
        module.version = edit
        model.choose(module)
        write(module)
      }
      const what = `edit ${edit}: ${[...changed].map(({ file }) => file).join(', ')}`
      if (several === 1) {
        const expected = model.apply(changed)
        const outcome = await program.outcome()
        if (outcome !== expected) throw new Error(`seed ${seed}, ${tree}, ${what}: ${outcome} instead of ${expected}`)
        tally[outcome]++
        await law(program, model, what)
      } else {
        // How the system tells of them decides whether they are one update or two: only what is seen is certain.
        tally[await program.outcome()]++
        await program.until(async () => (await program.ask(model)).sees[first.name]?.[0] === edit)
        await program.quiet()
        const { runs, sees } = await program.ask(model)
        model.apply(changed)
        for (const module of model.modules) {
          module.runs = runs[module.name]
          // As one or as two updates: what CommonJS keeps depends on it.
          module.kept = sees[module.name].slice(1)
        }
        await law(program, model, what)
      }
    }
  } catch (error) {
    console.log(`${error.message}\nseed ${seed}, ${tree}: FAILED; ${folder} is left\n${program.output}`)
    process.exitCode = 1
    return
  } finally {
    program.child.kill('SIGKILL')
  }
  fs.rmSync(folder, { recursive: true, force: true })
  const counts = Object.entries(tally).map(([outcome, times]) => `${times} ${outcome}`)
  console.log(`seed ${seed}, ${tree}: ${values.edits} edits, ${counts.join(', ')}: passed`)
}

/** What every module sees is what the model says, and so is how often it has run. */
async function law(program, model, when, counts = true) {
  const { runs, sees } = await program.ask(model)
  for (const module of model.modules) {
    // A version that was tried, and ran before another one failed, shows what it has kept.
    if (!counts && model.hasTried(module, sees[module.name])) model.look(module)
    const [is, wanted] = [JSON.stringify(sees[module.name]), JSON.stringify(model.sees(module))]
    if (is !== wanted) throw new Error(`after ${when}: ${module.file} sees ${is} instead of ${wanted}`)
    const times = runs[module.name]
    if (counts && times !== module.runs)
      throw new Error(`after ${when}: ${module.file} has run ${times} times instead of ${module.runs}`)
  }
  if (program.unhandled) throw new Error(`after ${when}: unhandled: ${program.unhandled}`)
}

/** The program in its process. */
class Program {
  constructor(folder, entry) {
    this.events = []
    this.output = ''
    // What is loaded before `register` is no part of the program.
    const preloads = ['./torture/program-preload.mjs', '../register.mjs'].flatMap((file) => ['--import', urlOf(file)])
    this.child = fork(path.join(folder, entry), {
      cwd: folder,
      execArgv: preloads,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...process.env, HMR_CACHE: '0', HMR_LOGGING: '1' }
    })
    const keep = (data) => {
      this.output += data
    }
    for (const stream of [this.child.stdout, this.child.stderr]) stream.on('data', keep)
    this.child.on('message', (message) => {
      if (message.unhandled) this.unhandled = message.unhandled
      else if (message.runs) this.answer(message)
      else this.events.push(message)
      this.wake?.()
    })
  }

  ask(model) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the program does not answer')), PATIENCE)
      this.answer = (message) => {
        clearTimeout(timer)
        resolve(message)
      }
      this.child.send(model.modules.map(({ name }) => name))
    })
  }

  async until(condition) {
    for (const began = Date.now(); !(await condition()); ) {
      if (Date.now() - began > PATIENCE) throw new Error('nothing came')
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  /** The outcome of the next update. */
  async outcome() {
    await this.until(() => this.events.length > 0)
    return this.events.shift().outcome
  }

  /** Until nothing has come for a while. */
  async quiet() {
    let count = -1
    await this.until(async () => {
      const before = count
      count = this.events.length
      await new Promise((resolve) => setTimeout(resolve, 150))
      return before === this.events.length
    })
    this.events.length = 0
  }
}

if (values.help) console.log(HELP)
else for (const tree of values.tree ? [values.tree] : trees) await torture(tree)
