// Random programs of a few ES modules. Whatever they do, they end, and log what they see.

const NAMES = ['a', 'b', 'c', 'd', 'e', 'of', 'async', 'get', '$', '$1', 'Object', 'require', 'module', 'let_']
const KEYS = [...NAMES, 'x', 'default', 'if', 'constructor']
const BINARY = '+ - * % < > === == !== & | ^ << ?? && || in instanceof ,'.split(' ')
const ASSIGN = ['=', '=', '=', '+=', '-=', '??=', '&&=', '||=', '**=']
const UNARY = ['!', '-', '+', '~', 'typeof ', 'void ']

/** The texts of a program's modules, by file. The first is `main.mjs`. */
export function randomProgram(random) {
  const count = 1 + random.below(4)
  const modules = Array.from({ length: count }, (_, n) => ({
    file: n === 0 ? 'main.mjs' : `m${n}.mjs`,
    exported: new Set()
  }))
  // What a module exports is settled first, so that imports lead to something most of the time.
  for (const module of modules) {
    for (let n = random.below(4); n > 0; n--) module.exported.add(random.pick(NAMES))
    if (random.once(2)) module.exported.add('default')
  }
  return Object.fromEntries(modules.map((module, n) => [module.file, new Writer(random, module, modules, n).text()]))
}

class Writer {
  constructor(random, module, modules, index) {
    Object.assign(this, { random, module, modules, index })
    /** Names by scope, the innermost last. */
    this.scopes = [new Set()]
    this.depth = 0
    this.loops = 0
    this.labels = []
    this.inFunction = false
    this.canAwait = true
    this.canYield = false
  }

  pick(...choices) {
    return this.random.pick(choices)()
  }

  /** A gap between two tokens. */
  gap() {
    return this.random.once(12) ? this.random.pick(['/* c */', '\n', '/*\n*/', '// c\n', '  ']) : ' '
  }

  text() {
    const head = this.imports()
    const body = [...this.declaredExports(), ...this.statements(3 + this.random.below(6))]
    // Declarations stand anywhere among the statements.
    for (let n = body.length - 1; n > 0; n--) {
      if (this.random.once(3)) {
        const other = this.random.below(n)
        ;[body[n], body[other]] = [body[other], body[n]]
      }
    }
    const last = `import * as self_ from './${this.module.file}'\nshow('exports', () => Object_.entries(self_))\nvar Object_ = globalThis.Object`
    return `${[...head, ...body, last].join(this.random.once(4) ? ';\n' : '\n')}\n`
  }

  imports() {
    const lines = []
    const others = this.modules.filter((_, n) => n > this.index || this.random.once(4))
    for (const { file, exported } of others) {
      const names = [...exported]
      const from = `${this.gap()}from${this.gap()}'./${file}'`
      const local = () => this.declare(this.random.pick(NAMES))
      this.random.pick([
        () => lines.push(`import './${file}'`),
        () => lines.push(`import * as ${local()}${from}`),
        () => lines.push(`export *${from}`),
        () => lines.push(`export { ${names.slice(0, 1).join()} }${from}`),
        () => {
          const list = names.map((name) => `${name} as ${local()}`)
          lines.push(`import {${this.gap()}${list.join(', ')}${this.gap()}}${from}`)
        },
        () => {
          const list = names.map((name) => (name === 'default' ? `default as ${local()}` : this.declare(name)))
          lines.push(`import { ${list.join(', ')} }${from}`)
        },
        () => lines.push(exported.has('default') ? `import ${local()}, * as ${local()}${from}` : `import './${file}'`)
      ])()
    }
    return lines
  }

