// An update of a hot program: what is touched when, how often, and what goes on beside it.
const assert = require('node:assert/strict')
const { describe, test } = require('node:test')
const { runHot } = require('./support/hot')

const relative = (program, paths) => paths.map((path) => path.slice(program.dir.length + 1))

// [hot 99, 101]
test('"a name that is gone and that an importer still uses, also one that would not be evaluated again": nothing was disposed', async (t) => {
  const program = await runHot(t, {
    'main.mjs': 'import { n, x } from "./a.mjs"; globalThis.read = () => [n, x]',
    'a.mjs': 'export const n = 1, x = 1; import.meta.hot.accept(); import.meta.hot.dispose(() => say("disposed"))'
  })
  const failed = await program.edit({ 'a.mjs': 'export const n = 2; import.meta.hot.accept()' })
  assert.equal(failed.event, 'failed')
  assert.deepEqual(program.said, [])
  assert.deepEqual(await program.ask('read()'), [1, 1])
  await program.edit({ 'main.mjs': 'import { n } from "./a.mjs"; globalThis.read = () => [n]' })
  assert.deepEqual(program.said, ['disposed'])
  assert.deepEqual(await program.ask('read()'), [2])
})

// [hot 100]
test('"A file whose content is the same is no change", and one whose save is told twice is one', async (t) => {
  const text = 'import.meta.hot.accept(); say("runs")'
  const program = await runHot(t, { 'main.mjs': text })
  for (let n = 0; n < 3; n++) program.write('main.mjs', text)
  await program.edit({ 'main.mjs': `${text}; 2` })
  assert.equal(program.events.length, 1)
  assert.deepEqual(program.said, ['runs'])
})

// [hot 102, 103]
test('"static and dynamic" importers: an importer by `import()` that accepts nothing makes it a reload', async (t) => {
  const program = await runHot(t, {
    'main.mjs': 'await import("./a.mjs")',
    'a.mjs': 'import "./leaf.mjs"',
    'leaf.mjs': ''
  })
  const told = await program.edit({ 'leaf.mjs': '2' })
  assert.equal(told.event, 'reloaded')
  assert.deepEqual(relative(program, told.way), ['leaf.mjs', 'a.mjs', 'main.mjs'])
})

// [hot 101, 117]
test('an importer that does without a name that is gone mends it, of CommonJS as well', async (t) => {
  const program = await runHot(t, {
    'main.mjs': 'import { n } from "./a.cjs"; globalThis.read = () => [n]; import.meta.hot.accept()',
    'a.cjs': 'exports.n = 1; module.hot.accept()'
  })
  const failed = await program.edit({ 'a.cjs': 'exports.m = 2; module.hot.accept()' })
  assert.equal(failed.event, 'failed')
  const told = await program.edit({
    'main.mjs': 'import { m } from "./a.cjs"; globalThis.read = () => [m]; import.meta.hot.accept()'
  })
  assert.equal(told.event, 'updated')
  assert.deepEqual(await program.ask('read()'), [2])
})

describe('cycles', () => {
  // [hot 104]
  test('whichever member is edited, it is evaluated in its order', async (t) => {
    const files = {
      'main.mjs': 'import "./top.mjs"',
      'top.mjs': 'import "./a.mjs"; import.meta.hot.accept(); say("top")',
      'a.mjs': 'import "./b.mjs"; say("a")',
      'b.mjs': 'import "./c.mjs"; say("b")',
      'c.mjs': 'import "./a.mjs"; say("c")'
    }
    const program = await runHot(t, files)
    for (const file of ['a.mjs', 'b.mjs', 'c.mjs']) {
      await program.edit({ [file]: `${files[file]};` })
      assert.deepEqual(program.said, ['c', 'b', 'a', 'top'], file)
    }
  })

  // [hot 104]
  test('a member that is not the only way in cannot take it', async (t) => {
    const program = await runHot(t, {
      'main.mjs': 'import "./a.mjs"; import "./b.mjs"; import.meta.hot.accept()',
      'a.mjs': 'import "./b.mjs"; import.meta.hot.accept(); say("a")',
      'b.mjs': 'import "./a.mjs"; say("b")'
    })
    const told = await program.edit({ 'b.mjs': 'import "./a.mjs"; say("b2")' })
    assert.deepEqual(relative(program, told.acceptors), ['main.mjs'])
    assert.deepEqual(program.said, ['b2', 'a'])
  })
})

