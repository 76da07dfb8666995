// What `import.meta.hot` registers: by which version, for how long, and on whose behalf it is called.
const assert = require('node:assert/strict')
const { describe, test } = require('node:test')
const { runHot } = require('./support/hot')

// [hot 76]
test('"Present in every hot module": ES modules, CommonJS and TypeScript', async (t) => {
  const program = await runHot(
    t,
    {
      'main.ts': `import './a.mjs'; import './b.cjs'; import './c.ts'; import './d.mts'; import './e.cts'
        say('main ' + typeof import.meta.hot + ' ' + typeof module.hot)`,
      'a.mjs': 'say("a " + typeof import.meta.hot)',
      'b.cjs': 'say("b " + typeof module.hot + (module.hot === module.hot))',
      'c.ts': 'const x: number = 1; say("c " + typeof import.meta.hot); export {}',
      'd.mts': 'say("d " + typeof import.meta.hot)',
      'e.cts': 'say("e " + typeof module.hot)'
    },
    { entry: 'main.ts' }
  )
  assert.deepEqual(program.said, ['a object', 'b objecttrue', 'c object', 'd object', 'e object', 'main object object'])
})

// [hot 77]
test('"Registration is at run time": by a helper and a loop; it goes with its version, also when the next mentions no hot', async (t) => {
  const program = await runHot(t, {
    'main.mjs': 'import "./a.mjs"',
    'helper.mjs': 'export const take = (hot, callback) => { for (const name of ["accept"]) hot[name](callback) }',
    'a.mjs': 'import { take } from "./helper.mjs"; take(import.meta.hot, () => say("taken"))'
  })
  assert.equal((await program.edit({ 'a.mjs': 'say("2")' })).event, 'updated')
  assert.deepEqual(program.said, ['2', 'taken'])
  assert.equal((await program.edit({ 'a.mjs': 'say("3")' })).event, 'reloaded')
})

describe('accept', () => {
  // [hot 79]
  test('"also of modules it loads with `import()` or `require` later"', async (t) => {
    const esm = await runHot(t, {
      'main.mjs': `import.meta.hot.accept("./lazy.mjs", (module) => say("lazy " + module.n))
        globalThis.load = () => import("./lazy.mjs").then((module) => module.n)`,
      'lazy.mjs': 'export const n = 1'
    })
    assert.equal(await esm.ask('load()'), 1)
    await esm.edit({ 'lazy.mjs': 'export const n = 2' })
    assert.deepEqual(esm.said, ['lazy 2'])
    assert.equal(await esm.ask('load()'), 2)
    const cjs = await runHot(
      t,
      {
        'main.cjs': `module.hot.accept("./lazy.cjs", () => say("lazy " + require("./lazy.cjs").n))
          globalThis.load = () => require("./lazy.cjs").n`,
        'lazy.cjs': 'exports.n = 1'
      },
      { entry: 'main.cjs' }
    )
    assert.equal(await cjs.ask('load()'), 1)
    await cjs.edit({ 'lazy.cjs': 'exports.n = 2' })
    assert.deepEqual(cjs.said, ['lazy 2'])
  })

  // [hot 79]
  test('"by specifier as in an import": without an extension in TypeScript', async (t) => {
    const files = {
      'package.json': '{"type":"module"}',
      'main.ts':
        'import { n } from "./leaf"; globalThis.read = () => n; import.meta.hot?.accept("./leaf", (module) => say(`${module?.n}`))',
      'leaf.ts': 'export const n: number = 1'
    }
    const program = await runHot(t, files, { entry: 'main.ts' })
    await program.edit({ 'leaf.ts': 'export const n: number = 2' })
    assert.deepEqual(program.said, ['2'])
    assert.equal(await program.ask('read()'), 2)
  })

  // [hot 79]
  test('"once per update … in their places …", "Several registrations all count"', async (t) => {
    const program = await runHot(t, {
      'main.mjs': `import "./a.mjs"; import "./b.mjs"; const { hot } = import.meta
        hot.accept("./a.mjs", (module) => say("1 " + module.n))
        hot.accept(["./b.mjs", "./a.mjs"], (list) => say("2 " + list.map((module) => module?.n)))
        hot.accept("./b.mjs", (module) => say("3 " + module.n))`,
      'a.mjs': 'import { l } from "./leaf.mjs"; export const n = "a" + l',
      'b.mjs': 'import { l } from "./leaf.mjs"; export const n = "b" + l',
      'leaf.mjs': 'export const l = 1'
    })
    await program.edit({ 'leaf.mjs': 'export const l = 2' })
    assert.deepEqual(program.said, ['1 a2', '2 b2,a2', '3 b2'])
    await program.edit({ 'a.mjs': 'export const n = "a3"' })
    assert.deepEqual(program.said, ['1 a3', '2 ,a3'])
  })

  // [hot 80]
  test('acceptExports: "otherwise the change goes on to the importers", a namespace uses any name; with a callback', async (t) => {
    const lib = (n) =>
      `export const x = ${n}, y = ${n}; import.meta.hot.acceptExports("x", (module) => say("took " + module.x))`
    const named = await runHot(t, {
      'main.mjs': 'import { x } from "./a.mjs"; globalThis.read = () => x',
      'a.mjs': lib(1)
    })
    assert.equal((await named.edit({ 'a.mjs': lib(2) })).event, 'updated')
    assert.deepEqual(named.said, ['took 2'])
    assert.equal(await named.ask('read()'), 2)
    const whole = await runHot(t, {
      'main.mjs': 'import * as a from "./a.mjs"; globalThis.read = () => a.x',
      'a.mjs': lib(1)
    })
    assert.equal((await whole.edit({ 'a.mjs': lib(2) })).event, 'reloaded')
  })
})

