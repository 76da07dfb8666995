'use strict'

// `{ dependencies: true }`: what a hot module requires plainly is followed.

const fs = require('node:fs')
const { createRequire } = require('node:module')
const path = require('node:path')
const { describe, it } = require('node:test')
const {
  assert,
  captureConsole,
  createRuntime,
  deferred,
  edit,
  FSWatcher,
  HMRRuntime,
  ManualWatcher,
  nextUpdate,
  root,
  scenario,
  turn,
  updatesOf
} = require('./support')
const { makeProject } = require('./support/project')

/** The scenario `dependencies` with a runtime that follows, and a watcher whose events the test makes. */
function following(t, ...options) {
  const it = scenario(t, 'dependencies')
  // The support code of the fixture is no part of what is tested.
  const isOwn = (file) => /(count|hot|runtime)\.js$/.test(file)
  const given = options.length === 0 ? { dependencies: { ignored: isOwn } } : options[0]
  const watcher = new ManualWatcher()
  const runtime = createRuntime(it.require, watcher, given)
  const { evaluated, steps } = it.require('./count.js')
  t.after(() => runtime.closeAll())
  const names = (files) => files.map((file) => path.relative(it.dir, file).replaceAll('\\', '/')).sort()
  return {
    ...it,
    watcher,
    runtime,
    /** What was evaluated, and what ran, since the last call. */
    evaluated: () => evaluated.splice(0),
    steps: () => steps.splice(0),
    /** Writes a file and tells of it, by its path. */
    save(name, text) {
      it.edit(name, text)
      watcher.tell(it.file(name))
    },
    follows: (id) => names(runtime.dependencies(id)),
    watches: () => names(watcher.watched.filter((id) => path.isAbsolute(id)))
  }
}

const text = (value) => `require('../count.js').count(module)\nexports.text = ${JSON.stringify(value)}\n`

describe('without the option', () => {
  for (const options of [undefined, null, {}, { dependencies: false }, { dependencies: undefined }]) {
    it(`nothing is followed: ${JSON.stringify(options)}`, async (t) => {
      const it = following(t, options)
      const { exports } = await it.runtime.import('./a.js')
      assert.deepEqual(it.watcher.watched, ['./a.js'])
      assert.deepEqual(it.runtime.dependencies('./a.js'), [])
      assert.ok(!Object.hasOwn(it.require.cache[it.file('a.js')], 'require'))
      const ids = updatesOf(it.runtime)
      it.evaluated()
      it.save('lib/leaf.js', text('new'))
      it.watcher.tell('./a.js')
      await turn()
      assert.deepEqual(ids, ['./a.js'])
      assert.deepEqual(it.evaluated(), ['a'])
      assert.equal(exports.read(), 'a: leaf data')
    })
  }
})

describe('the option', () => {
  it('is taken by both ways to a runtime', async (t) => {
    const it = scenario(t, 'dependencies')
    for (const runtime of [
      createRuntime(it.require, new ManualWatcher(), { dependencies: true }),
      new createRuntime(it.require, new ManualWatcher(), { dependencies: {} }),
      new HMRRuntime(new ManualWatcher(), it.require, { dependencies: true })
    ]) {
      await runtime.import('./a.js')
      assert.ok(runtime.dependencies('./a.js').includes(it.file('lib/leaf.js')))
      runtime.closeAll()
    }
  })

  it('is refused where it makes no sense', (t) => {
    const it = scenario(t, 'dependencies')
    for (const options of [1, 'yes', { dependencies: 1 }, { dependencies: 'lib' }, { dependencies: { ignored: 7 } }]) {
      assert.throws(() => createRuntime(it.require, false, options), { name: 'TypeError', code: 'ERR_HMR_ARGUMENT' })
      assert.throws(() => new HMRRuntime(false, it.require, options), { code: 'ERR_HMR_ARGUMENT' })
    }
    assert.throws(() => createRuntime(it.require, false, { dependencies: { ignored: [1] } }), /dependencies\.ignored/)
  })

  for (const [kind, ignored] of [
    ['a function', () => (file) => file.includes('mid-')],
    ['an expression', () => /mid-/g],
    ['a list', ({ dir }) => [path.join(dir, 'lib')]]
  ]) {
    it(`leaves alone what \`ignored\` names, and what is only reached through it: ${kind}`, async (t) => {
      const { dir } = scenario(t, 'dependencies')
      const require = createRequire(path.join(dir, 'main.js'))
      const watcher = new ManualWatcher()
      const runtime = createRuntime(require, watcher, { dependencies: { ignored: ignored({ dir }) } })
      await runtime.import('./a.js')
      const followed = runtime.dependencies('./a.js').map((file) => path.relative(dir, file))
      assert.deepEqual(followed.sort(), ['count.js', 'hot.js'])
      runtime.closeAll()
    })
  }
})

