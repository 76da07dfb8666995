// The project that is edited: folders alike, each with modules of every kind and place, each edited by itself.
import fs from 'node:fs'
import path from 'node:path'
import { kinds } from './versions.mjs'

/** Names that some systems do not take. */
const ODD = [
  'with space',
  "quote's",
  'percent%20',
  '\u00fc\u00ef',
  '日本語',
  '🦀',
  'e\u0301',
  'two\nlines',
  'tab\t',
  '#?&'
]
const BRANCH = ['b0', 'b1', 'b2', 'b3', 'b4', 'b5', 'sub/c0', 'sub/c1', 'sub/deep/d0', 'sub/deep/d1']
/** So many share the folder above them. */
const PER_GROUP = 4

/** Makes the tree below a folder. `write(module)` saves a first version. */
export function plant(folder, count) {
  const able = abilities(folder)
  const modules = []
  const areas = Array.from({ length: count }, (_, index) => {
    const name = `group${Math.floor(index / PER_GROUP)}/area${index}`
    return new Area(folder, name, able, modules)
  })
  const groups = [...new Set(areas.map((area) => path.dirname(area.folder)))]
  return { areas, groups, modules }
}

/** What this system can do: which names, which links. */
function abilities(folder) {
  const probe = path.join(folder, 'probe')
  const attempt = (action) => {
    fs.mkdirSync(probe)
    try {
      action()
      return true
    } catch {
      return false
    } finally {
      fs.rmSync(probe, { recursive: true })
    }
  }
  const file = path.join(probe, 'file')
  const linkHard = () => {
    fs.writeFileSync(file, '')
    fs.linkSync(file, path.join(probe, 'hard'))
  }
  const bytes = Buffer.concat([Buffer.from(file), Buffer.from([0xff, 0xfe])])
  return {
    odd: ODD.filter((name) => attempt(() => fs.writeFileSync(path.join(probe, name), ''))),
    hasLinks: attempt(() => fs.symlinkSync('file', path.join(probe, 'link'))),
    hasHardLinks: attempt(linkHard),
    /** No module is in such a place, since an id is a string; something else may be. */
    hasBytes: attempt(() => fs.writeFileSync(bytes, ''))
  }
}

class Area {
  constructor(top, name, able, all) {
    this.folder = path.join(top, name)
    this.able = able
    this.modules = []
    const add = (place, inner) => {
      const module = {
        index: all.length,
        id: `./${name}/${place}`,
        file: path.join(this.folder, `${place}.js`),
        kind: inner ? 'outer' : kinds[all.length % (kinds.length - 1)],
        inner: inner?.id,
        /** The spans of time in which it was, or may have been, missing or broken. */
        hidden: []
      }
      all.push(module)
      this.modules.push(module)
      return module
    }
    const [inner] = ['plain/m0', 'plain/m1', 'deep/er/m2', 'deep/er/m3', 'shift/m4'].map((place) => add(place))
    for (const place of ['shift/in/m5', 'shift/in/m6', ...able.odd.map((odd) => `odd ${odd}/${odd}`)]) add(place)
    add('plain/outer', inner)
    this.shape = add('shape')
    this.case = add('Case')
    this.branch = BRANCH.map((place) => add(`branch/${place}`))
    if (able.hasLinks) {
      for (const place of ['store/one', 'store/two', 'release-1/app', 'release-2/app']) add(place)
      this.link = add('link')
      this.current = add('current/app')
    }
    /** Folders that may go anywhere: what is in them is theirs. */
    const odd = able.odd.map((name) => `odd ${name}`)
    this.folders = ['deep', 'deep/er', 'shift', 'shift/in', 'branch', 'branch/sub', ...odd]
  }

  at(...names) {
    return path.join(this.folder, ...names)
  }

  /** Makes what is missing. */
  mend(write) {
    for (const module of this.modules) {
      if (module === this.link || module === this.current || fs.existsSync(module.file)) continue
      clear(path.dirname(module.file), this.folder)
      fs.rmSync(module.file, { recursive: true, force: true })
      write(module)
    }
    if (!this.able.hasLinks) return
    if (!fs.existsSync(this.link.file)) {
      fs.rmSync(this.link.file, { force: true })
      fs.symlinkSync('store/one.js', this.link.file)
    }
    if (!fs.existsSync(this.current.file)) this.leadCurrent('release-1')
  }

  leadCurrent(release) {
    fs.rmSync(this.at('current'), { recursive: true, force: true })
    fs.symlinkSync(linkTarget(this.at(release)), this.at('current'), 'junction')
  }

  /** The modules that these paths lead to, or that are below them. */
  behind(paths) {
    const places = paths.flatMap((place) => [place, real(place)])
    const isBehind = (file) => places.some((place) => file === place || file.startsWith(place + path.sep))
    return this.modules.filter(({ file }) => isBehind(file) || isBehind(real(file)))
  }
}

/** A file or a dangling link in the place of a folder goes. */
function clear(folder, end) {
  if (folder === end) return
  clear(path.dirname(folder), end)
  if (!fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory()) fs.rmSync(folder, { force: true })
}

/** Windows links folders by absolute paths, and needs no rights for it. */
export const linkTarget = (folder) => (process.platform === 'win32' ? folder : path.basename(folder))

function real(file) {
  try {
    return fs.realpathSync.native(file)
  } catch {
    return file
  }
}
