'use strict'

const { isatty } = require('node:tty')

/** Whether somebody sits there who sees what is said and mends it. */
function isOnTerminal() {
  return isatty(0) && isatty(2)
}

/** A reader that goes away (`hmr -l … | head -1`, a terminal that is closed) must not take the server with it. */
function outliveReaders() {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error) => {
      if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error
    })
  }
}

module.exports = { isOnTerminal, outliveReaders }
