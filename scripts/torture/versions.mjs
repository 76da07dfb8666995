// The texts of a hot module: its exports are the number of its version, twice, so that a torn one shows.
const KINDS = {
  sync: (version) => `hmr(null, createRunner(() => [head, ${version}]))`,
  async: (version) => `hmr(null, createRunner(async () => [head, await ${version}], async () => {}, true))`,
  forced: (version) =>
    `hmr(createPersist(async () => ${version}, () => {}), createRunner((made) => [head, made]), true)`,
  outer: (version, inner) =>
    `hmr(null, createRunner(async () => [head, await inner(${JSON.stringify(inner)}, ${version})], undefined, true))`
}
export const kinds = Object.keys(KINDS)

const END = /^\/\/ version (\d+)$/gm

function assignment({ kind, inner }, version) {
  return `module.exports = ${KINDS[kind](version, inner)}\n// version ${version}\n`
}

export function textOf(module, version, filler = 0) {
  const lines = [
    "const { createPersist, createRunner, hmr } = require('@upvotr/node-hmr')",
    // Runs an inner module again, as a runner that imports it does.
    'const inner = (id, version) => globalThis.runtime.import(id).then(() => version, () => version)',
    `let head = ${version}`,
    `/* ${'.'.repeat(filler)} */`,
    assignment(module, version)
  ]
  return lines.join('\n')
}

/** What makes a whole module a newer one. */
export function appendixOf(module, version) {
  return `head = ${version}\n${assignment(module, version)}`
}

/** The version that a whole text has. */
export function versionOf(text) {
  const ends = [...text.matchAll(END)]
  return text.endsWith('\n') && ends.length > 0 ? Number(ends.at(-1)[1]) : undefined
}
