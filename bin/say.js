'use strict'

const { writeSync } = require('node:fs')

/** Writes a line to stderr by the program's console; if the program has replaced that by one that throws, without it. */
function say(line) {
  try {
    console.error(line)
  } catch {
    try {
      writeSync(2, `${line}\n`)
    } catch {
      // The stream is closed.
    }
  }
}

module.exports = { say }
