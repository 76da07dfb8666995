// What was saved, what came of it, and what must not have.
import fs from 'node:fs'
import { now } from '../../benchmark/support/process.mjs'
import { versionOf } from './versions.mjs'

/** What is missing or broken for so long is reported rightly. It gets 250 ms; the clocks' steps are left out. */
const SETTLE = 230
/** A report of it may come so much later. */
const REPORT = 2_000
/** A save is late whose exports take longer. */
const LATE = 1_000
/** So many updates within this time, and a little, are warned about rightly: the bursts may come of the module's own run. */
const UPDATES = 10
const BUSY = 2_100

export class Ledger {
  saves = 0
  lost = 0
  late = 0
  duplicates = 0
  errors = 0
  reported = 0
  refused = 0
  latencies = []
  slowest = { latency: 0, story: '' }
  ways = new Map()
  #versions = 0
  #written = new Map()
  #loaded = []
  #updates = []

  constructor(modules) {
    this.modules = modules
    this.byLength = [...modules].sort((one, other) => other.id.length - one.id.length)
  }

  next() {
    this.saves++
    return ++this.#versions
  }

  /** What was saved so far is loaded by the process that starts now, as a first version. */
  begin() {
    this.saves = 0
    this.#written.clear()
  }

  /** The version is complete, and in its place, from now on. */
  wrote(module, version) {
    this.#written.set(version, { module, at: now() })
  }

  count(way, saves) {
    const { edits, saved } = this.ways.get(way) ?? { edits: 0, saved: 0 }
    this.ways.set(way, { edits: edits + 1, saved: saved + saves })
  }

  refuse(way, error) {
    this.refused++
    if (this.refused <= 5) console.error(`${way} was refused: ${error.message}`)
  }

  /** The modules whose exports are not what their file holds. */
  wrong(versions) {
    const found = this.modules.map((module) => ({ module, is: versions[module.index], wanted: onDisk(module.file) }))
    return found.filter(({ is, wanted }) => wanted !== undefined && is !== wanted)
  }

  /** Judges what the process told since the last time. */
  judge({ updates, printed }) {
    for (const [index, version, at] of updates) this.#judgeUpdate(this.modules[index], version, at)
    for (const line of printed) this.#judgeLine(line)
    const end = now()
    for (const module of this.modules) module.hidden = module.hidden.filter(({ to }) => to > end - 2 * REPORT)
    // It has been quiet: what is not loaded by now was superseded.
    this.#written.clear()
  }

  #judgeUpdate(module, version, at) {
    this.#updates[module.index] = [...(this.#updates[module.index] ?? []).slice(-2 * UPDATES), at]
    const before = this.#loaded[module.index]
    this.#loaded[module.index] = { version, at }
    const written = this.#written.get(version)
    if (before?.version === version) {
      const wasHidden = module.hidden.some(({ from, to }) => to > before.at && from < at)
      if (!wasHidden) this.duplicates++
    } else if (written?.module === module) {
      this.#written.delete(version)
      // What was hidden meanwhile, behind a link that led elsewhere for a while, say, came when it could.
      if (module.hidden.some(({ from }) => from > written.at && from < at)) return
      const latency = Math.max(0, at - written.at)
      this.latencies.push(latency)
      if (latency > LATE) this.late++
      if (latency > this.slowest.latency) this.slowest = { latency, story: `${module.id}, ${this.storyOf(module, at)}` }
    }
  }

  #judgeLine({ method, text, at }) {
    if (method === 'warn' && text.endsWith(': using the last good version')) return
    // Of many that fail together, the head names the first.
    const [, first] = /^\[hmr\] \d+ modules could not be loaded: (.*)/s.exec(text) ?? []
    const module = this.byLength.find(({ id }) => (first ? first.startsWith(id) : text.startsWith(`[hmr] ${id}: `)))
    if (module && / updates within \d s for /.test(text) && this.#isBusy(module, at)) return
    const isRight = module?.hidden.some(
      ({ from, to }) => Math.min(to, at) - from >= SETTLE && at >= from + SETTLE && at <= to + REPORT
    )
    if (isRight) this.reported++
    else {
      this.errors++
      if (this.errors <= 20) console.error(`a false ${method}: ${text}\n${module ? this.storyOf(module, at) : ''}`)
    }
  }

  /** Whether a module was updated so often that it looks like a run that writes what it follows. */
  #isBusy(module, at) {
    return (this.#updates[module.index] ?? []).filter((time) => time > at - BUSY && time <= at).length >= UPDATES - 1
  }

  /** When a module was edited last, before a time. */
  storyOf({ hidden }, at = now()) {
    const spans = hidden.slice(-5).map(({ way, from, to }) => `${way} ${ms(at - from)} to ${ms(at - to)}`)
    return `before that: ${spans.join(', ')}`
  }
}

const ms = (time) => `${time.toFixed(0)} ms`

function onDisk(file) {
  try {
    return versionOf(fs.readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}
