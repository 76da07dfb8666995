'use strict'

// Reads the tables at the heads of src/'s folders: does each name every file of its folder, and nothing else?
const fs = require('node:fs')
const path = require('node:path')

/** What is wrong, in words. Tests need no entry, and a folder of two files no table. */
function gaps(src) {
  const files = fs
    .readdirSync(src, { recursive: true })
    .map((file) => file.split(path.sep).join('/'))
    .filter((file) => /\.(rs|js)$/.test(file) && !/(^|\/)tests?(\/|\.rs$)/.test(file))
  const heads = files.filter((file) => /(^|\/)mod\.rs$|^lib\.rs$/.test(file))
  return heads.flatMap((head) => {
    const folder = head.slice(0, head.lastIndexOf('/') + 1)
    const below = files.filter((file) => file.startsWith(folder) && file !== head)
    const entries = new Set(below.map((file) => file.slice(folder.length).replace(/\/.*/, '/')))
    const names = namesIn(fs.readFileSync(path.join(src, head), 'utf8'))
    names.delete(path.basename(head))
    const missing = entries.size > 1 ? [...entries].filter((entry) => !names.has(entry)) : []
    const wrong = [...names].filter((name) => !entries.has(name))
    return [
      ...missing.map((entry) => `src/${head} does not name ${entry}`),
      ...wrong.map((name) => `src/${head} names ${name}, which is not there`)
    ]
  })
}

/** The files and folders in the rows of a head's tables. */
function namesIn(text) {
  const rows = text.match(/^\/\/! \|.*$/gm) ?? []
  return new Set(rows.join('\n').match(/(?<=`)\w+(\/|\.rs|\.js)(?=`)/g))
}

module.exports = { gaps }
