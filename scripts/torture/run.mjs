// One run: the tree, those who edit it, the process that runs its modules, and the law after each round.
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { now, pause, start } from '../../benchmark/support/process.mjs'
import { Editor } from './editor.mjs'
import { branchSwitched } from './folder-ways.mjs'
import { Ledger } from './ledger.mjs'
import { plant } from './tree.mjs'
import { insist } from './ways.mjs'

/** Saves until the next quiet. */
const ROUND = 1_000
/** Saves between two lines about them. */
const PROGRESS = 10_000
/** How long a last version may take before it is lost. */
const PATIENCE = 20_000
/** Nothing may come after so much quiet: more than a settle time and a poll. */
const QUIET = 450
const root = fileURLToPath(new URL('../..', import.meta.url))
const app = fileURLToPath(new URL('app.cjs', import.meta.url))

class Crash extends Error {}

export class Run {
  constructor(folder, { folders, seed, polling }) {
    const packages = path.join(folder, 'node_modules/@upvotr')
    fs.mkdirSync(packages, { recursive: true })
    fs.symlinkSync(root, path.join(packages, 'node-hmr'), 'junction')
    const { areas, groups, modules } = plant(folder, folders)
    fs.writeFileSync(path.join(folder, 'ids.json'), JSON.stringify(modules.map(({ id }) => id)))
    this.groups = groups
    this.ledger = new Ledger(modules)
    this.editors = areas.map((area, index) => new Editor(area, seed * 1009 + index, this.ledger))
    this.arguments = [folder, polling]
    this.told = PROGRESS
  }

  async saves(total) {
    for (const editor of this.editors) await editor.mend()
    this.child = start(app, this.arguments, { execArgv: ['--expose-gc'] })
    let number = 0
    this.ask = async (what) => {
      this.child.send({ ask: what, number: ++number })
      const wanted = number
      const answer = await this.child.message((message) => message.number === wanted)
      if (!answer) throw new Crash('the process ended, or is stuck')
      return answer
    }
    try {
      if (!(await this.child.message((message) => message.ready))) throw new Crash('the process did not start')
      this.ledger.begin()
      return { crashes: 0, ...(await this.rounds(total)) }
    } catch (error) {
      if (!(error instanceof Crash)) throw error
      console.error(error.message)
      return { crashes: 1 }
    } finally {
      await this.child.stop()
    }
  }

  async rounds(total) {
    const { ledger, editors } = this
    let [before, saved] = [undefined, 0]
    for (let round = 0; ledger.saves < total; round++) {
      const end = Math.min(ledger.saves + ROUND, total)
      await Promise.all(
        editors.map(async (editor) => {
          while (ledger.saves < end) await editor.step()
        })
      )
      if (round % 3 === 1) for (const editor of editors) editor.edit('branches switched', branchSwitched)
      if (round % 3 === 2) await this.moveGroup(this.groups[round % this.groups.length])
      await this.quiet()
      // What the first rounds load and compile is no leak.
      if (ledger.saves >= total / 10 && !before) {
        before = await this.ask('heap')
        saved = ledger.saves
      }
    }
    const after = await this.ask('heap')
    return { heap: (after.heap - before.heap) / Math.max(1, ledger.saves - saved), rss: [before.rss, after.rss] }
  }

  tell() {
    const { saves, lost, errors } = this.ledger
    if (saves < this.told) return
    this.told += PROGRESS
    console.log(`${saves} saves: lost ${lost}, errors ${errors}`)
  }

  /** A folder above those that are edited, away and back. */
  async moveGroup(group) {
    const moved = pause(0).then(async () => {
      fs.renameSync(group, `${group}.away`)
      await pause(100)
      await insist(() => fs.renameSync(`${group}.away`, group))
    })
    const inside = this.editors.filter(({ area }) => path.dirname(area.folder) === group)
    await Promise.all(
      inside.map((editor) => editor.edit('folder above moved', () => editor.during([editor.area.folder], () => moved)))
    )
  }

  /** Waits until all exports are right, and looks again when it has been quiet. */
  async quiet() {
    const { ledger } = this
    const began = now()
    let wrong = []
    for (;;) {
      const { versions } = await this.ask('versions')
      wrong = ledger.wrong(versions)
      if (wrong.length === 0 || now() - began > PATIENCE) break
      await pause(25)
    }
    await pause(QUIET)
    const { versions } = await this.ask('versions')
    for (const { module, is, wanted } of ledger.wrong(versions)) {
      ledger.lost++
      console.error(`lost: ${JSON.stringify(module.id)} is ${is} in place of ${wanted}; ${ledger.storyOf(module)}`)
    }
    ledger.judge(await this.ask('news'))
    this.tell()
    if (ledger.lost > 50) throw new Crash('too many are lost')
  }
}
