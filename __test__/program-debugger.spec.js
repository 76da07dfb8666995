'use strict'

// A debugger at a hot program: breakpoints by file and line, in each version of it.
const assert = require('node:assert/strict')
const path = require('node:path')
const { test } = require('node:test')
const { pathToFileURL } = require('node:url')
const WebSocket = require('ws')
const { makeFolder } = require('./support/files')
const { PATIENCE, hmr, root, start } = require('./support/process')

const register = pathToFileURL(path.join(root, 'register.mjs')).href

/** What a debugger says to the program and hears of it. */
async function attach(t, url) {
  const socket = new WebSocket(url)
  t.after(() => socket.terminate())
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  const answers = new Map()
  const pauses = []
  let wake = () => {}
  socket.on('message', (data) => {
    const { id, method, result, params } = JSON.parse(data)
    if (id !== undefined) answers.get(id)(result)
    if (method !== 'Debugger.paused') return
    pauses.push(params)
    wake()
  })
  let count = 0
  return {
    send: (method, params = {}) =>
      new Promise((resolve) => {
        const id = ++count
        answers.set(id, resolve)
        socket.send(JSON.stringify({ id, method, params }))
      }),
    async paused() {
      while (pauses.length === 0) await new Promise((resolve) => (wake = resolve))
      return pauses.shift()
    }
  }
}

const WAYS = {
  'hmr --inspect-brk': (t, dir) => hmr(t, ['-l', '--inspect-brk=0', 'main.ts'], { cwd: dir }),
  'node --inspect-brk --import register': (t, dir) =>
    start(t, [process.execPath, '--inspect-brk=0', '--import', register, 'main.ts'], { cwd: dir })
}

/** The line of `total` is the fourth, from 1. */
const lib = (version, more = '') => `import { add } from './add.ts'
interface Row { price: number }
export function sum(rows: Row[]): string {
  const total: number = rows.reduce((all, row) => add(all, row.price), 0)
  return \`${version} \${total}\`
}
${more}`
const FILES = {
  'package.json': '{ "type": "module" }',
  'add.ts': 'export const add = (a: number, b: number): number => a + b',
  'lib.ts': lib('one'),
  'main.ts': `import { sum } from './lib.ts'
    setInterval(() => console.log(sum([{ price: 1 }, { price: 2 }])), 20)`
}

// [hot 74]
for (const [name, run] of Object.entries(WAYS))
  test(`${name}: "a breakpoint set in a file holds in the next version of it"`, { timeout: PATIENCE }, async (t) => {
    const { dir, write, file } = makeFolder(t, { files: FILES })
    const program = run(t, dir)
    const [, url] = await program.printed(/Debugger listening on (ws:\S+)/, 'stderr')
    const debug = await attach(t, url)
    await debug.send('Debugger.enable')
    await debug.send('Debugger.setBreakpointByUrl', { url: pathToFileURL(file('lib.ts')).href, lineNumber: 3 })
    await debug.send('Runtime.runIfWaitingForDebugger')

    /** Where it stops, and what it shows there; the first stop of `--inspect-brk` is passed over. */
    const stop = async () => {
      for (;;) {
        const [frame] = (await debug.paused()).callFrames
        if (frame.functionName === 'sum') {
          const { result } = await debug.send('Debugger.evaluateOnCallFrame', {
            callFrameId: frame.callFrameId,
            expression: 'rows.length'
          })
          return [frame.location.lineNumber, result.value]
        }
        await debug.send('Debugger.resume')
      }
    }
    assert.deepEqual(await stop(), [3, 2])
    write('lib.ts', lib('two', '// longer\n'))
    // What is paused reads no save: it goes on, and stops in each call of the old version and then of the new one.
    do {
      await debug.send('Debugger.resume')
      assert.deepEqual(await stop(), [3, 2])
    } while (!program.text.stdout.includes('two 3'))
  })
