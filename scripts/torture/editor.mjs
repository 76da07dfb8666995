// Edits one folder of the tree, in one way after another, at random.
import fs from 'node:fs'
import path from 'node:path'
import { now, pause } from '../../benchmark/support/process.mjs'
import { folderWays, linkWays } from './folder-ways.mjs'
import { Random } from './random.mjs'
import { textOf } from './versions.mjs'
import { fileWays, insist, isFile, otherWays, seriesWays } from './ways.mjs'

export class Editor {
  constructor(area, seed, ledger) {
    this.area = area
    this.random = new Random(seed)
    this.ledger = ledger
    const { hasLinks, hasHardLinks } = area.able
    const saves = Object.entries(fileWays).map(([name, [often, save]]) => [name, [often, (me) => me.save(save)]])
    const ways = [
      ...saves.filter(([name]) => hasHardLinks || name !== 'linked in'),
      ...[seriesWays, otherWays, folderWays, hasLinks ? linkWays : {}].flatMap(Object.entries)
    ]
    this.ways = ways.flatMap(([name, [often, way]]) => Array(often).fill([name, way]))
  }

  /** Edits in one way, and rests a little, or not at all. */
  async step() {
    const [name, way] = this.random.pick(this.ways)
    await this.edit(name, way)
    const kind = this.random.below(10)
    await pause(kind < 4 ? 0 : this.random.below(kind < 8 ? 30 : 200))
  }

  async edit(name, way) {
    this.way = name
    this.made = 0
    try {
      await way(this)
    } catch (error) {
      // Windows refuses to rename what somebody reads.
      this.ledger.refuse(name, error)
      await this.mend()
    }
    this.ledger.count(name, this.made)
  }

  mend() {
    this.way = 'mended'
    return this.during([this.area.folder], () => insist(() => this.area.mend((module) => this.write(module))))
  }

  /** Shorter than the settle time, or now and then far longer. */
  async away() {
    if (this.random.once(8)) await pause(300 + this.random.below(300))
    else if (this.random.once(2)) await pause(this.random.below(150))
  }

  anyModule() {
    return this.random.pick(this.area.modules)
  }

  /** A folder that is there, and the modules in it. */
  anyFolder() {
    const { area } = this
    const folder = area.at(this.random.pick(area.folders.filter((name) => fs.existsSync(area.at(name)))))
    return { folder, inside: area.modules.filter(({ file }) => file.startsWith(folder + path.sep)) }
  }

  /** Makes a change that may hide what is behind these paths, or break it for a while. */
  async during(paths, change) {
    const from = now()
    const affected = new Set()
    const open = () => {
      for (const module of this.area.behind(paths)) {
        if (!affected.has(module) && module.hidden.at(-1)?.to !== Number.POSITIVE_INFINITY)
          module.hidden.push({ way: this.way, from, to: Number.POSITIVE_INFINITY })
        affected.add(module)
      }
    }
    open()
    try {
      return await change()
    } finally {
      // A link may lead there by now.
      open()
      const to = now()
      for (const { file, hidden } of affected) if (isFile(file)) hidden.at(-1).to = to
    }
  }

  /** Saves a module in this way. */
  async save(way, module = this.anyModule()) {
    const { file } = module
    await this.during([file], async () => {
      fs.mkdirSync(path.dirname(file), { recursive: true })
      const version = this.next()
      await way({ file, text: this.text(module, version), module, version, editor: this })
      this.ledger.wrote(module, version)
    })
  }

  /** Writes a new version of a module, and returns it. */
  write(module, file = module.file) {
    const version = this.next()
    fs.mkdirSync(path.dirname(file), { recursive: true })
    fs.writeFileSync(file, this.text(module, version))
    this.ledger.wrote(module, version)
    return version
  }

  next() {
    this.made++
    return this.ledger.next()
  }

  text(module, version) {
    return textOf(module, version, this.random.once(20) ? 40_000 : this.random.below(2_000))
  }
}
