// What updates of a hot program leave behind: `node benchmark/hot-memory.mjs [--updates 500]`.
//
// A module that holds 1 MB and accepts itself is saved again and again; then the same with a module that holds nothing,
// for the heap that one update keeps. Fails when more than two versions are alive, or an update keeps more than 0.1 KB.
import { fork } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { textOf } from './support/holding.mjs'

const { values } = parseArgs({ options: { updates: { type: 'string', default: '500' } } })
const updates = Number(values.updates)
const [BIG, SMALL] = [2 ** 20, 0]
const KEPT = 102
/** The first updates fill caches, and let the C library take memory that it keeps. */
const WARM = 300
/** What V8 optimizes, as late as after a thousand updates, is no heap that an update keeps. */
const UNOPTIMIZED = ['--no-opt', '--no-sparkplug']

{
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'node-hmr-memory-')))
  try {
    fs.writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }')
    const big = await measure(folder, BIG)
    const small = await measure(folder, SMALL)
    const mib = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`
    console.log(
      `${updates} updates of a module that holds 1 MB: ${big.alive} versions alive, resident ${big.rss.map(mib).join(' → ')}`
    )
    console.log(`${updates} updates of a small module: ${small.perUpdate.toFixed(0)} bytes of heap an update`)
    if (big.alive > 2 || small.perUpdate > KEPT) process.exitCode = 1
    console.log(process.exitCode ? 'FAILED' : 'passed')
  } finally {
    fs.rmSync(folder, { recursive: true, force: true })
  }
}

/** Runs a program that edits itself, in a process of its own. */
function measure(folder, bytes) {
  const register = new URL('../register.mjs', import.meta.url).href
  fs.writeFileSync(path.join(folder, 'leaf.js'), textOf(0, bytes))
  fs.writeFileSync(path.join(folder, 'main.js'), "import { read } from './leaf.js'; globalThis.read = () => read()")
  const program = fork(path.join(folder, 'main.js'), {
    cwd: folder,
    execArgv: [
      '--expose-gc',
      ...UNOPTIMIZED,
      '--import',
      register,
      '--import',
      new URL('support/edits-itself.mjs', import.meta.url).href
    ],
    env: {
      ...process.env,
      HMR_CACHE: '0',
      EDITS: JSON.stringify({ file: path.join(folder, 'leaf.js'), bytes, updates, warm: WARM })
    }
  })
  return new Promise((resolve, reject) => {
    program.once('message', resolve)
    program.once('exit', (code) => reject(new Error(`the program has ended with code ${code}`)))
  }).finally(() => program.kill())
}
