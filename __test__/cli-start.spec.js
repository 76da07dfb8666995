'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { describe, test } = require('node:test')
const { makeFolder } = require('./support/files')
const { bin, hmr, start } = require('./support/process')

const project = (t, files) => makeFolder(t, { fixture: 'command', files })
const head = "const { createPersist, createRunner, hmr } = require('@upvotr/node-hmr')\n"
const good = `${head}module.exports = hmr(null, createRunner(() => console.log('it runs')))\n`

function onTerminal(t, dir, args) {
  const command = [process.execPath, bin, ...args].join(' ')
  return start(t, ['script', '-qec', command, '/dev/null'], { cwd: dir, stdio: ['pipe', 'pipe', 'pipe'] })
}

describe('"a failed first start on a terminal: the command waits for the save that mends it"', () => {
  const broken = {
    'a syntax error': 'const = 5\n',
    'an error': "throw new Error('at once')\n",
    'a runner that throws': `${head}module.exports = hmr(null, createRunner(() => { throw new Error('no') }))\n`,
    'a runner that rejects': `${head}module.exports = hmr(null, createRunner(() => Promise.reject(5), undefined, true))\n`
  }
  for (const [kind, text] of Object.entries(broken)) {
    test(kind, async (t) => {
      const { dir, file } = project(t, { 'bad.js': text })
      const run = onTerminal(t, dir, ['-f', 'bad.js'])
      await run.printed('bad.js: cannot be started')
      await run.printed('[hmr] waiting for a save of bad.js')
      fs.writeFileSync(file('bad.js'), `${text}\nthrow new Error('still')`)
      await run.printed('[hmr] waiting for a save of bad.js')
      fs.writeFileSync(file('bad.js'), good)
      await run.printed('it runs')
      fs.writeFileSync(file('bad.js'), good.replace('it runs', 'again it runs'))
      await run.printed('again it runs')
      run.child.stdin.write('\x03')
      assert.equal((await run.ended()).code, 130)
    })
  }

  test('a file that it requires, also one whose value is wrong, and one that is missing', async (t) => {
    const text = `require('./helper.js')(require('./lib/missing'))\n${good}`
    const { dir, file, write } = project(t, { 'bad.js': text, 'helper.js': 'const = 5' })
    const run = onTerminal(t, dir, ['-f', 'bad.js'])
    await run.printed('[hmr] waiting for a save of bad.js or helper.js')
    write('helper.js', 'module.exports = 5')
    await run.printed("Cannot find module './lib/missing'")
    await run.printed('[hmr] waiting for a save of bad.js')
    write('lib/missing.js', '')
    await run.printed('is not a function')
    await run.printed('[hmr] waiting for a save of bad.js')
    write('helper.js', 'module.exports = () => {}')
    await run.printed('it runs')
    fs.writeFileSync(file('bad.js'), good.replace('it runs', 'again it runs'))
    await run.printed('again it runs')
  })

  test('Ctrl-C ends it while it waits', async (t) => {
    const { dir } = project(t, { 'bad.js': 'const = 5' })
    const run = onTerminal(t, dir, ['-f', 'bad.js'])
    await run.printed('waiting for a save')
    run.child.stdin.write('\x03')
    assert.equal((await run.ended()).code, 130)
  })

  for (const option of ['--exit-on-error', '-n'])
    test(`not with ${option}`, async (t) => {
      const { dir } = project(t, { 'bad.js': 'const = 5' })
      const { code, stdout } = await onTerminal(t, dir, [option, '-f', 'bad.js']).ended()
      assert.equal(code, 1)
      assert.doesNotMatch(stdout, /waiting/)
    })
})