  declaredExports() {
    const { random } = this
    const lines = []
    for (const name of this.module.exported) {
      if (name === 'default') {
        lines.push(
          this.pick(
            () => `export default ${this.assigned()}`,
            () => `export default function (${this.parameters()}) ${this.body()}`,
            () => `export default class ${this.classBody()}`,
            () => `export default async (${this.parameters()}) => ${this.body()}`,
            () => `export default function* ${this.declare('named')}() ${this.body()}`
          )
        )
        continue
      }
      if (this.scopes[0].has(name)) {
        lines.push(`export { ${name} }`)
        continue
      }
      this.declare(name)
      lines.push(
        this.pick(
          () => `export let ${name} = ${this.assigned()}`,
          () => `export let ${name}`,
          () => `export var ${name} = ${this.assigned()}`,
          () => `export const ${name} = ${this.assigned()}`,
          () => `export const { x: ${name} = ${this.assigned()} } = { }`,
          () => `export function ${name}(${this.parameters()}) ${this.body()}`,
          () => `export class ${name} ${this.classBody()}`,
          () => `let ${name} = ${this.assigned()}\nexport { ${name} }`,
          () => `let ${name} = ${this.assigned()}\nexport { ${name}, ${name} as 'x ${name}' }`,
          () =>
            `${random.once(2) ? 'async ' : ''}function ${name}(${this.parameters()}) ${this.body()}\nexport {${this.gap()}${name} }`
        )
      )
    }
    return lines
  }

  declare(name) {
    const scope = this.scopes.at(-1)
    while (scope.has(name)) name += '_'
    scope.add(name)
    return name
  }

  /** A name that is mostly declared. */
  name() {
    const known = this.scopes.flatMap((scope) => [...scope])
    return known.length > 0 && !this.random.once(8) ? this.random.pick(known) : this.random.pick(NAMES)
  }

  within(names, write) {
    this.scopes.push(new Set(names))
    this.depth++
    try {
      return write()
    } finally {
      this.depth--
      this.scopes.pop()
    }
  }

  function(options, write) {
    const { inFunction, canAwait, canYield, labels, loops } = this
    Object.assign(this, { inFunction: true, canAwait: false, canYield: false, labels: [], loops: 0 }, options)
    try {
      return this.within([], write)
    } finally {
      Object.assign(this, { inFunction, canAwait, canYield, labels, loops })
    }
  }

  parameters() {
    const { random } = this
    return Array.from({ length: random.below(3) }, () => {
      const name = this.declare(random.pick(NAMES))
      return this.pick(
        () => name,
        () => `${name} = ${this.safe()}`,
        () => `{ ${name} = ${this.safe()} } = {}`,
        () => `[${name}] = []`
      )
    }).join(', ')
  }

  body() {
    return this.function(
      {},
      () => `{ burn(); ${this.statements(1 + this.random.below(3)).join('; ')} ; return ${this.expression()} }`
    )
  }

  block() {
    return this.within(
      [],
      () => `{ ${this.statements(1 + this.random.below(2)).join(this.random.once(3) ? '\n' : '; ')} }`
    )
  }

  statements(count) {
    return Array.from({ length: count }, () => this.statement())
  }

  statement() {
    if (this.depth > 4) return `log(${this.assigned()})`
    const { random } = this
    return this.pick(
      () => `show('s', () => ${this.attempted()})`,
      () => `show('s', () => ${this.attempted()})`,
      () => `show('b', () => ${this.body()})`,
      () => `show('b', function (${this.parameters()}) ${this.body()})`,
      () => this.declaration(),
      () => this.declaration(),
      () => this.declaration(),
      () =>
        `try { ${this.expressionStatement()} } catch${random.once(2) ? '' : ` (${this.pattern()})`} ${this.block()} finally { log('finally') }`,
      () =>
        `try { if (${this.expression()}) ${this.expressionStatement()}\nelse ${this.expressionStatement()} } catch { }`,
      () => this.loop(),
      () =>
        `try { switch (${this.expression()}) { case ${this.expression()}: ${this.expressionStatement()}; break; default: ${this.expressionStatement()} } } catch (error) { log(String(error)) }`,
      () => this.labelled(),
      () => this.block(),
      () =>
        this.canAwait && this.index === 0 && random.once(2)
          ? `try { log(await ${this.assigned()}) } catch { log('rejected') }`
          : `log(typeof ${this.name()})`
    )
  }

  /** The body of an arrow function. `burn` throws when the program has made very many calls. */
  attempted() {
    return `(burn(), ${this.expression()})`
  }

