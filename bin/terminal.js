'use strict'

const { isatty } = require('node:tty')

/** Whether a user sits at a terminal, who sees messages and can mend the program. */
function isOnTerminal() {
  return isatty(0) && isatty(2)
}

/** Lets the program go on when the reader of its output goes away (`hmr -l … | head -1`, a closed terminal). */
function outliveReaders() {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error) => {
      if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error
    })
  }
}

module.exports = { isOnTerminal, outliveReaders }
