// The members of `import.meta.hot` in hot programs.
const assert = require('node:assert/strict')
const { describe, test } = require('node:test')
const { runHot } = require('./support/hot')

test('"Bad arguments are a TypeError that names the method"; assigning to hot.data throws', async (t) => {
  const calls = [
    'accept(1)',
    'accept("./a", 1)',
    'accept([1])',
    'acceptExports()',
    'acceptExports(["x"], 1)',
    'dispose()',
    'prune(1)',
    'on("x")',
    'on(1, () => {})',
    'off("x")',
    'send()',
    'watch()',
    'watch("x", 1)',
    'watch(["x", 1])',
    'invalidate(1)'
  ]
  const program = await runHot(t, {
    'main.mjs': `globalThis.attempt = (code) => {
        try { (0, eval)("(hot) => hot." + code)(import.meta.hot) } catch (error) { return error.name + " " + error.message }
      }
      globalThis.members = Object.keys(import.meta.hot)`
  })
  for (const call of calls) {
    const method = call.slice(0, call.indexOf('('))
    const answer = await program.ask(`attempt(${JSON.stringify(call)})`)
    assert.match(answer, new RegExp(`^TypeError import\\.meta\\.hot\\.${method}: `), call)
  }
  assert.match(await program.ask('attempt("data = {}")'), /^TypeError .*hot\.data/)
  assert.deepEqual(await program.ask('members.sort()'), [
    'accept',
    'acceptExports',
    'data',
    'decline',
    'dispose',
    'invalidate',
    'off',
    'on',
    'prune',
    'send',
    'watch'
  ])
})

test('acceptExports: as long as its importers use only those names', async (t) => {
  const body = (n) => `say("lib ${n}"); export const a = ${n}, b = ${n}; import.meta.hot.acceptExports(["a"])`
  const main = (names) => `import { ${names} } from "./lib.mjs"; globalThis.read = () => a; import.meta.hot.accept()`
  const program = await runHot(t, { 'main.mjs': main('a'), 'lib.mjs': body(1) })
  const first = await program.edit({ 'lib.mjs': body(2) })
  assert.deepEqual(first.acceptors, [program.path('lib.mjs')])
  await program.edit({ 'main.mjs': main('a, b') })
  const second = await program.edit({ 'lib.mjs': body(3) })
  assert.deepEqual(second.acceptors, [program.path('main.mjs')])
})

describe('invalidate', () => {
  test('in an accept callback: the change goes on to the importers', async (t) => {
    const body = (n) => `export const n = ${n}; import.meta.hot.accept(async () => { await import.meta.hot.invalidate("no") })`
    const program = await runHot(t, {
      'main.mjs': 'import { n } from "./a.mjs"; say("main " + n); import.meta.hot.accept(); import.meta.hot.on("vite:invalidate", ({ path, message }) => say(message + " " + path.endsWith("a.mjs")))',
      'a.mjs': body(1)
    })
    await program.edit({ 'a.mjs': body(2) })
    await program.hears('main 2')
    assert.ok(program.said.includes('no true'), program.state())
    const { acceptors } = await program.next()
    assert.deepEqual(acceptors, [program.path('main.mjs')])
  })

  test('later: the module counts as changed and cannot take it itself; at top level it never loops', async (t) => {
    const program = await runHot(t, {
      'main.mjs': 'import "./a.mjs"; say("main"); import.meta.hot.accept()',
      'a.mjs': 'say("a"); import.meta.hot.accept(); globalThis.refuse = () => import.meta.hot.invalidate(); if (globalThis.always) import.meta.hot.invalidate()'
    })
    program.said.length = 0
    await program.ask('void refuse()')
    await program.next()
    assert.deepEqual(program.said, ['a', 'main'])
    await program.ask('void (globalThis.always = true)')
    await program.edit({ 'a.mjs': 'say("a2"); import.meta.hot.accept(); import.meta.hot.invalidate()' })
    await program.next()
    await program.until(() => program.out.includes('invalidate() is ignored'))
    assert.deepEqual(program.said, ['a2', 'a2', 'main'])
  })
})

