'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { describe, test } = require('node:test')
const { makeFolder } = require('./support/files')
const { bin, hmr, start } = require('./support/process')

const project = (t, files) => makeFolder(t, { fixture: 'command', files })

describe('--inspect works whatever `node_modules/.bin/hmr` is', () => {
  test('a shell script, as pnpm makes it', async (t) => {
    const { dir, write, file } = project(t)
    write('node_modules/.bin/hmr', `#!/bin/sh\nexec '${process.execPath}' '${bin}' "$@"\n`)
    fs.chmodSync(file('node_modules/.bin/hmr'), 0o755)
    const run = start(t, [file('node_modules/.bin/hmr'), '--inspect=127.0.0.1:0', '-f', 'server.js'], { cwd: dir })
    const [, url] = await run.printed(/Debugger listening on (ws:\/\/127\.0\.0\.1:\d+\/\S+)/, 'stderr')
    await run.printed('version one runs')
    const { host } = new URL(url)
    const [target] = await (await fetch(`http://${host}/json/list`)).json()
    assert.equal(target.webSocketDebuggerUrl, url)
  })

  test('--inspect-brk: the program starts once a debugger is there', async (t) => {
    const WebSocket = require('ws')
    const run = hmr(t, ['--inspect-brk=0', '-f', 'server.js'], { cwd: project(t).dir })
    const [, url] = await run.printed(/Debugger listening on (ws:\S+)/, 'stderr')
    const socket = new WebSocket(url)
    t.after(() => socket.terminate())
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
    assert.equal(run.text.stdout, '')
    socket.send(JSON.stringify({ id: 1, method: 'Runtime.runIfWaitingForDebugger' }))
    await run.printed('version one runs')
  })

  test('beside `node --inspect`', async (t) => {
    const run = hmr(t, ['--inspect', '-f', 'server.js'], { cwd: project(t).dir, node: ['--inspect=127.0.0.1:0'] })
    await run.printed('version one runs')
    assert.equal(run.text.stderr.match(/Debugger listening/g).length, 1)
  })

  for (const bad of ['--inspect=99999', '--inspect=localhost:port'])
    test(`${bad} is refused in one line`, async (t) => {
      const { code, stdout, stderr } = await hmr(t, [bad, '-f', 'server.js'], { cwd: project(t).dir }).ended()
      assert.deepEqual([code, stdout], [1, ''])
      assert.match(stderr, /^RangeError: --inspect takes \[host:\]port, as in --inspect=9230; got ".*"\n$/)
    })
})
