'use strict'

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { format } = require('node:util')
const { captured, hotText, imported } = require('./support/files')
const binding = require('../bin/internals.js')
const { nothingUnhandled } = require('./support')

const REPORTED = /node-hmr failed in its own code .*please report this/s

test('a failure of our own code in a call from JavaScript is thrown, and the process lives', () => {
  assert.throws(() => binding.panicAt('call'), REPORTED)
  assert.throws(() => binding.panicAt('call'), REPORTED)
})

test("in the watcher's callback it is reported, and the next save is taken", async (t) => {
  nothingUnhandled(t)
  const errors = captured(t, 'error')
  const it = await imported(t, './m')
  binding.panicAt('delivery')
  it.write('m.js', hotText('two'))
  await it.exports('two')
  it.write('m.js', hotText('three'))
  await it.exports('three')
  assert.equal(errors.length, 1)
  assert.match(errors[0][1], REPORTED)
})

test('in a task it is reported, whoever waits is told, and the next save is taken', async (t) => {
  nothingUnhandled(t)
  const reported = new Promise((resolve) => t.mock.method(console, 'error', (...args) => resolve(format(...args))))
  const it = await imported(t, './m', {
    files: { 'm.js': hotText('one'), 'other.js': hotText('other') }
  })
  binding.panicAt('task')
  it.write('m.js', hotText('two'))
  assert.match(await reported, REPORTED)
  it.write('m.js', hotText('three'))
  await it.exports('three')
  binding.panicAt('task')
  await assert.rejects(it.runtime.import('./other'), REPORTED)
  assert.equal((await it.runtime.import('./other')).exports, 'other')
})