describe('what is followed', () => {
  it('is what is reached by plain requires, data included, and is watched by its resolved path', async (t) => {
    const it = following(t)
    await it.runtime.import('./a.js')
    assert.deepEqual(it.follows('./a.js'), ['lib/data.json', 'lib/leaf.js', 'lib/mid-a.js'])
    assert.deepEqual(it.watches(), it.follows('./a.js'))
    assert.deepEqual(it.watcher.watched[0], './a.js')
    assert.deepEqual(it.runtime.dependencies('./unknown.js'), [])
    assert.throws(() => it.runtime.dependencies(1), { code: 'ERR_HMR_ARGUMENT' })
  })

  it('may go in circles', async (t) => {
    const it = following(t)
    const object = await it.runtime.import('./cycle.js')
    assert.deepEqual(it.follows('./cycle.js'), ['lib/about.js', 'lib/round.js'])
    it.save('lib/round.js', "exports.text = 'again'\nrequire('./about.js')")
    await nextUpdate(it.runtime, './cycle.js')
    assert.equal(object.exports.read(), 'again')
  })

  it('includes what a function requires later', async (t) => {
    const it = following(t)
    const object = await it.runtime.import('./a.js')
    const { later } = it.require('./lib/mid-a.js')
    assert.ok(!it.watches().includes('lib/later.js'))
    assert.equal(later(), 'later')
    assert.ok(it.watches().includes('lib/later.js'))
    it.evaluated()
    it.save('lib/later.js', text('much later'))
    await nextUpdate(it.runtime, './a.js')
    assert.deepEqual(it.evaluated(), ['a', 'mid-a'])
    assert.equal(it.require('./lib/mid-a.js').later(), 'much later')
    assert.equal(object.exports.read(), 'a: leaf data')
  })

  it('includes what a runner requires, and what it requires after a pause', async (t) => {
    const it = following(t)
    it.edit(
      'a.js',
      `const { hmr, createRunner } = require('@upvotr/node-hmr')
       module.exports = hmr(null, createRunner(async () => {
         require('./lib/leaf.js')
         await null
         return require('./lib/later.js').text
       }, undefined, true))`
    )
    const object = await it.runtime.import('./a.js')
    assert.deepEqual(it.watches(), ['lib/later.js', 'lib/leaf.js'])
    it.save('lib/later.js', text('then'))
    await nextUpdate(it.runtime, './a.js')
    assert.equal(object.exports, 'then')
  })

  it('stops at what an edit no longer requires', async (t) => {
    const it = following(t)
    const object = await it.runtime.import('./a.js')
    it.save('lib/mid-a.js', "exports.text = 'alone'")
    await nextUpdate(it.runtime, './a.js')
    assert.equal(object.exports.read(), 'alone')
    assert.deepEqual(it.follows('./a.js'), ['lib/mid-a.js'])
    assert.deepEqual(it.watches(), ['lib/mid-a.js'])
    const ids = updatesOf(it.runtime)
    it.save('lib/leaf.js', text('new'))
    it.save('lib/mid-a.js', "exports.text = 'marked'")
    await nextUpdate(it.runtime, './a.js')
    assert.deepEqual(ids, ['./a.js'])
  })

  it('stops at builtins, packages and build output', async (t) => {
    const it = following(t)
    it.edit('node_modules/thing/index.js', "module.exports = require('../../lib/leaf.js')")
    it.edit('.next/page.js', 'module.exports = 1')
    it.edit('lib/mid-a.js', "require('thing'); require('../.next/page.js'); exports.text = require('fs') && 'x'")
    await it.runtime.import('./a.js')
    assert.deepEqual(it.follows('./a.js'), ['lib/mid-a.js'])
  })

  it('stops at other hot modules, of any runtime', async (t) => {
    const it = following(t)
    const other = createRuntime(it.require, new ManualWatcher(), { dependencies: true })
    await other.import('./lib/../b.js')
    it.edit('a.js', "require('./b.js'); require('./inner.js'); module.exports = require('./hot.js')('a', () => 1)")
    await it.runtime.import('./inner.js')
    await it.runtime.import('./a.js')
    assert.deepEqual(it.follows('./a.js'), [])
    other.closeAll()
  })

  it('stops at a module that becomes hot, and goes on when it is unimported', async (t) => {
    const it = following(t)
    it.edit('a.js', "require('./inner.js'); module.exports = require('./hot.js')('a', () => 1)")
    await it.runtime.import('./a.js')
    assert.deepEqual(it.follows('./a.js'), ['inner.js', 'lib/leaf.js'])
    await it.runtime.import('./inner.js')
    assert.deepEqual(it.follows('./a.js'), [])
    assert.deepEqual(it.watches(), ['lib/leaf.js'])
    // What it required of that is gone from the cache; with its next version it reaches it again.
    it.runtime.unimport('./inner.js')
    it.watcher.tell('./a.js')
    await nextUpdate(it.runtime, './a.js')
    assert.deepEqual(it.watches(), ['inner.js', 'lib/leaf.js'])
  })

  it('stops at the nearest package, but for linked workspace packages', async (t) => {
    const it = following(t)
    it.edit('outside.js', 'module.exports = 1')
    it.edit('packages/app/package.json', '{ "name": "app" }')
    it.edit('packages/util/package.json', '{ "name": "@repo/util", "main": "main.js" }')
    it.edit('packages/util/main.js', "require('./more.js'); require('../stray/index.js')")
    it.edit('packages/util/more.js', '')
    it.edit('packages/stray/package.json', '{ "name": "stray" }')
    it.edit('packages/stray/index.js', '')
    fs.mkdirSync(it.file('node_modules/@repo'))
    fs.symlinkSync(it.file('packages/util'), it.file('node_modules/@repo/util'), 'junction')
    it.edit(
      'packages/app/hot.js',
      `require('../../outside.js'); require('@repo/util'); require('./near.js')
       const { hmr, createRunner } = require('@upvotr/node-hmr')
       module.exports = hmr(null, createRunner(() => 1))`
    )
    it.edit('packages/app/near.js', '')
    await it.runtime.import('./packages/app/hot.js')
    assert.deepEqual(it.follows('./packages/app/hot.js'), [
      'packages/app/near.js',
      'packages/util/main.js',
      'packages/util/more.js'
    ])
  })

  it("stops at the folder of the runtime's require where no package is", async (t) => {
    const it = following(t)
    fs.rmSync(it.file('package.json'))
    it.edit('inside/near.js', '')
    it.edit(
      'inside/hot.js',
      `require('./near.js'); require('../lib/leaf.js')
       const { hmr, createRunner } = require('@upvotr/node-hmr')
       module.exports = hmr(null, createRunner(() => 1))`
    )
    const runtime = createRuntime(createRequire(it.file('inside/main.js')), false, { dependencies: true })
    await runtime.import('./hot.js')
    assert.deepEqual(runtime.dependencies('./hot.js'), [it.file('inside/near.js')])
  })

  it('never includes this package, however it is linked', async (t) => {
    const it = following(t, { dependencies: {} })
    await it.runtime.import('./a.js')
    assert.ok(fs.realpathSync(it.file('node_modules/@upvotr/node-hmr')) === fs.realpathSync(root))
    assert.ok(it.runtime.dependencies('./a.js').every((file) => file.startsWith(it.dir)))
  })

  it('is let go with its last user', async (t) => {
    const it = following(t)
    await Promise.all([it.runtime.import('./a.js'), it.runtime.import('./b.js')])
    it.runtime.unimport('./a.js')
    assert.deepEqual(it.watches(), ['lib/data.json', 'lib/leaf.js', 'lib/mid-b.js'])
    it.runtime.closeAll()
    assert.deepEqual(it.watcher.watched, [])
    assert.equal(it.watcher.listenerCount('update'), 0)
    await it.runtime.import('./b.js')
    assert.deepEqual(it.watches(), ['lib/data.json', 'lib/leaf.js', 'lib/mid-b.js'])
  })

  it('is let go when the first import fails', async (t) => {
    const it = following(t)
    it.edit(
      'a.js',
      `require('./lib/leaf.js')
       const { hmr, createRunner } = require('@upvotr/node-hmr')
       module.exports = hmr(null, createRunner(() => { throw new Error('no') }))`
    )
    await assert.rejects(it.runtime.import('./a.js'), /no/)
    assert.deepEqual(it.watcher.watched, [])
  })
})

