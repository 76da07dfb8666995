// The ways in which editors and tools save one file: [how often, what it does].
import fs from 'node:fs'
import { pause } from '../../benchmark/support/process.mjs'
import { appendixOf, versionOf } from './versions.mjs'

/** A pause of this many milliseconds within one save is real. */
const LONGEST_PAUSE = 200

/** `{ file, text, module, version, editor }` to the file that has it. */
export const fileWays = {
  'in place': [12, inPlace],
  'renamed over': [12, renamedOver],
  'moved in': [3, movedIn],
  'backed up': [6, backedUp],
  'deleted and created': [6, deletedAndCreated],
  'truncated, then written': [6, truncatedThenWritten],
  'in three pieces': [6, inPieces],
  appended: [6, appended],
  overwritten: [4, overwritten],
  'linked in': [2, linkedIn]
}

function inPlace({ file, text }) {
  fs.writeFileSync(file, text)
}

function renamedOver({ file, text }) {
  fs.writeFileSync(`${file}~new`, text)
  fs.renameSync(`${file}~new`, file)
}

function movedIn({ file, text, editor }) {
  const prepared = editor.area.at('prepared.js')
  fs.writeFileSync(prepared, text)
  fs.renameSync(prepared, file)
}

async function backedUp({ file, text, editor }) {
  if (fs.existsSync(file)) fs.renameSync(file, `${file}~`)
  if (editor.random.once(3)) await editor.away()
  fs.writeFileSync(file, text)
  if (editor.random.once(2)) fs.rmSync(`${file}~`, { force: true })
}

async function deletedAndCreated({ file, text, editor }) {
  fs.rmSync(file, { force: true })
  if (editor.random.once(2)) await editor.away()
  fs.writeFileSync(file, text)
}

async function truncatedThenWritten({ file, text, editor }) {
  const handle = fs.openSync(file, 'w')
  const length = editor.random.below(LONGEST_PAUSE + 1)
  if (editor.random.once(3)) {
    fs.closeSync(handle)
    await pause(length)
    fs.writeFileSync(file, text)
  } else {
    await pause(length)
    fs.writeSync(handle, text)
    fs.closeSync(handle)
  }
}

async function inPieces({ file, text }) {
  const handle = fs.openSync(file, 'w')
  const third = Math.ceil(text.length / 3)
  for (let piece = 0; piece < 3; piece++) {
    fs.writeSync(handle, text.slice(piece * third, (piece + 1) * third))
    if (piece < 2) await pause(25)
  }
  fs.closeSync(handle)
}

function appended({ file, text, module, version }) {
  const before = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : ''
  const isWhole = versionOf(before) !== undefined && before.length < 60_000
  if (isWhole) fs.appendFileSync(file, appendixOf(module, version))
  else fs.writeFileSync(file, text)
}

/** By writing over it, and cutting it to its length last. */
function overwritten({ file, text }) {
  const handle = fs.openSync(file, fs.existsSync(file) ? 'r+' : 'w')
  fs.writeSync(handle, text, 0)
  fs.ftruncateSync(handle, Buffer.byteLength(text))
  fs.closeSync(handle)
}

function linkedIn({ file, text }) {
  fs.rmSync(`${file}~new`, { force: true })
  fs.writeFileSync(`${file}~new`, text)
  fs.rmSync(file, { force: true })
  fs.linkSync(`${file}~new`, file)
  fs.rmSync(`${file}~new`)
}

/** Several saves of one file. */
export const seriesWays = {
  'a burst': [
    3,
    async (editor) => {
      const module = editor.anyModule()
      for (let left = 5 + editor.random.below(16); left > 0; left--) {
        await editor.save(inPlace, module)
        await pause(5)
      }
    }
  ],
  'at once': [
    3,
    async (editor) => {
      const module = editor.anyModule()
      for (let left = 2 + editor.random.below(9); left > 0; left--)
        await editor.save(left % 2 === 0 ? inPlace : renamedOver, module)
    }
  ]
}

/** What is no save: nothing may come of it. */
export const otherWays = {
  'beside it': [
    3,
    (editor) => {
      const { file } = editor.anyModule()
      if (!isFile(file)) return
      fs.readFileSync(file)
      fs.chmodSync(file, editor.random.once(2) ? 0o644 : 0o664)
      for (const name of [`${file}.swp`, `${file}x`, file.slice(0, -1)]) fs.writeFileSync(name, 'no module of anyone')
      if (editor.area.able.hasBytes) {
        const odd = Buffer.concat([Buffer.from(`${file}-`), Buffer.from([0xff, 0xfe])])
        fs.writeFileSync(odd, 'no module of anyone')
        fs.rmSync(odd)
      }
    }
  ]
}

/** Again and again, where a system refuses to touch what somebody reads. */
export async function insist(action) {
  for (let tries = 1; ; tries++) {
    try {
      return action()
    } catch (error) {
      if (tries === 100) throw error
      await pause(20)
    }
  }
}

export function isFile(file) {
  return fs.statSync(file, { throwIfNoEntry: false })?.isFile() ?? false
}
