// Asks a server for the version of a module, on one connection that is kept.
import http from 'node:http'
import { now, pause } from '../support/process.mjs'

/** So long each answer is followed by the next question at once; later a pause costs no precision that counts. */
const EAGER = 20
/** A request that hangs for so long is asked again, on another connection. */
const HUNG = 1_000

export class Probe {
  #agent = new http.Agent({ keepAlive: true, maxSockets: 1 })

  constructor(port) {
    this.port = port
  }

  /** The version that is served; rejects when nothing answers. */
  ask(index) {
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: this.port, path: `/${index}`, agent: this.#agent, timeout: HUNG }
      const request = http.get(options, (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk) => {
          text += chunk
        })
        response.on('end', () => resolve(text))
        response.on('error', reject)
      })
      request.on('timeout', () => request.destroy(new Error('hung')))
      request.on('error', reject)
    })
  }

  /**
   * Asks until `wanted` is served: how long that took since `began`, the longest wait for any answer meanwhile, and how
   * many requests failed. `at` is undefined when it was not served in time.
   */
  async until(index, wanted, began, patience, isOver = () => false) {
    const outcome = { at: undefined, gap: 0, failed: 0 }
    let asked = now()
    for (;;) {
      const version = await this.ask(index).catch(() => undefined)
      const answered = now()
      if (version !== undefined) {
        outcome.gap = Math.max(outcome.gap, answered - asked)
        if (version === String(wanted)) return { ...outcome, at: answered }
      } else outcome.failed++
      if (answered - began > patience || isOver()) return outcome
      if (version === undefined) await pause(1)
      else if (answered - began > EAGER) await pause(2)
      // A wait goes on until it is answered.
      if (version !== undefined) asked = now()
    }
  }

  close() {
    this.#agent.destroy()
  }
}