describe('an update', () => {
  it('evaluates the changed dependency and what lies between, each once, and nothing else', async (t) => {
    const it = following(t)
    const [a, b] = await Promise.all([it.runtime.import('./a.js'), it.runtime.import('./b.js')])
    const count = it.require('./count.js')
    const data = it.require('./lib/data.json')
    it.evaluated()
    it.save('lib/leaf.js', text('new'))
    await turn()
    assert.deepEqual(it.evaluated(), ['a', 'mid-a', 'leaf', 'b', 'mid-b'])
    assert.equal(a.exports.read(), 'a: new data')
    assert.equal(b.exports.read(), 'b: new data')
    assert.equal(it.require('./count.js'), count)
    assert.equal(it.require('./lib/data.json'), data)
    assert.deepEqual(it.steps().slice(2), ['a', 'b'])

    const before = it.require('./lib/leaf.js')
    it.save('lib/mid-b.js', `require('../count.js').count(module)\nexports.text = require('./leaf.js').text`)
    await turn()
    assert.deepEqual(it.evaluated(), ['b', 'mid-b'])
    assert.equal(it.require('./lib/leaf.js'), before)
    assert.equal(b.exports.read(), 'new')
  })

  it('takes data files', async (t) => {
    const it = following(t)
    const { exports } = await it.runtime.import('./a.js')
    assert.equal(exports.read(), 'a: leaf data')
    const object = await it.runtime.import('./a.js')
    it.save('lib/data.json', '{ "text": "numbers" }')
    await nextUpdate(it.runtime, './a.js')
    assert.equal(object.exports.read(), 'a: leaf numbers')
  })

  it('is one for all that was told in one turn, the hot module included', async (t) => {
    const it = following(t)
    const a = await it.runtime.import('./a.js')
    it.evaluated()
    it.steps()
    const ids = updatesOf(it.runtime)
    it.edit('lib/leaf.js', text('both'))
    it.edit('lib/data.json', '{ "text": "of them" }')
    it.watcher.tell(it.file('lib/leaf.js'), it.file('lib/data.json'))
    it.watcher.tell('./a.js')
    await turn()
    assert.deepEqual(ids, ['./a.js'])
    assert.deepEqual(it.steps(), ['a'])
    assert.deepEqual(it.evaluated(), ['a', 'mid-a', 'leaf'])
    assert.equal(a.exports.read(), 'a: both of them')
  })

  it('evaluates once for two runtimes with one watcher', async (t) => {
    const it = following(t)
    const other = createRuntime(it.require, it.watcher, { dependencies: true })
    t.after(() => other.closeAll())
    const [a, b] = [await it.runtime.import('./a.js'), await other.import('./b.js')]
    it.evaluated()
    it.save('lib/leaf.js', text('shared'))
    await turn()
    assert.deepEqual(it.evaluated(), ['a', 'mid-a', 'leaf', 'b', 'mid-b'])
    assert.deepEqual([a.exports.read(), b.exports.read()], ['a: shared data', 'b: shared data'])
  })

  it('runs the modules that were imported deeper first', async (t) => {
    const it = following(t)
    it.require('./runtime.js')
    it.require.cache[it.file('runtime.js')].exports = { runtime: it.runtime }
    await it.runtime.import('./outer.js')
    it.steps()
    const ids = updatesOf(it.runtime)
    it.save('lib/leaf.js', text('new'))
    await nextUpdate(it.runtime, './outer.js')
    assert.deepEqual(ids, ['./inner.js', './outer.js'])
    // The third is the import in the runner of the outer one.
    assert.deepEqual(it.steps(), ['inner', 'outer', 'inner'])
  })

  it('waits for a module whose runner is busy, and spares what was loaded meanwhile', async (t) => {
    const it = following(t)
    const gate = deferred()
    it.edit(
      'a.js',
      `require('./count.js').count(module)
       const mid = require('./lib/mid-a.js')
       const { hmr, createRunner } = require('@upvotr/node-hmr')
       module.exports = hmr(null, createRunner(async () => {
         await require('./runtime.js').wait
         return mid.text
       }, undefined, true))`
    )
    const [a, b] = [await it.runtime.import('./a.js'), await it.runtime.import('./b.js')]
    it.require('./runtime.js').wait = gate.promise
    it.watcher.tell('./a.js')
    await turn()
    it.evaluated()
    it.save('lib/leaf.js', text('meanwhile'))
    await turn()
    assert.deepEqual(it.evaluated(), ['b', 'mid-b', 'leaf'])
    assert.equal(b.exports.read(), 'b: meanwhile data')
    gate.resolve()
    await nextUpdate(it.runtime, './a.js')
    await nextUpdate(it.runtime, './a.js')
    assert.equal(a.exports, 'a: meanwhile data')
    assert.deepEqual(it.evaluated(), ['a', 'mid-a'])
  })

  it('takes what was required in a way that was not noticed', async (t) => {
    const it = following(t)
    const a = await it.runtime.import('./a.js')
    const mid = it.require.cache[it.file('lib/mid-a.js')]
    Object.getPrototypeOf(mid).require.call(mid, './later.js')
    it.evaluated()
    it.save('lib/later.js', text('x'))
    await nextUpdate(it.runtime, './a.js')
    assert.deepEqual(it.evaluated(), ['a', 'mid-a'])
    assert.equal(a.exports.read(), 'a: leaf data')
  })
})

