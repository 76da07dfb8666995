'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { test } = require('node:test')
const { makeFolder, pause } = require('./support/files')
const { bin, start } = require('./support/process')

test('HMR_LOG=trace does not feed on itself when it is written into the watched folder', async (t) => {
  const { dir, file } = makeFolder(t, { fixture: 'command' })
  const command = `exec '${process.execPath}' '${bin}' -l -f server.js > out.log 2> trace.log`
  const run = start(t, ['bash', '-c', command], { cwd: dir, env: { HMR_LOG: 'trace' } })
  const size = () => (fs.existsSync(file('trace.log')) ? fs.statSync(file('trace.log')).size : 0)
  while (!fs.existsSync(file('out.log')) || !fs.readFileSync(file('out.log'), 'utf8').includes('server.js runs')) {
    await pause(20)
  }
  await pause(500)
  const before = size()
  await pause(1000)
  assert.equal(size(), before)
  fs.appendFileSync(file('server.js'), '\n')
  while (!fs.readFileSync(file('out.log'), 'utf8').includes('updated in')) await pause(20)
  assert.match(fs.readFileSync(file('trace.log'), 'utf8'), /server\.js/)
  run.kill('SIGTERM')
  assert.equal((await run.ended()).code, 143)
})
