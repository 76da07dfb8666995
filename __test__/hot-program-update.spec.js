// Updates of hot programs: who accepts, what is evaluated again, in which order.
const assert = require('node:assert/strict')
const { describe, test } = require('node:test')
const { runHot } = require('./support/hot')

const relative = (program, paths) => paths.map((path) => path.slice(program.dir.length + 1))

/** A leaf that says its version, and modules between it and the entry. */
const leaf = (n) => `say("leaf ${n}"); export const n = ${n}`
const middle = 'import { n } from "./leaf.mjs"; say("middle"); export const m = () => n; export const copy = n'

// [hot 78]
describe('"the module takes its own updates"', () => {
  test('accept(): importers see the new version at the next use, without being evaluated again', async (t) => {
    const program = await runHot(t, {
      'main.mjs': 'import { n } from "./leaf.mjs"; say("main"); globalThis.read = () => n; import.meta.hot',
      'leaf.mjs': `${leaf(1)}; import.meta.hot.accept()`
    })
    const told = await program.edit({ 'leaf.mjs': `${leaf(2)}; import.meta.hot.accept()` })
    assert.equal(told.event, 'updated')
    assert.deepEqual(relative(program, told.files), ['leaf.mjs'])
    assert.deepEqual(relative(program, told.modules), ['leaf.mjs'])
    assert.deepEqual(relative(program, told.acceptors), ['leaf.mjs'])
    assert.deepEqual(program.said, ['leaf 2'])
    assert.equal(await program.ask('read()'), 2)
    await program.until(() => / \[hmr\] leaf\.mjs updated in [\d.]+ ms/.test(program.out))
  })

  test('the callback gets the new module, awaited, before the update is over', async (t) => {
    const body = (n) => `export const n = ${n}
      import.meta.hot.accept(async (module) => { await null; say("accepted " + module.n) })
      import.meta.hot.accept((module) => say("again " + module.n))`
    const program = await runHot(t, { 'main.mjs': 'import "./a.mjs"', 'a.mjs': body(1) })
    await program.edit({ 'a.mjs': body(2) })
    assert.deepEqual(program.said, ['accepted 2', 'again 2'])
    await program.edit({ 'a.mjs': body(3) })
    assert.deepEqual(program.said, ['accepted 3', 'again 3'])
  })

  // [hot 2]
  test('what lies between the change and the acceptor is evaluated again, nothing else', async (t) => {
    const program = await runHot(t, {
      'main.mjs': 'import { m } from "./top.mjs"; say("main"); globalThis.read = () => m()',
      'top.mjs': 'export { m } from "./middle.mjs"; import "./other.mjs"; say("top"); import.meta.hot.accept()',
      'middle.mjs': middle,
      'other.mjs': 'say("other")',
      'leaf.mjs': leaf(1)
    })
    const told = await program.edit({ 'leaf.mjs': leaf(2) })
    assert.deepEqual(program.said, ['leaf 2', 'middle', 'top'])
    assert.deepEqual(relative(program, told.way), ['leaf.mjs', 'middle.mjs', 'top.mjs'])
    assert.equal(await program.ask('read()'), 2)
    await program.until(() => /leaf\.mjs → middle\.mjs → top\.mjs updated in/.test(program.out))
  })
})

// [hot 79]
describe('"the module takes updates of what it imports"', () => {
  test('accept(dep, cb): the bindings lead to the new version before the callback', async (t) => {
    const program = await runHot(t, {
      'main.mjs': `import { n } from "./leaf.mjs"; say("main " + n)
        import.meta.hot.accept("./leaf.mjs", (module) => say("got " + module.n + " and " + n))`,
      'leaf.mjs': leaf(1)
    })
    await program.edit({ 'leaf.mjs': leaf(2) })
    assert.deepEqual(program.said, ['leaf 2', 'got 2 and 2'])
  })

  test('accept([deps], cb): one call, the updated modules in their places', async (t) => {
    const program = await runHot(t, {
      'main.mjs': `import "./a.mjs"; import "./b.mjs"; import "./c.mjs"
        import.meta.hot.accept(["./a.mjs", "./b.mjs", "./c.mjs"], (all) => say(JSON.stringify(all.map((one) => one?.n ?? null))))`,
      'a.mjs': 'export const n = "a"',
      'b.mjs': 'export const n = "b"',
      'c.mjs': 'export const n = "c"'
    })
    await program.edit({ 'b.mjs': 'export const n = "b2"' })
    assert.deepEqual(program.said, ['[null,"b2",null]'])
  })

  test('a shared dependency is evaluated once for two acceptors', async (t) => {
    const program = await runHot(t, {
      'main.mjs': 'import "./a.mjs"; import "./b.mjs"',
      'a.mjs': 'import { n } from "./leaf.mjs"; say("a " + n); import.meta.hot.accept()',
      'b.mjs': 'import { n } from "./leaf.mjs"; say("b " + n); import.meta.hot.accept()',
      'leaf.mjs': leaf(1)
    })
    await program.edit({ 'leaf.mjs': leaf(2) })
    assert.deepEqual(program.said, ['leaf 2', 'a 2', 'b 2'])
  })
})

describe('disposers', () => {
  // [hot 106]
  test('"importers before what they import, all before any evaluation"; the latest first, with the data', async (t) => {
    const note = (name) => `say("${name}")
      import.meta.hot.data.count = (import.meta.hot.data.count ?? 0) + 1
      import.meta.hot.dispose((data) => say("${name} first " + data.count))
      import.meta.hot.dispose(async (data) => { await null; say("${name} second " + data.count) })`
    const program = await runHot(t, {
      'main.mjs': 'import "./a.mjs"',
      'a.mjs': `import "./b.mjs"; ${note('a')}; import.meta.hot.accept()`,
      'b.mjs': note('b')
    })
    await program.edit({ 'b.mjs': `${note('b')}; 2` })
    assert.deepEqual(program.said, ['a second 1', 'a first 1', 'b second 1', 'b first 1', 'b', 'a'])
    await program.edit({ 'b.mjs': `${note('b')}; 3` })
    assert.deepEqual(program.said.slice(0, 2), ['a second 2', 'a first 2'])
  })
})