describe('a dependency that fails', () => {
  it('is reported once; every user keeps its last good version, and later requires find working code', async (t) => {
    const it = following(t)
    const printed = captureConsole(t)
    const [a, b] = await Promise.all([it.runtime.import('./a.js'), it.runtime.import('./b.js')])
    const leaf = it.require('./lib/leaf.js')
    const mid = it.require('./lib/mid-a.js')
    it.evaluated()
    it.save('lib/leaf.js', "require('../count.js').count(module)\nthrow new Error('broken leaf')")
    await turn()
    assert.equal(printed.of('error').length, 1)
    assert.match(printed.of('error')[0].text, /broken leaf/)
    assert.deepEqual(it.evaluated(), ['a', 'mid-a', 'leaf'])
    assert.deepEqual([a.exports.read(), b.exports.read()], ['a: leaf data', 'b: leaf data'])
    assert.equal(it.require('./lib/leaf.js'), leaf)
    assert.equal(it.require('./lib/mid-a.js'), mid)
    assert.equal(mid.later(), 'later')

    it.save('lib/leaf.js', text('mended'))
    await turn()
    assert.deepEqual([a.exports.read(), b.exports.read()], ['a: mended data', 'b: mended data'])
    assert.equal(printed.of('error').length, 1)
  })

  it('leaves those alone that do not use it', async (t) => {
    const it = following(t)
    const printed = captureConsole(t)
    const [a, b] = await Promise.all([it.runtime.import('./a.js'), it.runtime.import('./b.js')])
    it.edit('lib/mid-a.js', "throw new Error('broken mid')")
    it.edit('lib/leaf.js', text('fine'))
    it.watcher.tell(it.file('lib/mid-a.js'), it.file('lib/leaf.js'))
    await turn()
    assert.equal(printed.of('error').length, 1)
    assert.equal(a.exports.read(), 'a: leaf data')
    assert.equal(b.exports.read(), 'b: fine data')
    it.save('lib/mid-a.js', "exports.text = 'a: ' + require('./leaf.js').text")
    await turn()
    assert.equal(a.exports.read(), 'a: fine')
  })

  it('may be a new one', async (t) => {
    const it = following(t)
    const printed = captureConsole(t)
    const a = await it.runtime.import('./a.js')
    it.edit('lib/new.js', "throw new Error('not yet')")
    it.save('lib/mid-a.js', "exports.text = require('./new.js').text")
    await turn()
    assert.match(printed.of('error')[0].text, /not yet/)
    it.save('lib/new.js', text('now'))
    await turn()
    assert.equal(a.exports.read(), 'now')
    assert.deepEqual(it.watches(), ['lib/mid-a.js', 'lib/new.js'])
  })

  it('may be a data file that does not parse', async (t) => {
    const it = following(t)
    const printed = captureConsole(t)
    const a = await it.runtime.import('./a.js')
    it.edit('lib/more.json', '{')
    it.save('lib/mid-a.js', "exports.text = require('./more.json').text")
    await turn()
    assert.equal(printed.of('error').length, 1)
    it.save('lib/more.json', '{ "text": "parsed" }')
    await turn()
    assert.equal(a.exports.read(), 'parsed')
  })

  it('may be missing: it is tried again when the file appears', async (t) => {
    const it = following(t)
    const printed = captureConsole(t)
    const a = await it.runtime.import('./a.js')
    it.save('lib/mid-a.js', "exports.text = require('./missing').text")
    await turn()
    assert.match(printed.of('error')[0].text, /Cannot find module/)
    assert.equal(a.exports.read(), 'a: leaf data')
    it.save('lib/missing.js', text('found'))
    await turn()
    assert.equal(a.exports.read(), 'found')
    assert.deepEqual(it.watches(), ['lib/mid-a.js', 'lib/missing.js'])
  })
})