  expressionStatement() {
    const text = this.pick(
      () => `${this.name()}(${this.arguments()})`,
      () => `${this.name()}\`x\${${this.expression()}}\``,
      () => `${this.assignment()}`,
      () => `new ${this.name()}(${this.arguments()})`,
      () => `(${this.expression()})`,
      () => `log(${this.expression()})`,
      () => `[${this.expression()}].forEach((x) => ${this.name()}(x))`,
      () => `${this.name()}?.(${this.arguments()})`
    )
    return text
  }

  declaration() {
    const { random } = this
    // A class or a variable whose initializer throws would end the module: calls are made in `try`.
    return this.pick(
      () => `let ${this.declare(random.pick(NAMES))} = ${this.safe()}`,
      () => `const ${this.declare(random.pick(NAMES))} = ${this.safe()}`,
      () => `var ${this.declare(random.pick(NAMES))} = ${this.safe()}`,
      () => `let { ${this.declare(random.pick(NAMES))} = ${this.safe()}, ...${this.declare('rest')} } = { x: 1 }`,
      () => `function ${this.declare(random.pick(NAMES))}(${this.parameters()}) ${this.body()}`,
      () => `function* ${this.declare(random.pick(NAMES))}() { yield ${this.safe()}; yield* [${this.safe()}] }`,
      () => `async function ${this.declare(random.pick(NAMES))}(${this.parameters()}) ${this.body()}`,
      () => `class ${this.declare(random.pick(NAMES))} ${this.classBody()}`
    )
  }

  loop() {
    const name = this.random.pick(NAMES)
    const kind = this.random.pick(['let', 'const'])
    const body = () => this.within([name], () => `{ ${this.statements(1).join()} ; log(typeof ${name}) }`)
    return this.pick(
      () => `for (let ${name} = 0, i_ = 0; i_ < 2; i_++) ${body()}`,
      () => `for (${kind} ${name} of [1, 2]) ${body()}`,
      () => `for (${kind} ${name} in { k: 1 }) ${body()}`,
      () => `for (${kind} [${name} = ${this.safe()}] of [[], [1]]) ${body()}`,
      () => `show('for', () => { for (${this.name()} of [1, 2]) ${this.expressionStatement()} })`,
      () => `show('for in', () => { for (${this.name()} in { k: 1 }) log(1) })`,
      () => `{ let i_ = 0; while (i_++ < 2) ${body()} }`,
      () => `{ let i_ = 0; do ${body()} while (i_++ < 1) }`
    )
  }

  labelled() {
    const label = this.random.pick(NAMES)
    return `${label}: for (const i_ of [1, 2]) { log(i_); ${this.random.pick(['break', 'continue'])} ${label} }`
  }

  pattern() {
    const name = this.random.pick(NAMES)
    return this.random.pick([name, `{ ${name} }`, `{ x: ${name} = 1 }`, `{ ...${name} }`])
  }

  classBody() {
    const { random } = this
    const members = Array.from({ length: random.below(4) }, () =>
      this.pick(
        () => `${random.pick(KEYS.slice(0, -1))} = ${this.safe()};`,
        () => `static ${random.pick(KEYS.slice(0, -1))}_ = ${this.safe()};`,
        () => `#p${random.below(1e6)} = ${this.safe()};`,
        () => `m${random.below(9)}(${this.function({}, () => this.parameters())}) ${this.body()}`,
        () => `get ${random.pick(KEYS.slice(0, -1))}g() ${this.body()}`,
        () => `static async *s${random.below(9)}() { yield ${this.safe()} }`,
        () => `['k' + ${random.below(9)}] = ${this.safe()};`,
        () => `static { show('static', () => ${this.attempted()}) }`
      )
    )
    return `{ ${members.join(' ')} }`
  }

  arguments() {
    return Array.from({ length: this.random.below(3) }, () =>
      this.random.once(5) ? `...[${this.assigned()}]` : this.assigned()
    ).join(', ')
  }

