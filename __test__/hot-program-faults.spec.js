// What fails, at each step of an update of a hot program, and that the last good version goes on.
const assert = require('node:assert/strict')
const { describe, test } = require('node:test')
const { runHot } = require('./support/hot')

/** Programs in which `leaf.mjs` (or `.cjs`) is what changes. `read()` is what an importer sees. */
const SHAPES = {
  'self-accept': {
    files: (leaf) => ({
      'main.mjs': 'import { n } from "./leaf.mjs"; globalThis.read = () => n',
      'leaf.mjs': leaf
    }),
    accept: 'import.meta.hot.accept((module) => say("took " + module?.n));'
  },
  'accepted dependency': {
    files: (leaf) => ({
      'main.mjs': `import { n } from "./leaf.mjs"; globalThis.read = () => n
        import.meta.hot.accept("./leaf.mjs", (module) => say("took " + module?.n))`,
      'leaf.mjs': leaf
    }),
    accept: ''
  },
  array: {
    files: (leaf) => ({
      'main.mjs': `import { n } from "./leaf.mjs"; import "./other.mjs"; globalThis.read = () => n
        import.meta.hot.accept(["./other.mjs", "./leaf.mjs"], ([other, module]) => say("took " + module?.n))`,
      'leaf.mjs': leaf,
      'other.mjs': ''
    }),
    accept: ''
  },
  cycle: {
    files: (leaf) => ({
      'main.mjs': 'import { a } from "./a.mjs"; globalThis.read = () => a()',
      'a.mjs': `import { n } from "./leaf.mjs"; export const a = () => n
        import.meta.hot.accept((module) => say("took " + module?.a()))`,
      'leaf.mjs': `import { a } from "./a.mjs"; globalThis.keep = () => a;${leaf}`
    }),
    accept: '',
    prefix: 'import { a } from "./a.mjs"; globalThis.keep = () => a;'
  },
  CommonJS: {
    entry: 'main.cjs',
    leaf: 'leaf.cjs',
    files: (leaf) => ({
      'main.cjs': `let { n } = require("./leaf.cjs"); globalThis.read = () => n
        module.hot.accept("./leaf.cjs", (module) => { n = require("./leaf.cjs").n; say("took " + module?.n) })`,
      'leaf.cjs': leaf
    }),
    accept: '',
    text: (n, more) => `${more}; exports.n = ${n}`
  }
}

for (const [name, shape] of Object.entries(SHAPES)) {
  const leaf = shape.leaf ?? 'leaf.mjs'
  const text = (n, more = '') =>
    (shape.prefix ?? '') + (shape.text ? shape.text(n, more) : `${shape.accept}${more}; export const n = ${n}`)
  const hot = shape.leaf ? 'module.hot' : 'import.meta.hot'
  const start = (t, more) =>
    runHot(t, shape.files(text(1, more).slice((shape.prefix ?? '').length)), { entry: shape.entry ?? 'main.mjs' })

  describe(name, () => {
    const broken = {
      throws: text(2, 'throw new Error("broken")'),
      'does not parse': text(2, 'const = 3'),
      'is half a file': `${text(2).slice(0, -3)}(`,
      'misses a module': shape.leaf ? text(2, 'require("./missing.cjs")') : `import "./missing.mjs"; ${text(2)}`
    }
    if (!shape.leaf) {
      broken.rejects = text(2, 'await Promise.reject(new Error("broken"))')
      broken['throws undefined'] = text(2, 'throw undefined')
      broken['lacks a name'] = text(2).replace('export const n', 'export const m')
    }
    for (const [fault, wrong] of Object.entries(broken)) {
      // [hot 117, 118]
      test(`a version that ${fault}: the last good one goes on, and the next save is taken`, async (t) => {
        const program = await start(t)
        const failed = await program.edit({ [leaf]: wrong })
        assert.equal(failed.event, 'failed')
        assert.equal(await program.ask('read()'), 1)
        const told = await program.edit({ [leaf]: text(3) })
        assert.equal(told.event, 'updated')
        assert.equal(await program.ask('read()'), 3)
        assert.ok(program.said.includes('took 3'), program.state())
        await program.until(() => program.out.includes('(recovered)'))
      })

      test(`a version that ${fault}: going back to the text that runs is an update, and recovers`, async (t) => {
        const program = await start(t)
        const failed = await program.edit({ [leaf]: wrong })
        assert.equal(failed.event, 'failed')
        const told = await program.edit({ [leaf]: text(1) })
        assert.equal(told.event, 'updated')
        assert.equal(await program.ask('read()'), 1)
        await program.until(() => program.out.includes('(recovered)'))
      })
    }

    test('the file vanishes and comes back', async (t) => {
      const program = await start(t)
      program.remove(leaf)
      assert.equal((await program.next()).event, 'failed')
      assert.equal(await program.ask('read()'), 1)
      const told = await program.edit({ [leaf]: text(3) })
      assert.equal(told.event, 'updated')
      assert.equal(await program.ask('read()'), 3)
    })

    for (const [fault, code] of Object.entries({
      throws: 'throw new Error("in it")',
      rejects: 'return Promise.reject(new Error("in it"))',
      'throws undefined': 'throw undefined'
    })) {
      test(`a disposer that ${fault} is reported, the rest goes on`, async (t) => {
        const program = await start(t, `${hot}.dispose(() => say("other")); ${hot}.dispose(() => { ${code} })`)
        const told = await program.edit({ [leaf]: text(2) })
        assert.equal(told.event, 'updated')
        assert.ok(program.said.includes('other'))
        assert.equal(await program.ask('read()'), 2)
        assert.match(program.out, /a disposer failed/)
      })
    }

    test('a version that fails after a disposer has run: the last good code is evaluated again', async (t) => {
      const more = `say("runs 1 " + (${hot}.data.n = (${hot}.data.n ?? 0) + 1)); ${hot}.dispose(() => say("disposed"))`
      const program = await start(t, more)
      const failed = await program.edit({
        [leaf]: text(2, `${hot}.dispose(() => say("new disposed")); throw new Error("broken")`)
      })
      assert.equal(failed.event, 'failed')
      assert.deepEqual(
        program.said.filter((word) => !word.startsWith('took')),
        ['disposed', 'new disposed', 'runs 1 2']
      )
      assert.equal(await program.ask('read()'), 1)
      const told = await program.edit({ [leaf]: text(3) })
      assert.equal(told.event, 'updated')
      assert.equal(await program.ask('read()'), 3)
    })

    if (!shape.leaf)
      test('an evaluation that hangs is superseded by the next change of it', async (t) => {
        const program = await start(t)
        program.write(
          leaf,
          text(2, 'say("hangs"); await new Promise((resolve) => (globalThis.go = resolve)); say("late")')
        )
        await program.hears('hangs')
        assert.equal(await program.ask('read()'), 1)
        const told = await program.edit({ [leaf]: text(3) })
        assert.equal(told.event, 'updated')
        assert.equal(await program.ask('read()'), 3)
        await program.ask('go()')
        await program.hears('late')
        assert.equal(await program.ask('read()'), 3)
      })
  })
}