// [hot 91]
test('"In CommonJS also webpack’s" names, and the error handler gets the error and the two modules', async (t) => {
  const program = await runHot(
    t,
    {
      'main.cjs': `require("./a.cjs")
        module.hot.accept(["./a.cjs"], () => {}, (error, { moduleId, dependencyId }) => say([error.message, moduleId, dependencyId].join(" ")))`,
      'a.cjs':
        'const gone = () => say("gone"); module.hot.addDisposeHandler(gone); module.hot.removeDisposeHandler(gone)'
    },
    { entry: 'main.cjs' }
  )
  await program.edit({ 'a.cjs': 'throw new Error("no")' })
  assert.deepEqual(program.said, [`no ${program.path('main.cjs')} ${program.path('a.cjs')}`])
})

describe('dispose, prune and data', () => {
  // [hot 82]
  test('dispose: "once per version", one registered by another is called; one that hangs is left behind after 5 s', async (t) => {
    const program = await runHot(t, {
      'main.mjs': 'import "./a.mjs"',
      'a.mjs': `const { hot } = import.meta; hot.accept()
        hot.dispose(() => { say("first"); hot.dispose(() => say("added")) })
        hot.dispose(() => new Promise(() => {}))
        hot.dispose(() => say("last"))`
    })
    const told = await program.edit({ 'a.mjs': 'import.meta.hot.accept()' })
    assert.equal(told.event, 'updated')
    assert.ok(told.duration >= 4900)
    assert.deepEqual(program.said, ['last', 'first', 'added'])
    assert.match(program.out, /^\[hmr\] a\.mjs: a disposer has not settled within 5 s and is left behind$/m)
    await program.edit({ 'a.mjs': 'import.meta.hot.accept(); 2' })
    assert.deepEqual(program.said, [])
  })

  // [hot 83, 108]
  test('prune: "after dispose, `cb(data)`"; its data is dropped, and what it had started is released', async (t) => {
    const program = await runHot(t, {
      'main.mjs': 'import "./a.mjs"; import.meta.hot.accept()',
      'a.mjs': `import "./c.mjs"; const { hot } = import.meta; hot.data.z = 1
        setInterval(() => (globalThis.ticks = (globalThis.ticks ?? 0) + 1), 5)
        hot.dispose((data) => say("disposed " + data.z)); hot.prune(async (data) => say("pruned " + data.z))`,
      'c.mjs': 'import.meta.hot.prune(() => say("c pruned"))'
    })
    await program.edit({ 'main.mjs': 'import.meta.hot.accept(); 2' })
    assert.deepEqual(program.said, ['disposed 1', 'pruned 1', 'c pruned'])
    const later = () => program.ask('new Promise((resolve) => setTimeout(() => resolve(ticks), 50))')
    const ticks = await later()
    assert.equal(await later(), ticks)
    await program.edit({
      'a.mjs': 'say(JSON.stringify(import.meta.hot.data))',
      'main.mjs': 'import "./a.mjs"; import.meta.hot.accept()'
    })
    await program.hears('{}')
  })

  // [hot 84]
  test('data: "The same object all along, `{}` at first", through failures and reloads', async (t) => {
    const body = (more) => `const { hot } = import.meta; hot.accept(); globalThis.first ??= hot.data
      say(JSON.stringify(hot.data) + (globalThis.first === hot.data)); hot.data.n = (hot.data.n ?? 0) + 1; ${more}`
    const program = await runHot(t, { 'main.mjs': 'import "./a.mjs"', 'a.mjs': body('') })
    assert.deepEqual(program.said, ['{}true'])
    await program.edit({ 'a.mjs': body('throw new Error("no")') })
    assert.deepEqual(program.said, ['{"n":1}true'])
    await program.edit({ 'a.mjs': body('').replace('hot.accept()', '') })
    assert.deepEqual(program.said, ['{"n":2}true'])
    assert.equal((await program.edit({ 'a.mjs': body('3') })).event, 'reloaded')
    assert.deepEqual(program.said, ['{"n":3}true'])
  })
})