  /** An expression that does not throw where it stands. */
  safe() {
    return this.pick(
      () => String(this.random.below(9)),
      () => `'${this.random.pick(NAMES)}'`,
      () => `() => ${this.attempted()}`,
      () => `function (${this.function({}, () => this.parameters())}) ${this.body()}`,
      () => `[${this.random.below(9)}, 'x']`,
      () => `{ x: ${this.random.below(9)}, ${this.random.pick(KEYS)}: 2 }`,
      () => `class ${this.random.once(2) ? this.random.pick(NAMES.slice(0, 5)) : ''} { }`,
      () => `async (${this.function({}, () => this.parameters())}) => ${this.attempted()}`
    )
  }

  /** An expression as it may follow `=`. */
  assigned() {
    return this.random.once(2) ? this.safe() : `(${this.expression()})`
  }

  assignment() {
    return this.pick(
      () => `${this.name()} ${this.random.pick(ASSIGN)} ${this.assigned()}`,
      () => `${this.name()}++`,
      () => `--${this.name()}`,
      () => `[${this.name()}] = [${this.assigned()}]`,
      () => `({ ${this.name()} } = { x: 1 })`,
      () => `({ x: ${this.name()} = ${this.assigned()} } = {})`,
      () => `${this.name()}.x ${this.random.pick(ASSIGN)} ${this.assigned()}`,
      () => `${this.name()}[${this.assigned()}] = ${this.assigned()}`
    )
  }

  expression() {
    if (this.depth > 6) return this.name()
    this.depth++
    try {
      return this.nested()
    } finally {
      this.depth--
    }
  }

  nested() {
    const { random } = this
    return this.pick(
      () => this.name(),
      () => this.name(),
      () => `${this.name()}(${this.arguments()})`,
      () => `${this.name()}.${random.pick(KEYS)}`,
      () => `${this.name()}?.${random.pick(KEYS)}`,
      () => `${this.name()}.${random.pick(KEYS)}(${this.arguments()})`,
      () => `${this.name()}?.${random.pick(KEYS)}?.(${this.arguments()})`,
      () => `${this.name()}[${this.assigned()}]`,
      () => `${this.name()}\`\${${this.expression()}}\``,
      () => `new ${this.name()}(${this.arguments()})`,
      () => `new (${this.name()})`,
      () => `(${this.expression()}${this.gap()}${random.pick(BINARY)}${this.gap()}(${this.expression()}))`,
      () => `${random.pick(UNARY)}(${this.expression()})`,
      () => `${random.pick(UNARY)}${this.name()}`,
      () => `(${this.expression()} ? ${this.assigned()} : ${this.assigned()})`,
      () =>
        `{ ${this.name()}, ${random.pick(KEYS)}: ${this.assigned()}, [${this.assigned()}]: 1, ...${this.name()} }`.replace(
          /^.*$/s,
          '($&)'
        ),
      () => `[${this.assigned()}, ...[${this.assigned()}]]`,
      () => `\`a\${${this.expression()}}b\``,
      () => `(${this.assignment()})`,
      () =>
        `(${this.random.once(2) ? 'async ' : ''}(${this.function({}, () => this.parameters())}) => ${this.attempted()})`,
      () => `((${this.function({}, () => this.parameters())}) => ${this.attempted()})(${this.arguments()})`,
      () => `delete ${this.name()}.${random.pick(KEYS)}`,
      () => `delete ${this.name()}?.[${this.assigned()}]`,
      () => `typeof ${this.name()}`,
      () => `(function () { return this })()`,
      () => `(function () { return arguments.length })(${this.arguments()})`,
      () => `({ get ${random.pick(KEYS)}() ${this.body()} }).${random.pick(KEYS)}`,
      () => `(${this.name()})(${this.arguments()})`,
      () => `[...${this.name()}]`,
      () => `(0, ${this.name()})(${this.arguments()})`,
      () => `class extends ${this.name()} { }`,
      () => `import.meta.url.length > 0`,
      () => `import('./${this.module.file}') instanceof Promise`,
      () => `[1].map(${this.name()})`,
      () => `this`,
      () => `${this.name()} = ${this.assigned()}`.replace(/^.*$/s, '($&)')
    )
  }
}
