// A child process that tells what it sees.
import { fork } from 'node:child_process'
import fs from 'node:fs'

/** How long something awaited may take, in milliseconds. Generous: it ends what has failed. */
const PATIENCE = 120_000

/** The time of day of every process of this machine, in milliseconds. */
export const now = () => Number(process.hrtime.bigint()) / 1e6
export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))

/** Starts a script that sends messages. */
export function start(script, args, { cwd, execArgv = [], env = {} } = {}) {
  const started = now()
  const child = fork(script, args.map(String), { cwd, execArgv, env: { ...process.env, ...env } })
  const arrived = []
  let look = () => {}
  child.on('message', (message) => {
    arrived.push(message)
    look()
  })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  ended.then(() => look())
  return {
    pid: child.pid,
    started,
    send: (message) => child.send(message),
    /** The next message that fits; those before it are passed over. `undefined` when none comes in time. */
    async message(fits, patience = PATIENCE) {
      const deadline = setTimeout(() => look(), patience)
      const last = now() + patience
      try {
        for (;;) {
          while (arrived.length > 0) {
            const message = arrived.shift()
            if (fits(message)) return message
          }
          if (child.exitCode !== null || child.signalCode !== null || now() >= last) return undefined
          await new Promise((resolve) => {
            look = resolve
          })
        }
      } finally {
        clearTimeout(deadline)
      }
    },
    async stop() {
      child.kill()
      await ended
    }
  }
}

/** How often the threads of a process have been woken. Linux only. */
export function wakeUps(pid) {
  try {
    const counts = fs.readdirSync(`/proc/${pid}/task`).map((thread) => {
      const status = fs.readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8')
      return Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1])
    })
    return counts.reduce((sum, count) => sum + count, 0)
  } catch {
    return undefined
  }
}

/** What the system says of a process: memory, descriptors, threads, watches, processor time. Linux only. */
export function atRest(pid) {
  try {
    const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8')
    const field = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1])
    const descriptors = fs.readdirSync(`/proc/${pid}/fd`)
    let watches = 0
    for (const descriptor of descriptors) {
      const info = fs.readFileSync(`/proc/${pid}/fdinfo/${descriptor}`, 'utf8')
      watches += info.match(/^inotify wd:/gm)?.length ?? 0
    }
    const times = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').pop().split(' ')
    return {
      rss: field('VmRSS') / 1024,
      descriptors: descriptors.length,
      threads: field('Threads'),
      watches,
      /** In milliseconds, of the usual hundredths of a second. */
      cpu: (Number(times[11]) + Number(times[12])) * 10
    }
  } catch {
    return undefined
  }
}