describe('events', () => {
  test('before and after an update, with absolute paths; listeners go with their version', async (t) => {
    const body = (n) => `import.meta.hot.accept()
      import.meta.hot.on("vite:beforeUpdate", async ({ type, updates: [{ path, acceptedPath, timestamp }] }) => {
        await null; say("before ${n} " + [type, path === acceptedPath, typeof timestamp])
      })
      import.meta.hot.on("vite:afterUpdate", () => say("after ${n}"))
      say("runs ${n}")`
    const program = await runHot(t, { 'main.mjs': body(1) })
    await program.edit({ 'main.mjs': body(2) })
    assert.deepEqual(program.said, ['before 1 update,true,number', 'runs 2', 'after 2'])
    await program.edit({ 'main.mjs': 'say("runs 3"); import.meta.hot.accept()' })
    assert.deepEqual(program.said, ['before 2 update,true,number', 'runs 3'])
    await program.edit({ 'main.mjs': 'say("runs 4"); import.meta.hot.accept()' })
    assert.deepEqual(program.said, ['runs 4'])
  })

  test('send reaches listeners and `updates`; off ends one', async (t) => {
    const program = await runHot(t, {
      'main.mjs': `const { hot } = import.meta
        const listener = (data) => say("heard " + data.n)
        hot.on("my:event", listener)
        hot.send("my:event", { n: 1 })
        hot.off("my:event", listener)
        hot.send("my:event", { n: 2 })`
    })
    assert.deepEqual(program.said, ['heard 1'])
    assert.deepEqual(
      program.events.map(({ event, data }) => [event, data.n]),
      [
        ['my:event', 1],
        ['my:event', 2]
      ]
    )
  })

  test('vite:error and vite:beforeFullReload', async (t) => {
    const program = await runHot(t, {
      'main.mjs': 'import "./a.mjs"; import.meta.hot.on("vite:error", ({ err }) => say(err.message)); import.meta.hot.on("vite:beforeFullReload", ({ path, triggeredBy }) => say("reload " + path.endsWith("main.mjs") + triggeredBy.endsWith("a.mjs")))',
      'a.mjs': ''
    })
    await program.edit({ 'a.mjs': 'throw new Error("broken")' })
    assert.deepEqual(program.said, ['reload truetrue', 'broken'])
  })
})

describe('watch', () => {
  test('a change counts as one of the module, or calls the callback with the absolute path', async (t) => {
    const program = await runHot(t, {
      'main.mjs': 'import "./a.mjs"; import "./b.mjs"',
      'a.mjs': 'say("a"); import.meta.hot.accept(); import.meta.hot.watch("./query.sql")',
      'b.mjs': 'import.meta.hot.watch([new URL("./one.txt", import.meta.url), "views", "*.graphql"], (path) => say(path))',
      'query.sql': '1',
      'one.txt': '1',
      'views/deep/x.html': '1',
      'x.graphql': '1'
    })
    const told = await program.edit({ 'query.sql': '2' })
    assert.deepEqual(told.modules, [program.path('a.mjs')])
    assert.deepEqual(told.files, [program.path('query.sql')])
    for (const file of ['one.txt', 'views/deep/x.html', 'views/new.html', 'x.graphql', 'y.graphql']) {
      program.write(file, '22')
      await program.hears(program.path(file))
    }
  })
})

test('an unchanged file is no change, and the first of two saves that follow each other is taken at once', async (t) => {
  const program = await runHot(t, { 'main.mjs': 'say("1"); import.meta.hot.accept()' })
  program.write('main.mjs', 'say("1"); import.meta.hot.accept()')
  await program.edit({ 'main.mjs': 'say("2"); import.meta.hot.accept()' })
  assert.equal(program.events.length, 1)
  assert.deepEqual(program.said, ['2'])
})

test('old versions can be collected', async (t) => {
  const program = await runHot(t, {
    'main.mjs': 'import "./a.mjs"; globalThis.refs = []',
    'a.mjs': ''
  })
  const body = (n) => `const big = { n: ${n} }
    globalThis.refs.push(new WeakRef(big))
    const { hot } = import.meta
    hot.accept(() => big); hot.dispose(() => big); hot.prune(() => big); hot.on("x", () => big)
    export const read = () => big`
  for (let n = 1; n <= 20; n++) await program.edit({ 'a.mjs': body(n) })
  await program.ask('process.getBuiltinModule("node:v8").setFlagsFromString("--expose-gc"), void (globalThis.gc = process.getBuiltinModule("node:vm").runInNewContext("gc"))')
  const alive = () => program.ask('new Promise((resolve) => setTimeout(() => { gc(); setTimeout(() => { gc(); resolve(refs.filter((ref) => ref.deref()).length) }, 10) }, 10))')
  assert.ok((await alive()) <= 3, `${await alive()} of 20 versions are alive`)
})
