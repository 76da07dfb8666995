'use strict'

// `{ dependencies: true }`: with the option, without it, and what is printed.

const { createRequire } = require('node:module')
const path = require('node:path')
const { describe, it } = require('node:test')
const {
  assert,
  captureConsole,
  createRuntime,
  FSWatcher,
  HMRRuntime,
  ManualWatcher,
  nextUpdate,
  scenario,
  turn,
  updatesOf
} = require('./support')
const { following, text } = require('./support/following')
const { makeProject } = require('./support/project')

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
    for (const options of [1, 'yes', { dependencies: { ignored: 7 } }]) {
      assert.throws(() => createRuntime(it.require, false, options), { name: 'TypeError', code: 'ERR_HMR_ARGUMENT' })
      assert.throws(() => new HMRRuntime(false, it.require, options), { code: 'ERR_HMR_ARGUMENT' })
    }
    assert.throws(() => createRuntime(it.require, false, { dependencies: { ignored: [1] } }), /dependencies\.ignored/)
  })

  // [node-hmr 17]
  it('is "taken by truthiness, never refused"', async (t) => {
    const it = scenario(t, 'dependencies')
    for (const [dependencies, follows] of [
      [1, true],
      ['yes', true],
      [0, false],
      ['', false],
      [NaN, false]
    ]) {
      const runtime = createRuntime(it.require, new ManualWatcher(), { dependencies })
      await runtime.import('./a.js')
      assert.equal(runtime.dependencies('./a.js').length > 0, follows, String(dependencies))
      runtime.closeAll()
    }
  })

  it('has paths in `ignored` that are those of the folder that the runtime is made in', async (t) => {
    const it = scenario(t, 'dependencies')
    const start = process.cwd()
    t.after(() => process.chdir(start))
    process.chdir(it.dir)
    const runtime = createRuntime(it.require, new ManualWatcher(), { dependencies: { ignored: ['./gone/../lib'] } })
    t.after(() => runtime.closeAll())
    process.chdir(start)
    await runtime.import('./a.js')
    assert.deepEqual(
      runtime
        .dependencies('./a.js')
        .map((file) => path.relative(it.dir, file))
        .sort(),
      ['count.js', 'hot.js']
    )
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

  it('has an `ignored` that may require what a module would require later', async (t) => {
    const it = makeProject(t)
    it.write('package.json', '{}')
    it.write('x.js', '')
    it.write('y.js', "exports.text = 'y'")
    it.write(
      'hot.js',
      `const { createRunner, hmr } = require('@upvotr/node-hmr')
       module.later = () => require('./y.js').text
       module.exports = hmr(null, createRunner(() => ({ later: module.later })))`
    )
    const [file, x, y] = ['hot.js', 'x.js', 'y.js'].map((name) => path.join(it.folder, name))
    const require = createRequire(path.join(it.folder, 'main.js'))
    const asked = []
    const ignored = (dependency) => {
      asked.push(dependency)
      if (dependency === x && asked.length === 1) require.cache[file].later()
      return false
    }
    const watcher = new ManualWatcher()
    const runtime = createRuntime(require, watcher, { dependencies: { ignored } })
    t.after(() => runtime.closeAll())
    const hot = await runtime.import('./hot.js')
    it.edit('hot.js', 'module.later =', "require('./x.js'); module.later =")
    const tell = async (id) => {
      const updated = nextUpdate(runtime, './hot.js')
      watcher.tell(id)
      await updated
    }
    await tell('./hot.js')
    assert.equal(asked[0], x)
    assert.deepEqual(runtime.dependencies('./hot.js').sort(), [x, y])
    assert.deepEqual(watcher.watched.filter((id) => id !== './hot.js').sort(), [x, y])
    it.edit('y.js', "'y'", "'new'")
    await tell(y)
    assert.equal(hot.exports.later(), 'new')
  })

  it('has an `ignored` that may require a file afresh whenever it is asked', async (t) => {
    const it = makeProject(t)
    it.write('package.json', '{}')
    for (const name of ['skipped.js', 'too.js', 'list.js']) it.write(name, "module.exports = ['skipped.js']")
    it.write(
      'hot.js',
      `const { createRunner, hmr } = require('@upvotr/node-hmr')
       require('./skipped.js')
       require('./too.js')
       module.list = () => {
         delete require.cache[require.resolve('./list.js')]
         return require('./list.js')
       }
       module.exports = hmr(null, createRunner(() => 1))`
    )
    const [file, ...followed] = ['hot.js', 'list.js', 'too.js'].map((name) => path.join(it.folder, name))
    const require = createRequire(path.join(it.folder, 'main.js'))
    let asked = 0
    const ignored = (dependency) => {
      // Ends a test that would not end.
      if (++asked > 1000) throw new Error('asked for ever')
      return require.cache[file].list().includes(path.basename(dependency))
    }
    const watcher = new ManualWatcher()
    const runtime = createRuntime(require, watcher, { dependencies: { ignored } })
    t.after(() => runtime.closeAll())
    await runtime.import('./hot.js')
    assert.deepEqual(runtime.dependencies('./hot.js').sort(), followed)
    const updated = nextUpdate(runtime, './hot.js')
    watcher.tell('./hot.js')
    await updated
    assert.deepEqual(runtime.dependencies('./hot.js').sort(), followed)
    assert.ok(asked < 100, `asked ${asked} times`)
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

describe('`followDependencies`', () => {
  const follows = async (t, options) => {
    const { require } = scenario(t, 'dependencies')
    const runtime = createRuntime(require, new ManualWatcher(), options)
    t.after(() => runtime.closeAll())
    await runtime.import('./a.js')
    return runtime.dependencies('./a.js').length > 0
  }

  it('says whether runtimes follow that do not say so themselves', async (t) => {
    t.after(() => HMRRuntime.followDependencies(false))
    HMRRuntime.followDependencies(true)
    for (const options of [undefined, null, {}, { dependencies: undefined }, { dependencies: true }])
      assert.equal(await follows(t, options), true)
    assert.equal(await follows(t, { dependencies: false }), false)
    HMRRuntime.followDependencies(false)
    assert.equal(await follows(t, {}), false)
    assert.equal(await follows(t, { dependencies: {} }), true)
  })

  it('is asked when a runtime is made', async (t) => {
    t.after(() => HMRRuntime.followDependencies(false))
    const { require } = scenario(t, 'dependencies')
    const before = new HMRRuntime(new ManualWatcher(), require)
    HMRRuntime.followDependencies(true)
    const between = new HMRRuntime(new ManualWatcher(), require)
    HMRRuntime.followDependencies(false)
    for (const [runtime, count] of [
      [before, 0],
      [between, 5]
    ]) {
      t.after(() => runtime.closeAll())
      await runtime.import('./a.js')
      assert.equal(runtime.dependencies('./a.js').length, count)
    }
  })
})

describe('hmr --dependencies', () => {
  const hot = (read) => `
    const { createRunner, createRuntime, hmr } = require('@upvotr/node-hmr')
    const text = require('./helper.js')
    module.exports = hmr(null, createRunner(${read}, undefined, true))`
  const project = (t) => {
    const made = makeProject(t)
    made.write('package.json', '{}')
    made.write('helper.js', "module.exports = 'one'")
    return made
  }

  it('follows, and without it does not', async (t) => {
    const it = project(t)
    it.write('main.js', hot("async () => console.log('running with ' + text)"))
    const run = it.hmr(['-l', '--dependencies', 'main.js'])
    await run.line('running with one')
    it.edit('helper.js', 'one', 'two')
    await run.line('running with two')
    await run.line('helper.js → main.js updated')

    const without = it.hmr(['-l', 'main.js'])
    await without.line('running with two')
    it.edit('helper.js', 'two', 'three')
    await without.line('dependencies: true')
    it.edit('main.js', 'running', 'still running')
    await without.line('still running with two')
  })

  for (const [options, isFollowed] of [
    ['', true],
    [', undefined, {}', true],
    [', new FSWatcher(require)', true],
    [', undefined, { dependencies: false }', false]
  ])
    it(`is for the program's own runtimes too: createRuntime(require${options})`, async (t) => {
      const it = project(t)
      it.write(
        'server.js',
        `const { createPersist, createRunner, createRuntime, FSWatcher, hmr } = require('@upvotr/node-hmr')
         module.exports = hmr(
           createPersist(() => ({ runtime: createRuntime(require${options}) })),
           createRunner(({ runtime }) => runtime.import('./route.js'), undefined, true)
         )`
      )
      it.write('route.js', hot("async () => console.log('first route with ' + text)"))
      const run = it.hmr(['-l', '--dependencies', '-f', 'server.js'])
      await run.line('first route with one')
      it.edit('helper.js', 'one', 'two')
      if (isFollowed) {
        await run.line('first route with two')
        await run.line('helper.js → ./route.js updated')
      } else {
        await run.line('dependencies: true')
        it.edit('route.js', 'first', 'second')
        await run.line('second route with one')
      }
    })
})