describe('one sentence, "naming file and way out"', () => {
  const fails = async (t, args, files) => {
    const { code, stdout, stderr } = await hmr(t, args, { cwd: project(t, files).dir }).ended()
    assert.deepEqual([code, stdout], [1, ''])
    return stderr
  }

  test('a missing file, and one whose name is nearly there', async (t) => {
    const stderr = await fails(t, ['-f', 'nowhere.js'])
    assert.match(
      stderr,
      /^\[hmr\] nowhere\.js: cannot be started\nError: Cannot find module '.*nowhere\.js': there is no such file in .*\n$/
    )
    assert.match(await fails(t, ['-f', 'servr.js']), /; did you mean server\.js\?\n$/)
    assert.match(await fails(t, ['-f', 'no/where.js']), /: there is no folder .*no; paths are relative to .*\n$/)
  })

  test('a folder', async (t) => {
    const stderr = await fails(t, ['-f', 'lib'], { 'lib/server.js': good })
    assert.match(
      stderr,
      /Cannot find module '.*lib': it is a folder without an index\.js; name the file in it to run\n$/
    )
  })

  for (const option of ['-w', '-r'])
    test(`a missing file of ${option}`, async (t) => {
      const stderr = await fails(t, [option, 'nowhere.js', '-f', 'server.js'])
      assert.match(stderr, /^\[hmr\] nowhere\.js: cannot be used\nError: Cannot find module '.*nowhere\.js': .*\n$/)
    })

  test('a module that is missing: who requires it is said once, and nothing of the command', async (t) => {
    const stderr = await fails(t, ['-f', 'bad.js'], {
      'bad.js': "require('./helper.js')",
      'helper.js': "require('./gone')"
    })
    assert.equal(stderr.match(/helper\.js\n/g).length, 1, stderr)
    assert.doesNotMatch(stderr, /requireStack|bin\/|node:internal/)
    assert.match(stderr, /^ {2}helper\.js:1:1\n/m)
  })

  for (const [kind, runner] of Object.entries({
    asynchronous: "createRunner(async () => { await createRuntime(require).import('./OTHER.js') }, undefined, true)",
    synchronous: "createRunner(() => { createRuntime(require).import('./OTHER.js') })"
  }))
    test(`a cycle of hot modules, ${kind}: who imports whom, and no stack that ends`, async (t) => {
      const text = (other) =>
        `const { createRunner, createRuntime, hmr } = require('@upvotr/node-hmr')
        module.exports = hmr(null, ${runner.replace('OTHER', other)})`
      const stderr = await fails(t, ['-f', 'one.js'], { 'one.js': text('two'), 'two.js': text('one') })
      assert.match(
        stderr,
        /^Error: \.\/(one|two)\.js imports \.\/(one|two)\.js imports \.\/\1\.js: .*without end\. Import one/m
      )
      assert.doesNotMatch(stderr, /Maximum call stack/)
    })

  test('`Unexpected end of input` has a frame: the last line', async (t) => {
    const stderr = await fails(t, ['-f', 'bad.js'], { 'bad.js': 'function a() {\n  return 1\n\n' })
    assert.match(stderr, /^ {2}bad\.js:2:11\n {4}1 \| function a\(\) \{\n {2}> 2 \| {3}return 1\n {6}\| {11}\^$/m)
    assert.match(stderr, /^SyntaxError: Unexpected end of input$/m)
  })

  for (const jiti of ['jiti', 'jiti-1'])
    test(`a parse error of ${jiti} frames the file that does not parse`, async (t) => {
      const loader = `
        const jiti = require(${JSON.stringify(require.resolve(jiti))})(__filename)
        module.exports = (file) => jiti(file).default`
      const files = { 'loader.js': loader, 'main.ts': '\nconst a: number = = 5\n' }
      const stderr = await fails(t, ['-r', 'loader.js', '-f', 'main.ts'], files)
      assert.match(stderr, /^ {2}main\.ts:2:18\n {4}1 \| \n {2}> 2 \| const a: number = = 5$/m)
    })
})

describe('-l "says at the start what runs and that saves are taken"', () => {
  test('one line', async (t) => {
    const run = hmr(t, ['-lf', 'server.js'], { cwd: project(t).dir })
    await run.printed(/^version one runs\n\d\d:\d\d:\d\d \[hmr\] server\.js runs; its saves are taken\n/)
  })

  test('with -n that they are not', async (t) => {
    const { stdout } = await hmr(t, ['-nlf', 'server.js'], { cwd: project(t).dir }).ended()
    assert.match(stdout, /\[hmr\] server\.js runs; saves are not taken \(--noWatch\)\n$/)
  })
})