describe('invalidate', () => {
  // [hot 85, 89]
  test('a chain: each payload names the module with which it began', async (t) => {
    const program = await runHot(t, {
      'main.mjs': `import "./mid.mjs"; say("main"); import.meta.hot.accept()
        const name = (path) => path.split("/").pop()
        import.meta.hot.on("vite:invalidate", (it) => say([name(it.path), name(it.firstInvalidatedBy), it.message].join(" ")))`,
      'mid.mjs': 'import "./a.mjs"; import.meta.hot.accept(() => import.meta.hot.invalidate("not me"))',
      'a.mjs': 'import.meta.hot.accept(() => import.meta.hot.invalidate())'
    })
    program.said.length = 0
    await program.edit({ 'a.mjs': 'import.meta.hot.accept(() => import.meta.hot.invalidate()); 2' })
    await program.hears('main')
    assert.deepEqual(program.said, ['a.mjs a.mjs ', 'mid.mjs a.mjs not me', 'main'])
  })

  // [hot 85]
  test('twice by one version counts once; the next version may call it again', async (t) => {
    const program = await runHot(t, {
      'main.mjs': 'import "./a.mjs"; import.meta.hot.accept(); say("main")',
      'a.mjs': 'import.meta.hot.accept(); say("a"); globalThis.refuse = () => import.meta.hot.invalidate()'
    })
    program.said.length = 0
    await program.ask('void (refuse(), refuse())')
    await program.next()
    await program.ask('void refuse()')
    await program.next()
    assert.deepEqual(program.said, ['a', 'main', 'a', 'main'])
  })

  // [hot 85]
  test('"never loops": a version that calls it a moment later, as each before it did', async (t) => {
    const program = await runHot(t, {
      'main.mjs': 'import "./a.mjs"; import.meta.hot.accept()',
      'a.mjs': 'import.meta.hot.accept(); say("a"); setTimeout(() => import.meta.hot.invalidate(), 5)'
    })
    await program.until(() => program.out.includes('invalidate() is ignored'))
    assert.ok(program.said.length <= 4, program.state())
  })

  // [hot 85]
  test('of an entry it is a reload, which says so', async (t) => {
    const program = await runHot(t, {
      'main.mjs': 'import.meta.hot.accept(); globalThis.refuse = () => import.meta.hot.invalidate()'
    })
    await program.ask('void refuse()')
    assert.equal((await program.next()).event, 'reloaded')
    await program.until(() =>
      /main\.mjs reloaded in [\d.]+ ms \(1 module; main\.mjs called invalidate\(\)\)/.test(program.out)
    )
  })
})

