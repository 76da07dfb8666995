// Runs a program hot, as the command does, and tells each event of `updates`: `node hot-runner.js entry`
const { runInThisContext } = require('node:vm')
const { updates } = require('../..')
const binding = require('../../bin/internals.js')
const { places } = require('../../bin/doors.js')
const [, , entry] = process.argv

for (const event of ['updated', 'reloaded', 'failed', 'custom'])
  updates.on(event, (payload) => {
    const { error, ...rest } = payload
    const told = error === undefined ? rest : { ...rest, error: error?.message ?? error }
    process.send(['event', event, told])
  })
globalThis.say = (...words) => process.send(['said', words.join(' ')])
process.on('message', (code) => {
  const [id, text] = code
  Promise.resolve()
    .then(() => runInThisContext(text))
    .then(
      (value) => process.send(['answer', id, value]),
      (error) => process.send(['answer', id, `error: ${error?.stack}`])
    )
})
process.argv.splice(1, 1)
binding.openProgram(places, { entry, command: true, enableLogging: true })
binding.keepProgramAlive()
binding.runProgram(entry).then(
  () => process.send(['ready']),
  (error) => {
    console.error(error)
    process.send(['ready'])
  }
)
