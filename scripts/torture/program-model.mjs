// A program of random modules, and what has to become of each edit of it.

/** By extension: how a module of that kind is written. */
const KINDS = {
  mjs: { hot: 'import.meta.hot', isEs: true, ran: 'globalThis.ran' },
  ts: { hot: 'import.meta.hot!', isEs: true, ran: '(globalThis as any).ran' },
  cjs: { hot: 'module.hot', isEs: false, ran: 'globalThis.ran' },
  cts: { hot: 'module.hot!', isEs: false, ran: '(globalThis as any).ran' }
}
const TREES = { es: ['mjs'], typescript: ['ts'], commonjs: ['cjs'], mixed: ['mjs', 'ts', 'cjs', 'cts'] }
export const trees = Object.keys(TREES)

/** Modules without cycles: each imports some of those after it, and the first is the entry. */
export class Model {
  constructor(random, { tree, count }) {
    this.random = random
    this.modules = Array.from({ length: count }, (_, index) => {
      const extension = random.pick(TREES[tree])
      return {
        index,
        name: `m${index}`,
        file: `m${index}.${extension}`,
        kind: KINDS[extension],
        version: 0,
        imports: []
      }
    })
    for (const module of this.modules.slice(1)) {
      const importers = 1 + random.below(3)
      for (let n = 0; n < importers; n++) this.modules[random.below(module.index)].imports.push(module)
    }
    for (const module of this.modules) {
      module.imports = [...new Set(module.imports)].sort((one, other) => one.index - other.index)
      this.choose(module)
      module.runs = 1
    }
    for (const module of [...this.modules].reverse()) this.look(module)
  }

  /** What a module accepts: itself, some of its imports, or nothing. */
  choose(module) {
    module.accepts = this.random.below(3) === 0
    module.takes = module.imports.filter(() => this.random.below(4) === 0)
  }

  /** Evaluated: CommonJS keeps what it gets. */
  look(module) {
    module.kept = module.imports.map((imported) => imported.version)
  }

  /** Whether this is what a new CommonJS version of the module keeps. */
  hasTried({ kind, version, imports }, seen) {
    return !kind.isEs && `${seen}` === `${[version, ...imports.map((imported) => imported.version)]}`
  }

  text(module, fault = '') {
    const { kind, name, version, imports } = module
    const lines = imports.map(({ name: from, file }) =>
      kind.isEs ? `import { v as v${from} } from './${file}'` : `const v${from} = require('./${file}').v`
    )
    const seen = `[${version}, ${imports.map((imported) => `v${imported.name}`).join(', ')}]`
    lines.push(kind.isEs ? `export const v = ${version}` : `exports.v = ${version}`)
    if (module.accepts) lines.push(`${kind.hot}.accept()`)
    for (const taken of module.takes) lines.push(`${kind.hot}.accept('./${taken.file}', () => {})`)
    // What fails has shown nothing of itself.
    lines.push(fault, `;${kind.ran}('${name}', () => ${seen})`)
    return `${lines.join('\n')}\n`
  }

  importers(module) {
    return this.modules.filter((other) => other.imports.includes(module))
  }

  /** What a change of these evaluates: by the registrations of the versions that run. `undefined`: everything. */
  affected(changed) {
    const affected = new Set()
    const waiting = [...changed]
    while (waiting.length > 0) {
      const module = waiting.pop()
      if (affected.has(module)) continue
      affected.add(module)
      if (module.running.accepts) continue
      if (module.index === 0) return undefined
      for (const importer of this.importers(module))
        if (!importer.running.takes.includes(module)) waiting.push(importer)
    }
    return affected
  }

  /** What runs now is what the files hold. */
  settle(modules = this.modules) {
    for (const module of modules) module.running = { accepts: module.accepts, takes: module.takes }
  }

  /** An edit of these has succeeded. */
  apply(changed) {
    const evaluated = this.affected(changed)
    const order = [...(evaluated ?? this.modules)].sort((one, other) => other.index - one.index)
    for (const module of order) {
      module.runs++
      this.look(module)
    }
    this.settle(changed)
    return evaluated ? 'updated' : 'reloaded'
  }

  /** What each module has to see. */
  sees(module) {
    const seen = module.kind.isEs ? module.imports.map((imported) => imported.version) : module.kept
    return [module.version, ...seen]
  }
}