// [hot 107, 109]
test('"each once per update, also when two acceptors share them; a module that is not affected keeps its instance"; callbacks in the order of evaluation', async (t) => {
  const program = await runHot(t, {
    'main.mjs': 'import "./b.mjs"; import "./a.mjs"',
    'a.mjs':
      'import "./leaf.mjs"; import { o } from "./keep.mjs"; import.meta.hot.accept(() => say("a taken")); say("a"); (globalThis.os ??= []).push(o)',
    'b.mjs': 'import "./leaf.mjs"; import.meta.hot.accept(async () => { await null; say("b taken") }); say("b")',
    'keep.mjs': 'export const o = {}; say("keep")',
    'leaf.mjs': 'say("leaf")'
  })
  await program.edit({ 'leaf.mjs': 'say("leaf 2")' })
  assert.deepEqual(program.said, ['leaf 2', 'b', 'a', 'b taken', 'a taken'])
  assert.ok(await program.ask('os.length === 2 && os[0] === os[1]'))
})

describe('pruning', () => {
  // [hot 108]
  test('"one that was loaded by `import()` is kept while an importer’s text … loads what no text names"', async (t) => {
    const loads = 'import.meta.hot.accept(); globalThis.load = (name) => import(`./${name}.mjs`)'
    const lazy = 'import.meta.hot.accept(); import.meta.hot.prune(() => say("pruned"))'
    const program = await runHot(t, { 'main.mjs': 'import "./a.mjs"', 'a.mjs': loads, 'lazy.mjs': lazy })
    await program.ask('load("lazy").then(() => 1)')
    await program.edit({ 'a.mjs': `${loads}; 2` })
    assert.deepEqual(program.said, [])
    await program.edit({ 'lazy.mjs': `${lazy}; say("lazy 2")` })
    assert.deepEqual(program.said, ['lazy 2'])
    await program.edit({ 'a.mjs': 'import.meta.hot.accept()' })
    assert.deepEqual(program.said, ['pruned'])
  })

  // [hot 102, 108]
  test('a lazy `require` is an import all the same, and stays one in a version that has not asked for it yet', async (t) => {
    const a = (more) => `module.hot.accept(); exports.get = () => require("./lazy.cjs").n${more}`
    const program = await runHot(
      t,
      {
        'main.cjs': 'require("./a.cjs"); globalThis.load = () => require("./a.cjs").get()',
        'a.cjs': a(''),
        'lazy.cjs': 'exports.n = 1'
      },
      { entry: 'main.cjs' }
    )
    assert.equal(await program.ask('load()'), 1)
    await program.edit({ 'a.cjs': a(' + 10') })
    const told = await program.edit({ 'lazy.cjs': 'exports.n = 2' })
    assert.equal(told.event, 'updated')
    assert.equal(await program.ask('load()'), 12)
  })
})

// [hot 111, 158]
test('a reload of CommonJS counts and names what was evaluated, and names `module.hot`', async (t) => {
  const program = await runHot(
    t,
    {
      'main.cjs': 'require("./a.cjs"); require("./b.cjs")',
      'a.cjs': 'require("./leaf.cjs")',
      'b.cjs': 'require("./leaf.cjs"); require("./data.json")',
      'data.json': '{}',
      'leaf.cjs': ''
    },
    { entry: 'main.cjs' }
  )
  const told = await program.edit({ 'leaf.cjs': '2' })
  assert.deepEqual(relative(program, told.modules), ['leaf.cjs', 'a.cjs', 'b.cjs', 'main.cjs'])
  await program.until(() =>
    /\(4 modules; nobody accepts it; `module\.hot\?\.accept\(\)` in leaf\.cjs would make it an update\)/.test(
      program.out
    )
  )
})

// [hot 112, 114]
test('"One update at a time; changes meanwhile make one further update with the last content"', async (t) => {
  const program = await runHot(t, {
    'main.mjs': 'import "./a.mjs"',
    'a.mjs':
      'import.meta.hot.accept(); import.meta.hot.dispose(() => new Promise((resolve) => { globalThis.go = resolve; say("disposing") }))'
  })
  const text = (n) => `import.meta.hot.accept(); say("${n}")`
  program.write('a.mjs', text(2))
  await program.hears('disposing')
  program.write('a.mjs', text(3))
  program.write('a.mjs', text(4))
  await program.ask('go()')
  await program.hears('4')
  assert.ok(!program.said.includes('3'), program.state())
})

