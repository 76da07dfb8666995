'use strict'

/**
 * What happens to a running application, per edit or message: what the fixture logs with our entry, and with
 * vite-node's own where that differs. Each difference names its items of the list in docs/vite-node.md.
 *
 * @typedef {object} Step
 * @property {string} title
 * @property {(app: object, lines: { log: string[], error: string[] }) => Promise<unknown>} act `lines` are the console's.
 * @property {unknown[]} ours
 * @property {unknown[]} [theirs] What vite-node's own module does instead.
 * @property {string} [why] Begins with the numbers of the items.
 */

const edit =
  (...args) =>
  (app) =>
    app.edit(...args)
const send =
  (...args) =>
  async (app) => {
    app.server.environments.ssr.hot.send(...args)
    await app.settle()
  }

/** An edit, and how many modules are announced as updated. */
const editAndCount =
  (...args) =>
  async (app, lines) => {
    await app.edit(...args)
    app.log.push(['announced', lines.log.filter((line) => line.includes('hot updated')).length])
  }

/** A new file. */
const add =
  (...args) =>
  (app) =>
    app.add(...args)
/** A file that is deleted. */
const remove = (file) => (app) => app.remove(file)

module.exports = { add, edit, editAndCount, remove, send }
