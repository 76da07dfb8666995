// One tool at work on a project of its own: its processes, what they hold, and a probe that asks its server.
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import net from 'node:net'
import { atRest, now, pause } from '../support/process.mjs'
import { makeProject } from '../support/project.mjs'
import { writeEntry } from './apps.mjs'
import { Probe } from './probe.mjs'
import { place } from './tools.mjs'

/** How long a tool may take until it serves for the first time. */
const START = 120_000
/** Its processes are quiet when they took less than this in so many milliseconds; waited for so long at most. */
const QUIET = { cpu: 10, during: 50, atMost: 3_000 }

const running = new Set()
process.on('exit', () => {
  for (const server of running) server.kill('SIGKILL')
})
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))

export class Server {
  #output = ''
  #ended = false
  #value

  /** Starts a tool, and resolves when it serves the first version. Rejects with what it said instead. */
  static async start(tool, { modules, value, peers }) {
    const packages = Object.fromEntries((tool.packages ?? []).map((name) => [name, place(tool, name, peers)]))
    const project = makeProject(modules, (version) => tool.app.text(version, value), packages)
    writeEntry(project, tool.app)
    const server = new Server(tool, project, value)
    running.add(server)
    try {
      await server.#start(peers)
    } catch (error) {
      await server.stop()
      throw error
    }
    return server
  }

  constructor(tool, project, value) {
    this.tool = tool
    this.project = project
    this.#value = value
  }

  async #start(peers) {
    const port = await freePort()
    const [file, ...args] = this.tool.command(peers, this.project.folder)
    const env = { ...process.env, BENCH_PORT: String(port), BENCH_VALUE: String(this.#value), FORCE_COLOR: '0' }
    const began = now()
    // A group of its own: what it starts ends with it.
    this.child = spawn(file, args, {
      cwd: this.project.folder,
      env,
      detached: process.platform !== 'win32',
      stdio: ['ignore', 'pipe', 'pipe']
    })
    for (const stream of [this.child.stdout, this.child.stderr])
      stream.on('data', (text) => {
        this.#output = (this.#output + text).slice(-4_000)
      })
    this.child.once('error', (error) => {
      this.#output += error.message
      this.#ended = true
    })
    this.child.once('exit', () => {
      this.#ended = true
    })
    this.probe = new Probe(port)
    const { at } = await this.probe.until(0, 0, began, START, () => this.#ended)
    if (at === undefined) throw new Error(this.end ?? `not served in ${START / 1000} s`)
    this.served = at - began
    // Long enough for any restart.
    this.patience = Math.min(3_000 + 2 * this.served, 20_000)
  }

  /** What it said when it ended, if it did. */
  get end() {
    return this.#ended ? `ended: ${this.lastWords()}` : undefined
  }

  /** The line of its output that says most. */
  lastWords() {
    const lines = this.#output.split('\n').filter((line) => line.trim() !== '')
    return (lines.find((line) => /error/i.test(line)) ?? lines.at(-1) ?? 'nothing said').trim().slice(0, 200)
  }

  /** Saves a version, and asks until it is served. */
  async save(index, version, write) {
    const text = this.tool.app.text(version, this.#value)
    // The connection stands, and the server is awake.
    await this.probe.ask(index).catch(() => undefined)
    const began = now()
    write(this.project.files[index], text)
    const { at, gap, failed } = await this.probe.until(index, version, began, this.patience, () => this.#ended)
    return { took: at === undefined ? undefined : at - began, gap, failed }
  }

  /** Waits until its processes have nothing left to do. */
  async quiet() {
    const last = now() + QUIET.atMost
    for (let before = this.holds()?.cpu; now() < last; ) {
      await pause(QUIET.during)
      const after = this.holds()?.cpu
      if (before === undefined || after === undefined || after - before <= QUIET.cpu) return
      before = after
    }
  }

  /** What all its processes hold together. Linux only. */
  holds() {
    const held = descendants(this.child.pid)
      .map(atRest)
      .filter((one) => one)
    if (held.length === 0) return undefined
    const sum = { processes: held.length }
    for (const one of held) for (const [name, value] of Object.entries(one)) sum[name] = (sum[name] ?? 0) + value
    return sum
  }

  kill(signal) {
    try {
      process.kill(process.platform === 'win32' ? this.child.pid : -this.child.pid, signal)
    } catch {
      // It has ended already.
    }
  }

  async stop() {
    running.delete(this)
    this.probe?.close()
    if (this.child?.pid) {
      const ended = this.#ended || new Promise((resolve) => this.child.once('exit', resolve))
      this.kill('SIGKILL')
      await ended
    }
    this.project.remove()
  }
}

function freePort() {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

/** A process and all it has started. */
function descendants(pid) {
  try {
    const threads = fs.readdirSync(`/proc/${pid}/task`)
    const children = threads.flatMap((thread) =>
      fs.readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean)
    )
    return [pid, ...children.flatMap((child) => descendants(Number(child)))]
  } catch {
    return []
  }
}