test('accept callbacks get undefined when the new version fails, the list form too', async (t) => {
  for (const name of ['self-accept', 'accepted dependency', 'array']) {
    const shape = SHAPES[name]
    const text = (n, more) => `${shape.accept}${more}; export const n = ${n}`
    const program = await runHot(t, shape.files(text(1, '')))
    await program.edit({ 'leaf.mjs': text(2, 'throw new Error("broken")') })
    assert.deepEqual(program.said, ['took undefined'], name)
  }
})

test('"what it waits for" beside a hanging evaluation: a change of others is taken', async (t) => {
  const program = await runHot(t, {
    'main.mjs': 'import "./a.mjs"; import "./b.mjs"',
    'a.mjs': 'import.meta.hot.accept()',
    'b.mjs': 'import.meta.hot.accept()'
  })
  program.write('a.mjs', 'say("hangs"); await new Promise(() => {}); import.meta.hot.accept()')
  await program.hears('hangs')
  const told = await program.edit({ 'b.mjs': 'say("b 2"); import.meta.hot.accept()' })
  assert.equal(told.event, 'updated')
  assert.deepEqual(program.said, ['b 2'])
})

test('an accept callback that fails is reported, and does not keep the others', async (t) => {
  const program = await runHot(t, {
    'main.mjs': `import "./a.mjs"
      import.meta.hot.accept("./a.mjs", () => { throw new Error("first") })
      import.meta.hot.accept("./a.mjs", async () => { throw new Error("second") })
      import.meta.hot.accept("./a.mjs", () => say("third"))`,
    'a.mjs': ''
  })
  const told = await program.edit({ 'a.mjs': '1' })
  assert.equal(told.event, 'updated')
  assert.deepEqual(program.said, ['third'])
  assert.match(program.out, /an accept callback failed.*first.*second/s)
})

test('creating the missing file tries again', async (t) => {
  const program = await runHot(t, { 'main.mjs': 'import "./a.mjs"', 'a.mjs': 'import.meta.hot.accept()' })
  const failed = await program.edit({ 'a.mjs': 'import "./later.mjs"; import.meta.hot.accept()' })
  assert.equal(failed.event, 'failed')
  const told = await program.edit({ 'later.mjs': 'say("later")' })
  assert.equal(told.event, 'updated')
  assert.deepEqual(program.said, ['later'])
})

