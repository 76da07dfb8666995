'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { describe, test } = require('node:test')
const { makeFolder } = require('./support/files')
const { bin, hmr, start } = require('./support/process')

const project = (t, files) => makeFolder(t, { fixture: 'command', files })

/** A running `hmr -f server.js`, and what saves its next version. */
async function running(t, { args = ['-l'], env, files, prefix } = {}) {
  const { dir, file, write } = project(t, files)
  const good = fs.readFileSync(file('server.js'), 'utf8')
  const command = [process.execPath, ...(prefix ?? []), bin, ...args, '-f', 'server.js']
  const run = start(t, command, { cwd: dir, env })
  await run.printed('version one runs')
  return {
    dir,
    file,
    write,
    run,
    save: (text) => fs.writeFileSync(file('server.js'), text),
    /** A good version that says so. */
    version: (word) => good.replace('one', word),
    /** A version whose runner does this, from line 10 of the file. */
    doing: (code) => good.replace("() => console.log('version one runs')", `() => {\n${code}\n}`)
  }
}

describe('"With -l: one line per update"', () => {
  test('time of day, id as written, what happened, how long it took', async (t) => {
    const { run, save, version } = await running(t)
    save(version('two'))
    await run.printed('version two runs')
    await run.printed(/^\d\d:\d\d:\d\d \[hmr\] server\.js updated in \d+\.\d ms$/m)
    assert.equal(run.text.stderr, '')
  })

  test('FILE by the id as typed, with its path where the id alone does not tell', async (t) => {
    const { dir, write } = project(t, { 'lib/index.js': '' })
    const text = fs.readFileSync(`${dir}/server.js`, 'utf8')
    write('lib/index.js', text)
    const shown = {
      server: 'server',
      'server.js': 'server.js',
      './server': './server',
      lib: 'lib (lib/index.js)',
      './lib/index.js': './lib/index.js',
      [`${dir}/server.js`]: `${dir}/server.js`
    }
    for (const [id, place] of Object.entries(shown)) {
      const run = hmr(t, ['-lf', id], { cwd: dir })
      await run.printed('version one runs')
      fs.writeFileSync(`${dir}/${id.includes('lib') ? 'lib/index' : 'server'}.js`, text)
      await run.printed(`[hmr] ${place} updated in `)
      run.kill('SIGKILL')
    }
  })

  test('without -l nothing is said of code that works', async (t) => {
    const { run, save, version } = await running(t, { args: [] })
    save(version('two'))
    await run.printed('version two runs')
    run.kill('SIGTERM')
    const { stdout, stderr } = await run.ended()
    assert.equal(stdout, 'version one runs\nrunner cleaned\nversion two runs\nrunner cleaned\nvalues cleaned\n')
    assert.equal(stderr, '')
  })
})

