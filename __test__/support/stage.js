// A program that the engine evaluates in this process, and stages of new versions of its modules.
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const binding = require('../../bin/internals.js')

/** Starts a program in a temporary folder. `log` is what the program puts into `globalThis.log`. */
async function startStaged(t, files) {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'node-hmr-stage-')))
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }))
  const at = (file) => path.join(folder, file)
  const write = (all) => {
    for (const [file, text] of Object.entries(all)) fs.writeFileSync(at(file), text)
  }
  globalThis.log = []
  write(files)
  const main = await binding.hotProgram(at('main.mjs'))
  return {
    main,
    at,
    log: globalThis.log,
    /** Writes files and evaluates them, and `again`, anew. */
    update(all, again = []) {
      write(all)
      return binding.hotUpdate(Object.keys(all).map(at), again.map(at))
    }
  }
}

module.exports = { startStaged }