describe('with FSWatcher', () => {
  it('an edit of a helper, one that is required later and one that appears update the module', async (t) => {
    const it = scenario(t, 'dependencies')
    captureConsole(t)
    const runtime = createRuntime(it.require, undefined, { dependencies: true })
    t.after(() => runtime.closeAll())
    const a = await runtime.import('./a.js')
    it.edit('lib/leaf.js', text('saved'))
    await nextUpdate(runtime, './a.js')
    assert.equal(a.exports.read(), 'a: saved data')

    it.require('./lib/mid-a.js').later()
    it.edit('lib/later.js', text('also saved'))
    await nextUpdate(runtime, './a.js')
    assert.equal(it.require('./lib/mid-a.js').later(), 'also saved')

    const kept = new Promise((resolve) => {
      console.warn = (line) => /last good/.test(line) && resolve()
    })
    it.edit('lib/mid-a.js', "exports.text = require('./appears').text")
    await kept
    it.edit('lib/appears/index.js', "exports.text = 'appeared'")
    await nextUpdate(runtime, './a.js')
    assert.equal(a.exports.read(), 'appeared')
  })
})

describe('the log', () => {
  const logging = (t) => {
    HMRRuntime.setLogging(true)
    t.after(() => HMRRuntime.setLogging(false))
    return captureConsole(t)
  }

  it('names the path from the changed file to the hot module', async (t) => {
    const it = following(t)
    const printed = logging(t)
    const folder = process.cwd()
    process.chdir(it.dir)
    t.after(() => process.chdir(folder))
    await it.runtime.import('./a.js')
    it.save('lib/leaf.js', text('new'))
    await nextUpdate(it.runtime, './a.js')
    assert.equal(printed.of('log').length, 1)
    assert.match(printed.of('log')[0].text, /lib\/leaf\.js → lib\/mid-a\.js → \.\/a\.js updated/)
  })

  it('mentions, once, the option that would have followed an edit', async (t) => {
    const it = scenario(t, 'dependencies')
    const printed = logging(t)
    const runtime = createRuntime(it.require)
    t.after(() => runtime.closeAll())
    await runtime.import('./a.js')
    const mentioned = new Promise((resolve) => {
      const { log } = console
      console.log = (line) => {
        log(line)
        if (/dependencies: true/.test(line)) resolve(line)
      }
    })
    it.edit('lib/leaf.js', text('new'))
    assert.match(await mentioned, /leaf\.js/)
    it.edit('lib/leaf.js', text('newer'))
    it.edit('a.js', `${it.read('a.js')}\n// marked`)
    await nextUpdate(runtime, './a.js')
    assert.equal(printed.of('log').filter((line) => /dependencies: true/.test(line.text)).length, 1)
  })

  it('does not mention it with another watcher, nor with logging off', async (t) => {
    const it = scenario(t, 'dependencies')
    const own = new FSWatcher(it.require)
    const runtime = createRuntime(it.require, own)
    await runtime.import('./a.js')
    assert.match(require('node:util').inspect(own), /watching: \[ '\.\/a\.js' \]/)
    runtime.closeAll()
    logging(t)
    const manual = new ManualWatcher()
    const other = createRuntime(it.require, manual)
    await other.import('./b.js')
    assert.deepEqual(manual.watched, ['./b.js'])
    other.closeAll()
  })
})

describe('hmr --dependencies', () => {
  it('follows, and without it does not', async (t) => {
    const project = makeProject(t)
    project.write('package.json', '{}')
    project.write('helper.js', "module.exports = 'one'")
    project.write(
      'main.js',
      `const { hmr, createRunner } = require('@upvotr/node-hmr')
       const text = require('./helper.js')
       module.exports = hmr(null, createRunner(() => console.log('running with ' + text)))`
    )
    const run = project.hmr(['-l', '--dependencies', 'main.js'])
    await run.line('running with one')
    project.edit('helper.js', 'one', 'two')
    await run.line('running with two')
    await run.line('helper.js → main.js updated')
  })
})

// Kept out of the fixtures: a module below a folder that is made while it is watched.
it('follows a helper in a folder that is made later', async (t) => {
  const it = following(t)
  const a = await it.runtime.import('./a.js')
  edit(it.file('lib/deep/new.js'), "exports.text = 'deep'")
  it.save('lib/mid-a.js', "exports.text = require('./deep/new.js').text")
  await nextUpdate(it.runtime, './a.js')
  it.save('lib/deep/new.js', "exports.text = 'deeper'")
  await nextUpdate(it.runtime, './a.js')
  assert.equal(a.exports.read(), 'deeper')
})
