// A program that serves its version, and a client that saves a new one and asks until it is served.
import { spawn } from 'node:child_process'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

/** A save comes so long after the one before it, in milliseconds: every program is quiet by then. */
const QUIET = 60

/** A running program. It has said `up <port>`, and answers each request with its version. */
export class Served {
  #agent = new http.Agent({ keepAlive: true, maxSockets: 1 })

  /** Starts a command in its folder. `edited` is the file that is saved, `text` makes its text of a version. */
  static async start([command, ...args], { folder, edited, text, env = {} }) {
    const stdio = ['ignore', 'pipe', 'inherit']
    const child = spawn(command, args, { cwd: folder, stdio, env: { ...process.env, ...env } })
    const port = await new Promise((resolve, reject) => {
      child.on('error', reject).on('exit', (code) => reject(new Error(`${command} ended with ${code}`)))
      child.stdout.setEncoding('utf8').on('data', (out) => {
        const match = /up (\d+)/.exec(out)
        if (match) resolve(Number(match[1]))
      })
    })
    return new Served(child, port, { folder, edited, text })
  }

  constructor(child, port, program) {
    this.child = child
    this.port = port
    this.program = program
  }

  /** Saves a version by renaming a new file over the old one. Resolves with the milliseconds until it is served. */
  async save(version) {
    const file = path.join(this.program.folder, this.program.edited)
    writeFileSync(`${file}~`, this.program.text(version))
    const began = process.hrtime.bigint()
    renameSync(`${file}~`, file)
    while ((await this.ask()) !== `v${version}`) await new Promise(setImmediate)
    return Number(process.hrtime.bigint() - began) / 1e6
  }

  /** What the program answers. */
  ask() {
    return new Promise((resolve, reject) => {
      const request = http.get({ port: this.port, agent: this.#agent, host: '127.0.0.1' }, (response) => {
        let body = ''
        response
          .setEncoding('utf8')
          .on('data', (part) => {
            body += part
          })
          .on('end', () => resolve(body))
      })
      request.on('error', reject)
    })
  }

  stop() {
    this.#agent.destroy()
    this.child.removeAllListeners('exit')
    this.child.kill()
    rmSync(this.program.folder, { recursive: true, force: true })
  }
}

/** Saves all programs in turns. Resolves with the times of each. The first `warm` saves are not counted. */
export async function inTurns(programs, saves, warm) {
  const took = programs.map(() => [])
  for (let save = 1; save <= saves + warm; save++) {
    const order = programs.map((_, place) => place)
    // Whoever was first comes last in the next turn.
    if (save % 2) order.reverse()
    for (const place of order) {
      await pause(QUIET)
      const time = await programs[place].save(save)
      if (save > warm) took[place].push(time)
    }
  }
  return took
}

/** A port that nobody listens on. */
export function freePort() {
  const server = http.createServer().listen(0, '127.0.0.1')
  return new Promise((resolve) => {
    server.on('listening', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}
