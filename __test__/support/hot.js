// A program that runs hot in a process of its own, for specs.
const { fork } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { makeFolder } = require('./files')

const TIMEOUT = 10_000

/**
 * Runs `entry` of these files; `words` are what the program says by `say(…)`, and the events of `updates`. `before(dir)` changes
 * the folder before the start.
 */
async function runHot(t, files, { entry = 'main.mjs', env, before } = {}) {
  const folder = makeFolder(t, { files })
  const dir = fs.realpathSync(folder.dir)
  before?.(dir)
  const child = fork(path.join(__dirname, 'hot-runner.js'), [path.join(dir, entry)], {
    cwd: dir,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: [],
    env: { ...process.env, HMR_CACHE: '0', ...env }
  })
  t.after(() => child.kill('SIGKILL'))
  const program = new Program(child, dir)
  await program.until(() => program.isReady)
  return program
}

class Program {
  constructor(child, dir) {
    this.child = child
    this.dir = dir
    this.out = ''
    this.said = []
    this.events = []
    this.isReady = false
    this.answers = new Map()
    this.waiting = new Set()
    this.taken = 0
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data) => {
        this.out += data
        this.check()
      })
    child.on('message', ([kind, ...rest]) => {
      if (kind === 'ready') this.isReady = true
      else if (kind === 'said') this.said.push(rest[0])
      else if (kind === 'event') this.events.push({ event: rest[0], ...rest[1] })
      else if (kind === 'answer') this.answers.set(rest[0], rest[1])
      this.check()
    })
    child.on('exit', (code, signal) => {
      this.ended = { code, signal }
      this.check()
    })
  }

  check() {
    for (const wait of [...this.waiting]) wait()
  }

  /** Waits until `condition` gives something. */
  until(condition) {
    return new Promise((resolve, reject) => {
      const finish = (settle, value) => {
        clearTimeout(timer)
        this.waiting.delete(look)
        settle(value)
      }
      const look = () => {
        const value = condition()
        if (value) finish(resolve, value)
        else if (this.ended)
          finish(reject, new Error(`the program has ended: ${JSON.stringify(this.ended)}\n${this.state()}`))
      }
      const timer = setTimeout(() => finish(reject, new Error(`nothing came\n${this.state()}`)), TIMEOUT)
      this.waiting.add(look)
      look()
    })
  }

  state() {
    return `said: ${this.said.join(', ')}\nevents: ${JSON.stringify(this.events)}\noutput: ${this.out}`
  }

  path(file) {
    return path.join(this.dir, file)
  }

  write(file, text) {
    fs.mkdirSync(path.dirname(this.path(file)), { recursive: true })
    fs.writeFileSync(this.path(file), text)
  }

  remove(file) {
    fs.rmSync(this.path(file))
  }

  /** Writes files and waits for the next event of `updates`. */
  async edit(files) {
    this.said.length = 0
    for (const [file, text] of Object.entries(files)) this.write(file, text)
    return this.next()
  }

  /** The next event of `updates` that is not `custom`. */
  async next(event) {
    const fits = (told) => (event ? told.event === event : told.event !== 'custom')
    const index = await this.until(() => {
      const found = this.events.findIndex((told, index) => index >= this.taken && fits(told))
      return found === -1 ? undefined : found + 1
    })
    this.taken = index
    return this.events[index - 1]
  }

  /** Evaluates code in the program's process. */
  async ask(code) {
    const id = Math.random()
    this.child.send([id, code])
    await this.until(() => this.answers.has(id))
    return this.answers.get(id)
  }

  /** Waits until the program has said this. */
  hears(word) {
    return this.until(() => this.said.includes(word))
  }
}

module.exports = { runHot }