describe('a reload', () => {
  test('evaluates every hot module once; data is kept; the line names what would make it an update', async (t) => {
    const program = await runHot(t, {
      'main.mjs': 'import { m } from "./middle.mjs"; say("main " + m() + (import.meta.hot.data.x ??= 7))',
      'middle.mjs': middle,
      'leaf.mjs': leaf(1)
    })
    const told = await program.edit({ 'leaf.mjs': leaf(2) })
    assert.equal(told.event, 'reloaded')
    assert.deepEqual(program.said, ['leaf 2', 'middle', 'main 27'])
    assert.deepEqual(relative(program, told.way), ['leaf.mjs', 'middle.mjs', 'main.mjs'])
    await program.until(() => /leaf\.mjs reloaded in [\d.]+ ms \(3 modules; nobody accepts it/.test(program.out))
    await program.edit({ 'leaf.mjs': leaf(3) })
    assert.deepEqual(program.said, ['leaf 3', 'middle', 'main 37'])
  })
})

describe('pruning and new modules', () => {
  test('what nobody imports any more is disposed of and pruned, what is new is evaluated and watched', async (t) => {
    const program = await runHot(t, {
      'main.mjs': 'import "./a.mjs"',
      'a.mjs': 'import "./old.mjs"; import.meta.hot.accept()',
      'old.mjs': 'import.meta.hot.dispose(() => say("disposed")); import.meta.hot.prune(() => say("pruned"))',
      'new.mjs': 'say("new 1"); import.meta.hot.accept()'
    })
    await program.edit({ 'a.mjs': 'import "./new.mjs"; import.meta.hot.accept()' })
    assert.deepEqual(program.said, ['new 1', 'disposed', 'pruned'])
    await program.edit({ 'new.mjs': 'say("new 2"); import.meta.hot.accept()' })
    assert.deepEqual(program.said, ['new 2'])
  })

  test('a module that was loaded by import() is kept while the text names it', async (t) => {
    const body = (more) => `import.meta.hot.accept(); ${more}`
    const lazy = 'globalThis.load = () => import("./lazy.mjs")'
    const program = await runHot(t, {
      'main.mjs': 'import "./a.mjs"',
      'a.mjs': body(lazy),
      'lazy.mjs': 'import.meta.hot.prune(() => say("pruned")); say("lazy")'
    })
    await program.ask('load().then(() => 1)')
    await program.edit({ 'a.mjs': body(`${lazy}; 2`) })
    assert.deepEqual(program.said, [])
    await program.edit({ 'a.mjs': body('3') })
    assert.deepEqual(program.said, ['pruned'])
  })
})

describe('cycles', () => {
  // [hot 104]
  test('"evaluated again as a whole, in its order" by the member that is the only way in', async (t) => {
    const program = await runHot(t, {
      'main.mjs': 'import "./a.mjs"',
      'a.mjs': 'import "./b.mjs"; say("a"); import.meta.hot.accept(); export const a = 1',
      'b.mjs': 'import { a } from "./a.mjs"; say("b"); export const read = () => a'
    })
    const told = await program.edit({ 'b.mjs': 'import { a } from "./a.mjs"; say("b2"); export const read = () => a' })
    assert.equal(told.event, 'updated')
    assert.deepEqual(program.said, ['b2', 'a'])
  })
})

describe('CommonJS', () => {
  test('module.hot: the slice is evicted and required again; importers keep what require gave them', async (t) => {
    const program = await runHot(
      t,
      {
        'main.cjs': 'const a = require("./a.cjs"); say("main"); globalThis.read = () => a.n',
        'a.cjs': 'const b = require("./b.cjs"); say("a " + b.n); exports.n = b.n; module.hot.accept()',
        'b.cjs': 'say("b 1"); exports.n = 1'
      },
      { entry: 'main.cjs' }
    )
    const told = await program.edit({ 'b.cjs': 'say("b 2"); exports.n = 2' })
    assert.equal(told.event, 'updated')
    assert.deepEqual(program.said, ['b 2', 'a 2'])
    assert.equal(await program.ask('read()'), 1)
    await program.edit({ 'b.cjs': 'say("b 3"); exports.n = 3' })
    assert.deepEqual(program.said, ['b 3', 'a 3'])
  })

  test('accept(dep, cb) and webpack’s names', async (t) => {
    const program = await runHot(
      t,
      {
        'main.cjs': `require("./a.cjs")
          module.hot.accept("./a.cjs", () => { say("took " + require("./a.cjs").n) }, (error) => say("handler " + error.message))`,
        'a.cjs': `exports.n = 1; const gone = () => say("removed"); module.hot.addDisposeHandler(gone)
          module.hot.addDisposeHandler(() => say("kept")); module.hot.removeDisposeHandler(gone)`
      },
      { entry: 'main.cjs' }
    )
    await program.edit({ 'a.cjs': 'exports.n = 2' })
    assert.deepEqual(program.said, ['kept', 'took 2'])
    const told = await program.edit({ 'a.cjs': 'throw new Error("no")' })
    assert.equal(told.event, 'failed')
    assert.deepEqual(
      program.said.filter((word) => word.startsWith('handler')),
      ['handler no']
    )
  })
})