describe('events', () => {
  // [hot 86, 89, 105, 110]
  test('"each with Vite’s payload": before and after an update it is the same, of errors the very error', async (t) => {
    const program = await runHot(t, {
      'main.mjs': `import "./a.mjs"
        const payloads = (globalThis.payloads ??= {})
        const note = (name) => import.meta.hot.on(name, (payload) => { payloads[name] = payload; say(name) })
        for (const name of ["vite:beforeUpdate", "vite:afterUpdate", "vite:error", "vite:beforeFullReload", "vite:beforePrune"]) note(name)`,
      'a.mjs': 'import "./old.mjs"; import.meta.hot.accept()',
      'old.mjs': ''
    })
    const text = 'say("runs"); import.meta.hot.accept()'
    await program.edit({ 'a.mjs': text })
    assert.deepEqual(program.said, ['vite:beforeUpdate', 'runs', 'vite:beforePrune', 'vite:afterUpdate'])
    assert.ok(await program.ask('payloads["vite:beforeUpdate"] === payloads["vite:afterUpdate"]'))
    const { type, updates } = await program.ask('payloads["vite:afterUpdate"]')
    assert.equal(type, 'update')
    assert.deepEqual(
      updates.map(({ timestamp, ...rest }) => ({ ...rest, timestamp: typeof timestamp })),
      [{ type: 'js-update', path: program.path('a.mjs'), acceptedPath: program.path('a.mjs'), timestamp: 'number' }]
    )
    assert.deepEqual(await program.ask('payloads["vite:beforePrune"]'), {
      type: 'prune',
      paths: [program.path('old.mjs')]
    })
    await program.edit({ 'a.mjs': 'throw Object.assign(new TypeError("no"), { x: 1 })' })
    assert.equal(await program.ask('payloads["vite:error"].err.x'), 1)
    await program.edit({ 'a.mjs': 'import.meta.hot' })
    await program.edit({ 'a.mjs': '3' })
    assert.deepEqual(await program.ask('payloads["vite:beforeFullReload"]'), {
      type: 'full-reload',
      path: program.path('main.mjs'),
      triggeredBy: program.path('a.mjs')
    })
  })

  // [hot 87, 158]
  test('send: "to the listeners of `hot.on` in the same process, and to `updates`"', async (t) => {
    const program = await runHot(t, {
      'main.mjs':
        'import.meta.hot.on("my", (data) => say("heard " + data)); import "./a.mjs"; globalThis.tell = () => import.meta.hot.send("my", 5)',
      'a.mjs': ''
    })
    await program.ask('tell()')
    await program.hears('heard 5')
    const [{ event, data }] = program.events
    assert.deepEqual([event, data], ['my', 5])
  })
})

// [hot 88]
test('watch: a change right after the call is seen; a callback that fails is reported, and goes with its version', async (t) => {
  const program = await runHot(t, {
    'main.mjs': 'import "./a.mjs"',
    'a.mjs': `import fs from "node:fs"
      import.meta.hot.accept()
      import.meta.hot.watch("x.sql", (path) => { say(path); throw new Error("in watch") })
      fs.writeFileSync(new URL("./x.sql", import.meta.url), "changed at once")`,
    'x.sql': '1'
  })
  await program.hears(program.path('x.sql'))
  await program.until(() => /a\.mjs: a callback of watch failed/.test(program.out))
  await program.edit({ 'a.mjs': 'import.meta.hot.accept(); import.meta.hot.watch("y.sql", () => say("y"))' })
  program.write('x.sql', 'not heard')
  program.write('y.sql', 'heard')
  await program.hears('y')
  assert.deepEqual(program.said, ['y'])
})

// [hot 92]
test('"An accept callback or a disposer of a module may import anything without deadlock"', async (t) => {
  const program = await runHot(t, {
    'main.mjs': 'import "./a.mjs"',
    'a.mjs': `const { hot } = import.meta; export const n = 1
      hot.dispose(async () => { say("old " + (await import("./a.mjs")).n); await import("./c.mjs") })
      hot.accept(async (module) => { say("same " + ((await import("./a.mjs")) === module)); await import("./main.mjs"); say("done") })`,
    'c.mjs': 'say("c")'
  })
  await program.edit({ 'a.mjs': 'export const n = 2; import.meta.hot.accept()' })
  assert.deepEqual(program.said, ['old 1', 'c', 'same true', 'done'])
})

// [hot 93]
test('"What a version of a module started itself is released", also in its callbacks', async (t) => {
  const now = (name) => `globalThis.ticks = { ...globalThis.ticks, "${name}": performance.now() }`
  // The first one at once: it may be released before its interval fires.
  const tick = (name) => `${now(name)}; setInterval(() => { ${now(name)} }, 5)`
  const program = await runHot(t, {
    'main.mjs': 'import "./a.mjs"',
    'a.mjs': `import.meta.hot.accept(() => { ${tick('accept')} }); import.meta.hot.on("vite:beforeUpdate", () => { ${tick('listener')} })`
  })
  await program.edit({ 'a.mjs': 'import.meta.hot.accept(); 2' })
  await program.edit({ 'a.mjs': 'import.meta.hot.accept(); 3' })
  const later = () => program.ask('new Promise((resolve) => setTimeout(() => resolve(JSON.stringify(ticks)), 50))')
  const ticks = await later()
  assert.deepEqual(Object.keys(JSON.parse(ticks)), ['listener', 'accept'])
  assert.equal(await later(), ticks)
})
