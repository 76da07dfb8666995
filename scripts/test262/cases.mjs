// Runs cases of test262 in this process, one after the other, and tells the parent of each.
import fs from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import vm from 'node:vm'

/** Milliseconds that an asynchronous case may take. */
const PATIENCE = 5_000
const ALWAYS = ['assert.js', 'sta.js']

const [folder] = process.argv.slice(2)
const included = new Set()
process.on('unhandledRejection', () => {})

/** Defines what a file of the suite's harness defines, as globals. */
function include(name) {
  if (included.has(name)) return
  included.add(name)
  const file = path.join(folder, 'harness', name)
  vm.runInThisContext(fs.readFileSync(file, 'utf8'), { filename: file })
}

globalThis.$262 = {
  global: globalThis,
  gc: globalThis.gc,
  evalScript: (text) => vm.runInThisContext(text),
  createRealm() {
    const context = vm.createContext()
    const evalScript = (text) => vm.runInContext(text, context)
    return { global: evalScript('globalThis'), evalScript }
  }
}

/** What a case comes to: `passed`, or what is wrong. */
async function outcome({ file, flags, includes, negative }) {
  for (const name of [...ALWAYS, ...includes]) include(name)
  let done
  const ended = new Promise((resolve) => {
    done = (error) => resolve(error ? `$DONE: ${say(error)}` : 'passed')
  })
  globalThis.$DONE = done
  try {
    await import(pathToFileURL(path.join(folder, file)).href)
  } catch (error) {
    if (negative) return error?.constructor?.name === negative ? 'passed' : `another error: ${say(error)}`
    return say(error)
  }
  if (negative) return `no ${negative}`
  if (!flags.includes('async')) return 'passed'
  const timer = setTimeout(done, PATIENCE, 'it never ends')
  try {
    return await ended
  } finally {
    clearTimeout(timer)
  }
}

function say(error) {
  try {
    return `${error?.constructor?.name ?? typeof error}: ${error?.message ?? error}`
  } catch {
    return 'an error that cannot be told'
  }
}

process.on('message', async (cases) => {
  for (const one of cases) process.send([one.file, await outcome(one)])
  process.disconnect()
})
