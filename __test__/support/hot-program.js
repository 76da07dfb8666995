// Runs a program on the engine, as the command would: `node hot-program.js entry`.
const binding = require('../../bin/internals.js')
const entry = process.argv[2]
process.argv.splice(1, 2, entry)
process.mainModule = undefined
for (const file of Object.keys(require.cache)) delete require.cache[file]
let isPending = true
process.on('exit', (code) => {
  if (code === 0 && isPending) process.exitCode = 13
})
binding.hotProgram(entry).then(
  () => (isPending = false),
  (error) => {
    isPending = false
    // Thrown outside of the promise, it ends the process as an error of the program itself.
    console.error(error?.stack ?? error)
    process.exit(1)
  }
)
