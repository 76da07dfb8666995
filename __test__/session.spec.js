// The README's picture of a terminal is what a terminal shows: the session is played again, and its text compared.
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { refusal } = require('../bin/doors.js')
const { root } = require('./support/project.js')

const skip = refusal() ?? (!('updates' in require('..')) && 'this build takes no edits of hot programs')

test('the session of the picture', { skip }, async () => {
  const { play } = await import('../scripts/session.mjs')
  const { drawTerminal } = await import('../scripts/session/terminal.mjs')
  const shown = fs.readFileSync(path.join(root, 'docs/session.svg'), 'utf8')
  assert.equal(textOf(drawTerminal('', await play())), textOf(shown))
})

/** The picture's text, without the time of day, the durations, and what a version of Node calls a function. */
function textOf(picture) {
  const rows = picture.match(/<text .*<\/text>/g).map((row) => row.replace(/<[^>]+>/g, ''))
  const neutral = rows.join('\n').replace(/^ {4}at .* \(/gm, '    at FUNCTION (')
  return neutral.replace(/\d\d:\d\d:\d\d/g, 'TIME').replace(/ in [\d.]+ ms/g, ' in SOME ms')
}
