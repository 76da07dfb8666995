// The README's picture of a terminal is what a terminal shows: the session is played again, and its text compared.
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const binding = require('../bin/internals.js')
const { refusal } = require('../bin/doors.js')
const { root } = require('./support/project.js')

const skip = refusal() ?? (binding.disposeProgram === undefined && 'this build takes no edits of hot programs')

test('the session of the picture', { skip }, async () => {
  const { play } = await import('../scripts/session.mjs')
  const { drawTerminal } = await import('../scripts/session/terminal.mjs')
  const shown = fs.readFileSync(path.join(root, 'docs/session.svg'), 'utf8')
  assert.equal(textOf(drawTerminal('', await play())), textOf(shown))
})

/** The picture's text in one line, without the time of day, the durations, and the function of a stack's frame. */
function textOf(picture) {
  const rows = picture.match(/<text .*<\/text>/g).map((row) => row.replace(/<[^>]+>/g, ''))
  const named = rows.map((row) => row.replace(/^ {4}at .* \(/, '    at FUNCTION ('))
  const text = named.join(' ').replace(/\s+/g, ' ')
  return text.replace(/\d\d:\d\d:\d\d/g, 'TIME').replace(/ in [\d.]+ ms/g, ' in SOME ms')
}
