// What happens to folders and links: [how often, what it does].
import fs from 'node:fs'
import path from 'node:path'
import { linkTarget } from './tree.mjs'

const remove = (place) => fs.rmSync(place, { recursive: true, force: true })
const isLink = (place) => fs.lstatSync(place, { throwIfNoEntry: false })?.isSymbolicLink() ?? false

export const folderWays = {
  'folder away and back': [4, awayAndBack],
  'folder exchanged': [2, exchanged],
  'folder made anew': [2, madeAnew],
  'folder becomes a file': [1, becomesFile],
  'file becomes a folder': [2, becomesFolder],
  'renamed by case': [2, renamedByCase],
  'branch switched': [4, branchSwitched]
}

export const linkWays = {
  'folder replaced by a link': [3, replacedByLink],
  'link led elsewhere': [3, linkLed],
  'release switched': [3, releaseSwitched]
}

async function awayAndBack(editor) {
  const { folder, inside } = editor.anyFolder()
  const away = `${folder}.away`
  remove(away)
  await editor.during([folder], async () => {
    fs.renameSync(folder, away)
    const module = editor.random.pick(inside)
    const wrote = editor.random.once(2) && editor.write(module, away + module.file.slice(folder.length))
    await editor.away()
    remove(folder)
    fs.renameSync(away, folder)
    if (wrote) editor.ledger.wrote(module, wrote)
  })
}

/** For one with the same names, prepared beside it. */
async function exchanged(editor) {
  const { folder, inside } = editor.anyFolder()
  const [prepared, old] = [`${folder}.prepared`, `${folder}.old`]
  for (const place of [prepared, old]) remove(place)
  const wrote = inside.map((module) => [module, editor.write(module, prepared + module.file.slice(folder.length))])
  await editor.during([folder], () => {
    fs.renameSync(folder, old)
    fs.renameSync(prepared, folder)
    for (const [module, version] of wrote) editor.ledger.wrote(module, version)
  })
  remove(old)
}

async function madeAnew(editor) {
  const { folder, inside } = editor.anyFolder()
  await editor.during([folder], async () => {
    remove(folder)
    await editor.away()
    for (const module of inside) editor.write(module)
  })
}

async function becomesFile(editor) {
  const { folder, inside } = editor.anyFolder()
  await editor.during([folder], async () => {
    remove(folder)
    fs.writeFileSync(folder, 'in the way')
    await editor.away()
    fs.rmSync(folder)
    for (const module of inside) editor.write(module)
  })
}

async function becomesFolder(editor) {
  const module = editor.area.shape
  await editor.during([module.file], async () => {
    remove(module.file)
    fs.mkdirSync(module.file)
    fs.writeFileSync(path.join(module.file, 'index.js'), 'module.exports = 0')
    await editor.away()
    remove(module.file)
    editor.write(module)
  })
}

async function renamedByCase(editor) {
  const module = editor.area.case
  const other = path.join(path.dirname(module.file), 'case.js')
  await editor.during([module.file], async () => {
    if (!fs.existsSync(module.file)) editor.write(module)
    fs.renameSync(module.file, other)
    const wrote = editor.random.once(2) && editor.write(module, other)
    await editor.away()
    fs.renameSync(other, module.file)
    if (wrote) editor.ledger.wrote(module, wrote)
  })
}

/** As Git does it: files deleted and created, and folders gone when they are empty. Some files stay away. */
export async function branchSwitched(editor) {
  const { branch, folder } = editor.area
  await editor.during([path.join(folder, 'branch')], () => {
    for (const module of branch) {
      if (editor.random.once(4)) continue
      fs.rmSync(module.file, { force: true })
      removeEmpty(path.dirname(module.file), folder)
      if (!editor.random.once(8)) editor.write(module)
    }
  })
}

function removeEmpty(folder, end) {
  if (folder === end || !fs.existsSync(folder) || isLink(folder) || fs.readdirSync(folder).length > 0) return
  fs.rmdirSync(folder)
  removeEmpty(path.dirname(folder), end)
}

/** By a link to itself under another name; or back. */
async function replacedByLink(editor) {
  const { folder } = editor.anyFolder()
  const real = `${folder}.real`
  await editor.during([folder], async () => {
    if (isLink(folder)) {
      fs.unlinkSync(folder)
      await editor.away()
      fs.renameSync(real, folder)
    } else {
      remove(real)
      fs.renameSync(folder, real)
      await editor.away()
      fs.symlinkSync(linkTarget(real), folder, 'junction')
    }
  })
}

async function linkLed(editor) {
  const { area, random } = editor
  const target = random.pick(['store/one.js', 'store/two.js', 'plain/m0.js'])
  await editor.during([area.link.file], async () => {
    if (random.once(2)) {
      fs.rmSync(area.link.file, { force: true })
      if (random.once(2)) await editor.away()
      fs.symlinkSync(target, area.link.file)
    } else {
      fs.rmSync(`${area.link.file}~new`, { force: true })
      fs.symlinkSync(target, `${area.link.file}~new`)
      fs.renameSync(`${area.link.file}~new`, area.link.file)
    }
  })
}

async function releaseSwitched(editor) {
  const { area, random } = editor
  const release = random.pick(['release-1', 'release-2'])
  await editor.during([area.at('current')], () => {
    if (isLink(area.at('current')) && process.platform !== 'win32' && random.once(2)) {
      fs.rmSync(area.at('next'), { force: true })
      fs.symlinkSync(release, area.at('next'))
      fs.renameSync(area.at('next'), area.at('current'))
    } else area.leadCurrent(release)
  })
}
