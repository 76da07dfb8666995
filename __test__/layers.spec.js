'use strict'

// The layers of src/: `use` lines point down. The head of each folder says what stands where.
const test = require('node:test')
const assert = require('node:assert')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { gaps } = require('./support/heads.js')
const { arrows, faults } = require('./support/layers.js')

test('"Lower lines never use upper ones; folders of one line do not use each other", and no circle of more than three files', () => {
  assert.deepStrictEqual(faults(arrows(path.join(__dirname, '..', 'src'))), [])
})

test('an arrow that is added upwards is a fault', (t) => {
  const lines = { 'classic/update.rs': 'use crate::report::error;', 'report/mod.rs': 'use crate::js::Js;' }
  assert.deepStrictEqual(faultsOf(t, lines), [])
  lines['report/mod.rs'] += '\nuse crate::{classic::update, js::Value};'
  assert.deepStrictEqual(faultsOf(t, lines), [
    'src/report/mod.rs uses src/classic/update.rs, which is above it',
    'a circle of folders: classic, report'
  ])
})

test('an arrow to a folder of the same line is a fault, also one that is spelled within a body', (t) => {
  const lines = { 'es/mod.rs': 'fn f() {\n    crate::hot::g();\n}', 'hot/mod.rs': 'pub fn g() {}' }
  assert.deepStrictEqual(faultsOf(t, lines), ['src/es/mod.rs uses src/hot/mod.rs, which is beside it'])
})

test('a file that stands in no layer is a fault', (t) => {
  const lines = { 'hall.rs': 'use crate::js::Js;' }
  assert.deepStrictEqual(faultsOf(t, lines), ['src/hall stands in no layer'])
})

test('a circle of four files is a fault, one of three is none', (t) => {
  const circle = (names) =>
    Object.fromEntries(names.map((name, at) => [`es/${name}.rs`, `use super::${names[(at + 1) % names.length]}::X;`]))
  assert.deepStrictEqual(faultsOf(t, circle(['a', 'b', 'c'])), [])
  assert.deepStrictEqual(faultsOf(t, circle(['a', 'b', 'c', 'd'])), [
    'a circle of 4 files: es/a.rs, es/b.rs, es/c.rs, es/d.rs'
  ])
})

test('the head of each folder names every file in it, and none that is not there', () => {
  assert.deepStrictEqual(gaps(path.join(__dirname, '..', 'src')), [])
})

test('a file or folder that its folder does not name is a gap, and so is a name without a file', (t) => {
  const files = { 'lib.rs': '//! | `js/` | |', 'js/mod.rs': '//! | `a.rs`, `b.js` | |', 'js/a.rs': '', 'js/b.js': '' }
  assert.deepStrictEqual(gaps(tree(t, files)), [])
  Object.assign(files, { 'js/c.rs': '', 'js/deep/d.rs': '', 'js/deep/mod.rs': '', 'js/tests.rs': '' })
  delete files['js/b.js']
  assert.deepStrictEqual(gaps(tree(t, files)).sort(), [
    'src/js/mod.rs does not name c.rs',
    'src/js/mod.rs does not name deep/',
    'src/js/mod.rs names b.js, which is not there'
  ])
})

/** The faults of a made-up tree. */
function faultsOf(t, files) {
  return faults(arrows(tree(t, files)))
}

/** The folder of a made-up tree: what each file holds. A file `js/mod.rs` is there. */
function tree(t, files) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'layers-'))
  t.after(() => fs.rmSync(folder, { recursive: true }))
  for (const [file, text] of Object.entries({ 'js/mod.rs': '', ...files })) {
    fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true })
    fs.writeFileSync(path.join(folder, file), text)
  }
  return folder
}