test('a reload that fails: the last good version goes on, and the next save of any module tries again', async (t) => {
  const program = await runHot(t, {
    'main.mjs': 'import { n } from "./a.mjs"; import "./b.mjs"; globalThis.read = () => n',
    'a.mjs': 'export const n = 1',
    'b.mjs': ''
  })
  const failed = await program.edit({ 'a.mjs': 'export const n = 2; throw new Error("broken")' })
  assert.equal(failed.event, 'failed')
  assert.equal(await program.ask('read()'), 1)
  assert.equal((await program.edit({ 'b.mjs': '1' })).event, 'failed')
  const told = await program.edit({ 'a.mjs': 'export const n = 3' })
  assert.equal(told.event, 'reloaded')
  assert.equal(await program.ask('read()'), 3)
})

// [hot 73]
test('the stack of the version that goes on has its own lines and columns after others have failed', async (t) => {
  const good = `import { x } from './x.mjs'
    ;
    ;
    export const where = () => [x, x, new Error(x).stack.split('\\n')[1].replace(/.*leaf/, 'leaf')][2]`
  const program = await runHot(t, {
    'main.mjs':
      'import { where } from "./leaf.mjs"; import.meta.hot.accept("./leaf.mjs", () => {}); globalThis.read = () => where()',
    'leaf.mjs': good,
    'x.mjs': 'export const x = 1'
  })
  const before = await program.ask('read()')
  assert.equal(before, 'leaf.mjs:4:39)')
  for (const wrong of [
    'throw new Error("broken")',
    `import { missing } from './x.mjs'; export const where = missing`
  ]) {
    await program.edit({ 'leaf.mjs': wrong })
    assert.equal(await program.ask('read()'), before)
  }
})

// [hot 73]
for (const [kind, hot] of [
  ['mjs', 'import.meta.hot'],
  ['ts', 'import.meta.hot!'],
  ['cjs', 'module.hot'],
  ['cts', 'module.hot!']
])
  test(`the stack of a replaced version has its own lines and columns: a disposer, and what runs on (${kind})`, async (t) => {
    const types = kind.endsWith('ts') ? 'type Long = {\n  one: number\n}\nenum E { A = 1 }' : ''
    const old = `${types}
      ${hot}.accept();
      const where = () => new Error('x').stack.split('\\n')[1].replace(/.*leaf/, 'leaf').replace(')', '')
      ;(globalThis as any).old ??= where
      ${hot}.dispose(() => { say(where()); throw new Error('in the disposer') })`.replace(
      '(globalThis as any)',
      types ? '(globalThis as any)' : 'globalThis'
    )
    const place = `leaf.${kind}:${old.split('\n').findIndex((line) => line.includes('where =')) + 1}:27`
    const main = kind.startsWith('c') ? 'main.cjs' : 'main.mjs'
    const leaf = `leaf.${kind}`
    const load = main === 'main.cjs' ? `require('./${leaf}')` : `import './${leaf}'`
    const program = await runHot(
      t,
      { [main]: load, [leaf]: old, 'package.json': '{ "type": "module" }' },
      { entry: main }
    )
    assert.equal(await program.ask('old()'), place)
    await program.edit({ [leaf]: `${hot}.accept(); say("new")` })
    assert.deepEqual(program.said, [place, 'new'])
    assert.equal(await program.ask('old()'), place)
    await program.until(() => /a disposer failed/.test(program.out))
    assert.doesNotMatch(program.out, /^ *> /m, 'no line of the new text is shown for it')
  })

describe('what a new version leaves for the next turns fails its update as well: the old links stay', () => {
  const late = {
    'an exception of a microtask': "queueMicrotask(() => { throw new Error('soon') })",
    'an exception of a tick': "process.nextTick(() => { throw new Error('soon') })",
    'an exception in the next turn': "setImmediate(() => { throw new Error('soon') })",
    'an exception in the next turn, left by a promise':
      "Promise.resolve().then(() => setImmediate(() => { throw new Error('soon') }))",
    'an exception in the turn after it': "setImmediate(() => setImmediate(() => { throw new Error('soon') }))",
    'a Proxy that is thrown and refuses what is asked of it':
      'process.nextTick(() => { throw new Proxy({}, { getPrototypeOf() { throw 1 } }) })',
    'an error whose stack cannot be formatted':
      "Error.prepareStackTrace = () => { throw 1 }; process.nextTick(() => { throw new Error('soon') })",
    'a rejection that nobody handles': "Promise.reject(new Error('soon'))",
    'a rejection of what awaits': "const later = async () => { await 1; throw new Error('soon') }; later()"
  }
  for (const [name, code] of Object.entries(late))
    test(name, async (t) => {
      const text = (n, more = '') => `export const n = ${n}; import.meta.hot.accept(); ${more}`
      const files = { 'main.mjs': 'import { n } from "./a.mjs"; globalThis.read = () => n', 'a.mjs': text(1) }
      const program = await runHot(t, files)
      assert.equal((await program.edit({ 'a.mjs': text(2, code) })).event, 'failed')
      assert.equal(await program.ask('read()'), 1)
      assert.equal((await program.edit({ 'a.mjs': text(3) })).event, 'updated')
      assert.equal(await program.ask('read()'), 3)
    })
})