describe('"Errors: one block"', () => {
  test('of a runner: module, what failed, code frame, message, the stack without internals', async (t) => {
    const { dir, run, save, doing } = await running(t)
    save(doing("  console.log('before')\n  throw new TypeError('boom')\n  // after"))
    await run.printed('using the last good version', 'stderr')
    const block = [
      '[hmr] server.js: the runner failed',
      '  server.js:11:9',
      "    10 |   console.log('before')",
      "  > 11 |   throw new TypeError('boom')",
      '       |         ^',
      '    12 |   // after',
      'TypeError: boom',
      `    at Runner.<anonymous> (${dir}/server.js:11:9)`,
      '[hmr] server.js: using the last good version',
      ''
    ]
    assert.equal(run.text.stderr, block.join('\n'))
  })

  test('of syntax', async (t) => {
    const { dir, run, save, version } = await running(t)
    save(`${version('two')}const = 5\n`)
    await run.printed('using the last good version', 'stderr')
    const line = version('two').split('\n').length
    const block = [
      '[hmr] server.js: the new version cannot be loaded',
      `  server.js:${line}:7`,
      `    ${line - 1} | )`,
      `  > ${line} | const = 5`,
      '       |       ^',
      "SyntaxError: Unexpected token '='",
      `    at ${dir}/server.js:${line}:7`,
      '[hmr] server.js: using the last good version',
      ''
    ]
    assert.equal(run.text.stderr, block.join('\n'))
  })

  test('in a file that the module requires', async (t) => {
    const { run, save, version, write } = await running(t)
    write('helper.js', '\n\nmodule.exports = (\n  a.b)\n')
    save(`require('./helper')\n${version('two')}`)
    await run.printed('using the last good version', 'stderr')
    assert.match(
      run.text.stderr,
      /^ {2}helper\.js:4:3\n {4}3 \| module\.exports = \(\n {2}> 4 \| {3}a\.b\)\n {6}\| {3}\^\nReferenceError: a is not/m
    )
    assert.match(run.text.stderr, /at Object\.<anonymous> \(.*server\.js:1:1\)/)
    assert.doesNotMatch(run.text.stderr, /node:internal|bin\/|hmrMain/)
  })

  test('of what is no hot module, and of thrown values that are no errors', async (t) => {
    const { run, save, doing } = await running(t)
    save('module.exports = 5\n')
    await run.printed('using the last good version', 'stderr')
    assert.match(run.text.stderr, /TypeError: Invalid hot module export for import server\.js!/)
    for (const [thrown, shown] of [
      ["'100% text'", '100% text'],
      ['{ code: 5 }', '{ code: 5 }'],
      ['undefined', 'undefined'],
      ['null', 'null']
    ]) {
      save(doing(`throw ${thrown}`))
      await run.printed(`[hmr] server.js: the runner failed\n${shown}\n`, 'stderr')
    }
  })

  test('with `cause` and further properties', async (t) => {
    const { run, save, doing } = await running(t)
    save(doing("throw Object.assign(new Error('outer', { cause: new Error('inner') }), { code: 'E_MINE' })"))
    await run.printed('using the last good version', 'stderr')
    assert.match(run.text.stderr, /\[cause\]: Error: inner/)
    assert.match(run.text.stderr, /code: 'E_MINE'/)
  })

  test('all of the stack with HMR_LOG=debug', async (t) => {
    const { run, save, doing, version } = await running(t, { env: { HMR_LOG: 'debug' } })
    save(doing("throw new Error('boom')"))
    await run.printed('using the last good version', 'stderr')
    const shown = run.text.stderr.length
    save(`${version('two')}const = 5\n`)
    await run.printed('using the last good version', 'stderr')
    assert.match(run.text.stderr.slice(shown), /at .*\(node:internal\/modules/)
  })

  test('"Repeated identical errors are counted, not repeated"; "Recovery after an error says so"', async (t) => {
    const { run, save, doing, version } = await running(t)
    const broken = doing("throw new Error('boom')")
    save(broken)
    await run.printed('Error: boom\n    at', 'stderr')
    for (const times of [2, 3]) {
      await run.printed('using the last good version', 'stderr')
      save(broken)
      await run.printed(`[hmr] server.js: the runner failed (${times} times now): Error: boom\n`, 'stderr')
    }
    save(doing("throw new Error('another')"))
    await run.printed('Error: another\n    at', 'stderr')
    save(version('two'))
    await run.printed(/\[hmr\] server\.js recovered in [\d.]+ ms\n/)
    save(version('three'))
    await run.printed(/\[hmr\] server\.js updated in [\d.]+ ms\n/)
    save(broken)
    await run.printed('Error: boom\n    at', 'stderr')
  })
})

// [node-hmr 91]
describe('"A first import that fails ends with code 1"', () => {
  const broken = {
    'an error': ["\nthrow new RangeError('at once')\n", /bad\.js:2:7[\s\S]*RangeError: at once/],
    'a syntax error': ['const = 5\n', /bad\.js:1:7[\s\S]*SyntaxError/],
    'an empty file': ['', /TypeError: Invalid hot module export for import bad\.js!/],
    'a thrown text': ["throw 'only text'", /only text/],
    'a failing runner': [
      "const { createRunner, hmr } = require('@upvotr/node-hmr')\nmodule.exports = hmr(null, createRunner(() => { throw new Error('runs badly') }))",
      /Error: runs badly/
    ],
    'a rejecting runner': [
      "const { createRunner, hmr } = require('@upvotr/node-hmr')\nmodule.exports = hmr(null, createRunner(async () => { throw new Error('runs badly') }, undefined, true))",
      /Error: runs badly/
    ]
  }
  for (const [kind, [text, shown]] of Object.entries(broken)) {
    test(kind, async (t) => {
      const { dir } = project(t, { 'bad.js': text })
      const { code, stdout, stderr } = await hmr(t, ['-lf', 'bad.js'], { cwd: dir }).ended()
      assert.deepEqual([code, stdout], [1, ''])
      assert.match(stderr, /^\[hmr\] bad\.js: cannot be started\n/)
      assert.match(stderr, shown)
      assert.doesNotMatch(stderr, /node:internal|hmrMain|hmrRequire/)
    })
  }

  test('a file that is not there', async (t) => {
    const { code, stderr } = await hmr(t, ['-f', 'missing.js'], { cwd: project(t).dir }).ended()
    assert.equal(code, 1)
    assert.match(stderr, /^\[hmr\] missing\.js: cannot be started\n.*Cannot find module '.*missing\.js'/)
  })
})

describe('colours "by `util.styleText` rules; plain text in pipes"', () => {
  const ESCAPE = '\u001b['
  const ways = [
    ['in a pipe', {}, 'pipe', false],
    ['in a pipe with FORCE_COLOR', { FORCE_COLOR: '1' }, 'pipe', true],
    ['in a pipe with NO_COLOR', { NO_COLOR: '1' }, 'pipe', false],
    ['on a terminal', {}, 'pty', true],
    ['on a terminal with NO_COLOR', { NO_COLOR: '1' }, 'pty', false],
    ['on a terminal with FORCE_COLOR=0', { FORCE_COLOR: '0' }, 'pty', false],
    ['on a dumb terminal', { TERM: 'dumb' }, 'pty', false]
  ]
  for (const [where, env, kind, coloured] of ways) {
    test(where, async (t) => {
      const { dir, file } = project(t)
      const command = [process.execPath, bin, '-lf', 'server.js']
      const wrapped =
        kind === 'pty' ? ['script', '-qec', command.map((word) => `'${word}'`).join(' '), '/dev/null'] : command
      const run = start(t, wrapped, {
        cwd: dir,
        env: { TERM: 'xterm-256color', ...env },
        stdio: ['pipe', 'pipe', 'pipe']
      })
      await run.printed('version one runs')
      const good = fs.readFileSync(file('server.js'), 'utf8')
      fs.writeFileSync(file('server.js'), good)
      await run.printed(/updated in [^\n]*\n/)
      fs.writeFileSync(file('server.js'), '5')
      await run.printed('using the last good version', kind === 'pty' ? 'stdout' : 'stderr')
      const own = (run.text.stdout + run.text.stderr).split('\n').filter((line) => line.includes('[hmr]'))
      for (const line of own) assert.equal(line.includes(ESCAPE), coloured, JSON.stringify(line))
      // Colours alone: nothing that moves the cursor or clears.
      const plain = run.text.stdout.replaceAll(ESCAPE, 'CSI ')
      assert.doesNotMatch(plain, /CSI \??[\d;]*[A-HJKSTfhl]|\r(?!\n)/)
    })
  }
})

test('"when stdout is closed" the program lives on', async (t) => {
  const { dir, file } = project(t)
  const line = `'${process.execPath}' '${bin}' -lf server.js | head -1`
  const run = start(t, ['bash', '-c', line], { cwd: dir })
  await run.printed('version one runs')
  const good = fs.readFileSync(file('server.js'), 'utf8')
  const loud = (word) =>
    good.replace("console.log('version one runs')", `console.log('lost'), console.error('${word} runs')`)
  for (const word of ['second', 'third', 'fourth']) {
    fs.writeFileSync(file('server.js'), loud(word))
    await run.printed(`${word} runs`, 'stderr')
  }
  assert.doesNotMatch(run.text.stderr, /EPIPE/)
  fs.writeFileSync(file('server.js'), good.replace("console.log('version one runs')", 'process.exit(3)'))
  await run.ended()
})

describe('"Works in each way people start things"', () => {
  test('NODE_OPTIONS=--import', async (t) => {
    const files = { 'before.mjs': "globalThis.before = 'was imported'" }
    const { dir, file } = project(t, files)
    const env = { NODE_OPTIONS: `--import=file://${file('before.mjs')}` }
    fs.appendFileSync(file('server.js'), '\nconsole.log(globalThis.before)\n')
    await hmr(t, ['-f', 'server.js'], { cwd: dir, env }).printed('was imported')
  })

  test('--enable-source-maps: places in the source', async (t) => {
    const { run, save, doing, write } = await running(t, { prefix: ['--enable-source-maps'] })
    write('source.ts', ['// one', '// two', 'const x: number = 1', "throw new Error('typed')", ''].join('\n'))
    // Line 9 of the output, where the error is thrown, is line 4 of the source.
    const map = { version: 3, sources: ['source.ts'], names: [], mappings: ';;;;;;;;AAGA' }
    const comment = `//# sourceMappingURL=data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString('base64')}`
    save(`${doing("throw new Error('typed')")}${comment}\n`)
    await run.printed('using the last good version', 'stderr')
    assert.match(
      run.text.stderr,
      /^ {2}source\.ts:4:1\n {4}3 \| const x: number = 1\n {2}> 4 \| throw new Error\('typed'\)$/m
    )
    assert.match(run.text.stderr, /at .*source\.ts:4:1/)
  })

  test('`node --inspect`: "breakpoints hold across updates, the inspector port stays"', async (t) => {
    const { run, save, version, file } = await running(t, { prefix: ['--inspect=127.0.0.1:0'] })
    const [, url] = await run.printed(/Debugger listening on (ws:\S+)/, 'stderr')
    const inspector = await connect(t, url)
    await inspector.ask('Debugger.enable')
    await inspector.ask('Debugger.setBreakpointByUrl', { lineNumber: 8, url: `file://${file('server.js')}` })
    for (const word of ['two', 'three', 'four']) {
      save(version(word))
      const { callFrames, hitBreakpoints } = await inspector.event('Debugger.paused')
      assert.equal(hitBreakpoints.length, 1)
      assert.equal(callFrames[0].location.lineNumber, 8)
      await inspector.ask('Debugger.resume')
      await run.printed(`version ${word} runs`)
    }
    assert.equal(run.text.stderr.match(/Debugger listening/g).length, 1)
  })
})

/** The inspector's protocol, as far as it is needed here. */
async function connect(t, url) {
  const WebSocket = require('ws')
  const socket = new WebSocket(url)
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  t.after(() => socket.terminate())
  let count = 0
  const seen = []
  const waiting = []
  socket.on('message', (data) => {
    seen.push(JSON.parse(data))
    for (const check of waiting) check()
  })
  const take = (matches) =>
    new Promise((resolve) => {
      const check = () => {
        const index = seen.findIndex(matches)
        if (index === -1) return
        waiting.splice(waiting.indexOf(check), 1)
        resolve(seen.splice(index, 1)[0])
      }
      waiting.push(check)
      check()
    })
  return {
    ask(method, params = {}) {
      const id = ++count
      socket.send(JSON.stringify({ id, method, params }))
      return take((message) => message.id === id)
    },
    event: async (method) => (await take((message) => message.method === method)).params
  }
}
