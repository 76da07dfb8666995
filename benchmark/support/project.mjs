// A project of many hot modules in a temporary folder.
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = path.resolve(fileURLToPath(new URL('../..', import.meta.url)))

/** So many modules share a folder: 10,000 of them are 500 folders. */
const PER_FOLDER = 20

/** The text of one version of a hot module. */
export const hotModule = (version) =>
  `const { createRunner, hmr } = require('@upvotr/node-hmr')\nmodule.exports = hmr(null, createRunner(() => ({ version: ${version} })))\n`

/** Saves a file as editors do: over itself, or by renaming a new one over it. */
export const ways = {
  'in place': (file, text) => fs.writeFileSync(file, text),
  'by rename': (file, text) => {
    fs.writeFileSync(`${file}~`, text)
    fs.renameSync(`${file}~`, file)
  }
}

/** Makes a project of `count` modules whose `node_modules` leads to this package, or to `packages`, each by its name. */
export function makeProject(count, text = hotModule, packages = { '@upvotr/node-hmr': root }) {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'node-hmr-bench-')))
  for (const [name, place] of Object.entries(packages)) {
    const link = path.join(folder, 'node_modules', name)
    fs.mkdirSync(path.dirname(link), { recursive: true })
    fs.symlinkSync(place, link, 'junction')
  }
  const files = []
  for (let index = 0; index < count; index++) {
    const inside = path.join(folder, 'src', `part${Math.floor(index / PER_FOLDER)}`)
    if (index % PER_FOLDER === 0) fs.mkdirSync(inside, { recursive: true })
    const file = path.join(inside, `module${index}.js`)
    fs.writeFileSync(file, text(0))
    files.push(file)
  }
  fs.writeFileSync(path.join(folder, 'files.json'), JSON.stringify(files))
  return { folder, files, remove: () => fs.rmSync(folder, { recursive: true, force: true }) }
}
