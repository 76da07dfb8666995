'use strict'

const fs = require('node:fs')
const path = require('node:path')

const { nearest } = require('./nearest.js')

/**
 * One sentence in place of an error, if the error only says that the file named on the command line does not exist.
 *
 * @param {string} file as it was typed
 * @param {string} found the path where it was looked for
 * @param {any} error
 * @returns {string | undefined}
 */
function explainMissing(file, found, error) {
  const stat = fs.statSync(found, { throwIfNoEntry: false })
  const isAway = stat === undefined && fs.statSync(path.resolve(file), { throwIfNoEntry: false }) === undefined
  if (error?.code !== 'MODULE_NOT_FOUND' || !(isAway || stat?.isDirectory())) return undefined
  const sentence = `Error: Cannot find module '${found}'`
  if (stat?.isDirectory()) return `${sentence}: it is a folder without an index.js; name the file in it to run`
  const folder = path.dirname(found)
  let names
  try {
    names = fs.readdirSync(folder)
  } catch {
    return `${sentence}: there is no folder ${folder}; paths are relative to ${process.cwd()}`
  }
  const near = nearest(path.basename(found), names)
  const advice = near ? `; did you mean ${path.join(path.dirname(file), near)}?` : ''
  return `${sentence}: there is no such file in ${folder}${advice}`
}

module.exports = { explainMissing }
