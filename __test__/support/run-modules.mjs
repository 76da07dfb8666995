// Runs the cases of a folder, one after the other, and prints as JSON what each has logged.
import fs from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { inspect } from 'node:util'

const [folder] = process.argv.slice(2)
let lines = []
const words = (error) => (error instanceof Error ? `${error.name}: ${error.message}` : inspect(error))
globalThis.log = (...values) => {
  lines.push(values.map((value) => (typeof value === 'string' ? value : inspect(value))).join(' '))
}
/** Logs what a function returns or throws. */
globalThis.show = (name, read) => {
  let value
  try {
    value = read()
  } catch (error) {
    value = words(error)
  }
  globalThis.log(String(name), value)
}
globalThis.shows = (reads) => reads.forEach((read, n) => globalThis.show(n, read))
process.on('unhandledRejection', (error) => globalThis.log('unhandled', words(error)))

const results = []
for (const name of fs.readdirSync(folder).sort((one, two) => Number(one) - Number(two))) {
  lines = []
  globalThis.current = name
  const main = pathToFileURL(path.join(folder, name, 'main.mjs')).href
  await import(main).catch((error) => globalThis.log('rejected', words(error)))
  // What the case has begun and does not await itself.
  await globalThis.settled
  for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate)
  results.push(lines)
}
process.stdout.write(JSON.stringify(results))
