'use strict'

const assert = require('node:assert/strict')
const { describe, test } = require('node:test')
const { makeProject } = require('./support/project.js')

const script = `
  const hmr = require('@upvotr/node-hmr/vite-node')
  if (process.argv[2]) process.stdout.isTTY = true
  const runner = { moduleCache: new Map([['/a.js', {}]]), executeId: async () => {} }
  const update = { type: 'js-update', path: '/a.js', acceptedPath: '/a.js', timestamp: 1 }
  const write = console.log
  console.log = (line) => write(JSON.stringify(line))
  hmr.handleMessage(runner, hmr.createHmrEmitter(), [], { type: 'update', updates: [update] })
`

// [vite-node 29]
describe('the prefix', () => {
  const plain = '"[vite-node] hot updated: /a.js"'
  const coloured = JSON.stringify('\u001b[36m[vite-node]\u001b[39m hot updated: /a.js')
  for (const [title, env, args, expected] of [
    ['is plain where the stream is no terminal', {}, [], plain],
    ['is cyan on a terminal', { TERM: 'xterm' }, ['tty'], coloured],
    ['is plain on a terminal without colours', { TERM: 'dumb' }, ['tty'], plain],
    ['obeys NO_COLOR', { TERM: 'xterm', NO_COLOR: '1', FORCE_COLOR: '1' }, ['tty'], plain],
    ['obeys FORCE_COLOR', { FORCE_COLOR: '1' }, [], coloured]
  ]) {
    test(title, async (t) => {
      const project = makeProject(t)
      project.write('main.js', `delete process.env.${'NO_COLOR' in env ? 'NONE' : 'NO_COLOR'}\n${script}`)
      const line = await project.run(['main.js', ...args], env).line('hot updated')
      assert.equal(line, expected)
    })
  }
})