// [hot 113]
test('"what was superseded can publish nothing any more", and is disposed of at once', async (t) => {
  const program = await runHot(t, {
    'main.mjs': 'import { n } from "./a.mjs"; globalThis.read = () => n',
    'a.mjs': 'export const n = 1; import.meta.hot.accept((module) => say("taken " + module?.n))'
  })
  program.write(
    'a.mjs',
    `import.meta.hot.dispose(() => say("2 disposed")); say("hangs")
      await new Promise((resolve) => (globalThis.go = resolve)); export const n = 2; say("late")
      import.meta.hot.accept(() => say("never")); import.meta.hot.dispose(() => say("never"))`
  )
  await program.hears('hangs')
  await program.edit({ 'a.mjs': 'export const n = 3; import.meta.hot.accept(); say("3")' })
  assert.deepEqual(program.said, ['2 disposed', '3', 'taken 3'])
  await program.ask('go()')
  await program.hears('late')
  assert.equal(await program.ask('read()'), 3)
  await program.edit({ 'a.mjs': 'export const n = 4; import.meta.hot.accept()' })
  assert.ok(!program.said.includes('never'))
  assert.equal(await program.ask('read()'), 4)
})

// [hot 113]
test('an evaluation that hangs, in a reload too: going back to the text that runs ends it', async (t) => {
  for (const accept of ['import.meta.hot.accept()', '']) {
    const program = await runHot(t, {
      'main.mjs': 'import { n } from "./a.mjs"; globalThis.read = () => n',
      'a.mjs': `export const n = 1; ${accept}`
    })
    program.write('a.mjs', 'say("hangs"); await new Promise(() => {}); export const n = 2')
    await program.hears('hangs')
    await program.edit({ 'a.mjs': `export const n = 1; ${accept}` })
    assert.equal(await program.ask('read()'), 1)
  }
})

// [hot 115]
test('"A module evaluated by an update that was also `import()`ed meanwhile exists once"', async (t) => {
  const program = await runHot(t, {
    'main.mjs': 'import "./a.mjs"; globalThis.load = () => import("./new.mjs").then(({ x }) => x === globalThis.x)',
    'a.mjs': 'import.meta.hot.accept()',
    'new.mjs': 'say("new"); await new Promise((resolve) => (globalThis.go = resolve)); export const x = {}'
  })
  program.write('a.mjs', 'import { x } from "./new.mjs"; import.meta.hot.accept(); globalThis.x = x')
  await program.hears('new')
  assert.equal(await program.ask('{ const same = load(); go(); same }'), true)
  assert.equal(program.said.filter((word) => word === 'new').length, 1)
})

// [hot 116]
test('"`import()` of a module that is part of an update gives the running version until evaluation begins, and the new one from then on"', async (t) => {
  const program = await runHot(t, {
    'main.mjs': 'import "./a.mjs"; globalThis.load = () => import("./a.mjs").then(({ n }) => n)',
    'a.mjs':
      'export const n = 1; import.meta.hot.accept(); import.meta.hot.dispose(async () => say("disposer " + (await load())))'
  })
  await program.edit({
    'a.mjs':
      'const later = load(); await null; export const n = 2; import.meta.hot.accept(() => {}); later.then((n) => say("evaluation " + n))'
  })
  await program.hears('evaluation 2')
  assert.deepEqual(program.said, ['disposer 1', 'evaluation 2'])
})

// [hot 100, 112]
test('a file that is caught between two saves in place, empty, is no version', async (t) => {
  const text = 'import.meta.hot.accept(); say("runs"); import.meta.hot.dispose(() => say("disposed"))'
  const program = await runHot(t, { 'main.mjs': text })
  for (let n = 0; n < 600; n++) {
    program.write('main.mjs', text)
    if (n % 3 === 0) await new Promise(setImmediate)
  }
  await program.edit({ 'main.mjs': `${text}; 2` })
  assert.deepEqual(program.said, ['disposed', 'runs'])
  assert.equal(program.events.length, 1)
})

test('an update waits no turn for a new version that has left nothing for later', async (t) => {
  const program = await runHot(t, {
    'main.mjs': `import { n } from "./a.mjs"; import.meta.hot.accept("./a.mjs")
      import.meta.hot.on("vite:beforeUpdate", () => setImmediate(() => setImmediate(() => say(n))))`,
    'a.mjs': 'export const n = 1'
  })
  await program.edit({ 'a.mjs': 'export const n = 2' })
  await program.until(() => program.said.length > 0)
  // A version that has to be waited for is the running one only after the second turn.
  assert.deepEqual(program.said, ['2'])
})
