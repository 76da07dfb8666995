'use strict'

const { spawn } = require('node:child_process')
const path = require('node:path')

const root = path.resolve(__dirname, '../..')
const bin = path.join(root, 'bin/hmr.js')
/** How long anything awaited may take, in milliseconds. Generous: it ends a test that has failed. */
const PATIENCE = 20_000

/** Variables of whoever runs the tests that would change what is printed. */
const NEUTRAL = { NO_COLOR: undefined, FORCE_COLOR: undefined, HMR_LOG: undefined, HMR_POLLING: undefined }

/**
 * Starts a command; ended, if it has not, after the test.
 *
 * @param {{ after: Function }} t
 * @param {string[]} command
 * @param {{ cwd?: string, env?: Record<string, string | undefined>, detached?: boolean }} options
 */
function start(t, [file, ...args], options = {}) {
  const env = { ...process.env, NODE_OPTIONS: undefined, NODE_TEST_CONTEXT: undefined, ...NEUTRAL, ...options.env }
  delete env.npm_lifecycle_event
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options, env })
  const text = { stdout: '', stderr: '' }
  const taken = { stdout: 0, stderr: 0 }
  const waiting = new Set()
  for (const stream of ['stdout', 'stderr']) {
    child[stream]?.setEncoding('utf8').on('data', (chunk) => {
      text[stream] += chunk
      for (const check of waiting) check()
    })
  }
  let end
  const ended = new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      end = { code, signal, ...text }
      for (const check of waiting) check()
      resolve(end)
    })
  })
  /** A process that it started and that outlives it would hold the streams open. */
  const kill = () => {
    child.kill('SIGKILL')
    for (const stream of [child.stdout, child.stderr]) stream?.destroy()
  }
  t.after(() => {
    if (!end) kill()
    return ended
  })
  const story = () => `stdout:\n${text.stdout}\nstderr:\n${text.stderr}`
  const soon = (what, check) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => done(reject, new Error(`waited in vain for ${what}\n${story()}`)), PATIENCE)
      const done = (settle, value) => {
        clearTimeout(timer)
        waiting.delete(attempt)
        settle(value)
      }
      const attempt = () => {
        const value = check()
        if (value !== undefined) done(resolve, value)
        else if (end) done(reject, new Error(`ended with ${end.code ?? end.signal} before ${what}\n${story()}`))
      }
      waiting.add(attempt)
      attempt()
    })
  return {
    child,
    text,
    /** The next match in what a stream printed; what stands before it is passed over. */
    printed: (pattern, stream = 'stdout') =>
      soon(pattern, () => {
        const rest = text[stream].slice(taken[stream])
        const match = typeof pattern === 'string' ? stringMatch(rest, pattern) : pattern.exec(rest)
        if (!match) return undefined
        taken[stream] += match.index + match[0].length
        return match
      }),
    /** Waits until what was printed makes `holds()` true. */
    until: (what, holds) => soon(what, () => holds() || undefined),
    /** `{ code, signal, stdout, stderr }` when it has ended. */
    async ended(patience = PATIENCE) {
      const timer = setTimeout(kill, patience)
      const result = await ended
      clearTimeout(timer)
      return result
    },
    kill: (signal) => child.kill(signal)
  }
}

function stringMatch(text, wanted) {
  const index = text.indexOf(wanted)
  return index === -1 ? null : { index, 0: wanted }
}

/** Starts the package's command. */
function hmr(t, args, options = {}) {
  return start(t, [process.execPath, ...(options.node ?? []), options.bin ?? bin, ...args], options)
}

module.exports = { root, bin, PATIENCE, start, hmr }
