// Random graphs of `export *`, re-exports and exports of two names among a few modules, cycles included.

const NAMES = ['x', 'y']

/**
 * The texts of a program's modules, by file. The entry logs what each module exports, and what comes of importing each name
 * of each module. A module that cannot be linked fails in Node with another error when it is imported once more.
 */
export function starProgram(random) {
  const count = 2 + random.below(4)
  const all = Array.from({ length: count }, (_, n) => n)
  const files = {}
  const texts = allLines(random, all)
  for (const n of all) files[`m${n}.mjs`] = texts[n]
  const probes = []
  for (const n of all)
    for (const name of NAMES) {
      const file = `${name}${n}.mjs`
      files[file] = `import { ${name} } from './m${n}.mjs'\nlog('${name} of ${n}', ${name})`
      probes.push(file)
    }
  const imports = [...all.map((n) => `m${n}.mjs`), ...probes].map((file) => `'./${file}'`)
  files['main.mjs'] = `for (const file of [${shuffled(random, imports)}])
    await import(file).then((ns) => log(file, Object.entries(ns).join(' ')), ({ name }) => log(file, name.replace(/^(Syntax)?Error$/, 'fails')))`
  return files
}

/** Which modules each module reaches. */
function reachOf(stars) {
  return stars.map((_, n) => {
    const reached = new Set()
    const open = [n]
    while (open.length > 0) {
      for (const to of stars[open.pop()]) {
        if (!reached.has(to)) open.push(to)
        reached.add(to)
      }
    }
    return reached
  })
}

/**
 * The exports of each module, in any order. What V8 says of names depends on which module was asked first in two cases, which
 * do not come up here: a re-export by name leads back, or one `export *` leads to another that has ambiguous names. So where
 * `export *` leads to `export *`, one module exports each name.
 */
function allLines(random, all) {
  const stars = all.map((n) => all.filter((other) => (other !== n || random.once(8)) && random.once(2)))
  const lines = stars.map((targets) => targets.map((other) => `export * from './m${other}.mjs'`))
  const isDeep = stars.some((targets) => targets.some((to) => stars[to].length > 0))
  for (const name of NAMES) {
    const owner = random.pick(all)
    for (const n of all) {
      if (isDeep ? n === owner : random.once(3)) {
        lines[n].push(`export const ${name} = '${name}${n}'`)
        continue
      }
      const targets = all.filter((to) => to !== n && !reachOf(stars)[to].has(n))
      if (targets.length === 0 || !random.once(5)) continue
      const to = random.pick(targets)
      const imported = isDeep || random.once(4) ? name : random.pick(NAMES)
      lines[n].push(`export { ${imported} as ${name} } from './m${to}.mjs'`)
      stars[n].push(to)
    }
  }
  return lines.map((texts) => shuffled(random, texts).join('\n'))
}

function shuffled(random, list) {
  const all = [...list]
  for (let n = all.length - 1; n > 0; n--) {
    const other = random.below(n + 1)
    ;[all[n], all[other]] = [all[other], all[n]]
  }
  return all
}
