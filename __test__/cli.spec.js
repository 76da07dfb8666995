'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { describe, test } = require('node:test')
const { makeFolder, saves } = require('./support/files')
const { hmr, root, start } = require('./support/process')

const { version } = require('../package.json')

const project = (t, files) => makeFolder(t, { fixture: 'command', files })

// [node-hmr 86]
describe('forms: "`-f m.js`, `-f=m.js`, `--file m.js`, `--file=m.js`, kebab-case, `=false`, grouped"', () => {
  const none = 'false false false'
  const forms = [
    ['-f switches.js', none],
    ['-f=switches.js', none],
    ['--file switches.js', none],
    ['--file=switches.js', none],
    ['-fswitches.js', none],
    ['-f ./switches.js', none],
    ['-f switches', none],
    ['-f ./switches', none],
    ['switches.js', none],
    ['switches', none],
    ['-f switches.js -n', 'true false false'],
    ['-n -f switches.js', 'true false false'],
    ['-n switches.js', 'true false false'],
    ['--noWatch -f switches.js', 'true false false'],
    ['--no-watch -f switches.js', 'true false false'],
    ['--noWatch=true -f switches.js', 'true false false'],
    ['--noWatch true -f switches.js', 'true false false'],
    ['-l -f switches.js', 'false true false'],
    ['--enableLogging -f switches.js', 'false true false'],
    ['--enable-logging -f switches.js', 'false true false'],
    ['-s -f switches.js', 'false false true'],
    ['--suppressWarnings -f switches.js', 'false false true'],
    ['--suppress-warnings -f switches.js', 'false false true'],
    ['-nlsf switches.js', 'true true true'],
    ['-nlsf=switches.js', 'true true true'],
    ['-nls --file=switches.js', 'true true true'],
    ['-n -l -s -f switches.js', 'true true true'],
    ['-f switches.js -nls', 'true true true'],
    ['-lf switches.js -s', 'false true true'],
    ['-n=false -l -f switches.js', 'false true false'],
    ['-nl=false -f switches.js', 'true false false'],
    ['--noWatch=false --enableLogging=false --suppressWarnings=false -f switches.js', none],
    ['--no-watch=false --enable-logging=false --suppress-warnings=false -f switches.js', none],
    ['--noWatch false -f switches.js', none],
    ['--no-enable-logging -f switches.js', none],
    ['-l=false -s=false -n=false -f switches.js', none],
    ['-f other.js -f switches.js', none],
    ['--unknown -f switches.js -x --also=this', none, ['--unknown', '-x', '--also']],
    ['-f switches.js server.js more', none, ['server.js, more']],
    ['server.js -f switches.js', none, ['server.js']],
    ['switches.js server.js', none, ['server.js']],
    ['-nxf switches.js', 'true false false', ['-x']]
  ]
  for (const [line, expected, ignored = []] of forms) {
    // [node-hmr 88]
    test(`hmr ${line}`, async (t) => {
      const run = hmr(t, line.split(' '), { cwd: project(t).dir })
      await run.printed(`switches ${expected}`)
      const { code, stderr } = await run.ended()
      assert.equal(code, 0)
      const warnings = stderr.split('\n').filter((text) => text !== '')
      assert.equal(warnings.length, ignored.length, stderr)
      ignored.forEach((word, index) => {
        assert.ok(warnings[index].startsWith('[hmr] ') && warnings[index].includes(word), stderr)
      })
    })
  }

  for (const args of [['-f', 'a=b.js'], ['-f=a=b.js'], ['-fa=b.js'], ['--file=a=b.js']])
    test(`hmr ${args.join(' ')}: a file with an equals sign in its name`, async (t) => {
      const { dir, file } = project(t)
      fs.cpSync(file('switches.js'), file('a=b.js'))
      await hmr(t, args, { cwd: dir }).printed('switches false false false')
    })

  // [node-hmr 86]
  test('`-n` with a module that ends: the process ends as well', async (t) => {
    const run = hmr(t, ['-n', '-f', 'server.js'], { cwd: project(t).dir })
    assert.deepEqual(await run.ended(), { code: 0, signal: null, stdout: 'version one runs\n', stderr: '' })
  })
})

describe('arguments for the program', () => {
  const table = [
    [
      ['-f', 'switches.js', '--', '--port', '1', '-n', '--', 'x'],
      ['--port', '1', '-n', '--', 'x']
    ],
    [['-f', 'switches.js', '--'], []],
    [
      ['switches', '--', '-f', 'server.js'],
      ['-f', 'server.js']
    ],
    [
      ['-f', 'switches.js', '-l'],
      ['-f', 'switches.js', '-l']
    ]
  ]
  for (const [args, seen] of table) {
    test(`hmr ${args.join(' ')}`, async (t) => {
      const run = hmr(t, args, { cwd: project(t).dir })
      await run.printed(`arguments ${JSON.stringify(seen)}\n`)
    })
  }
})

describe('"unknown options are ignored", with a warning that names the nearest known one', () => {
  const near = {
    '--nowatch': 'noWatch',
    '--noWacth': 'noWatch',
    '--enable-loging': 'enableLogging',
    '--fille=x': 'file',
    '--wach': 'watcher'
  }
  for (const [given, meant] of Object.entries(near)) {
    test(given, async (t) => {
      const run = hmr(t, ['-f', 'switches.js', given], { cwd: project(t).dir })
      const { code, stderr } = await run.ended()
      assert.equal(code, 0)
      assert.equal(stderr, `[hmr] unknown option ${given.split('=')[0]}; did you mean --${meant}?\n`)
    })
  }

  for (const [given, shown] of Object.entries({ '-x': '-x', '--zzz': '--zzz' })) {
    test(`${given}, which is like no other`, async (t) => {
      const { code, stderr } = await hmr(t, ['-f', 'switches.js', given], { cwd: project(t).dir }).ended()
      assert.equal(code, 0)
      assert.equal(stderr, `[hmr] unknown option ${shown} is ignored; \`hmr --help\` names them all\n`)
    })
  }

  test('not with -s', async (t) => {
    const run = hmr(t, ['-sf', 'switches.js', '--nowatch'], { cwd: project(t).dir })
    assert.equal((await run.ended()).stderr, '')
  })
})

// [node-hmr 89]
describe('no file to run', () => {
  for (const args of [[], [''], ['-f'], ['-f='], ['--file'], ['-n'], ['-l', '--unknown'], ['--', 'switches.js']]) {
    test(`hmr ${args.join(' ')}: "stderr says \`Missing required argument: f\` and the exit code is 1"`, async (t) => {
      const { code, stdout, stderr } = await hmr(t, args, { cwd: project(t).dir }).ended()
      assert.deepEqual([code, stdout], [1, ''])
      assert.match(stderr, /^Missing required argument: f$/m)
      assert.match(stderr, /`hmr -f server\.js`, or set "main" in package\.json/)
    })
  }

  test('package.json\'s "main" stands for it', async (t) => {
    for (const main of ['switches.js', './switches', 'switches']) {
      const { dir } = project(t, { 'package.json': JSON.stringify({ main }) })
      await hmr(t, [], { cwd: dir }).printed('switches false false false')
      await hmr(t, ['-nl'], { cwd: dir }).printed('switches true true false')
    }
  })

  test('a "main" that is not there, as after `npm init -y`, does not', async (t) => {
    const { dir } = project(t, { 'package.json': '{"main": "index.js"}' })
    const { code, stdout, stderr } = await hmr(t, [], { cwd: dir }).ended()
    assert.deepEqual([code, stdout], [1, ''])
    assert.match(
      stderr,
      /^Missing required argument: f\n"main" of package\.json is index\.js, which is not there\. Name .*\n$/
    )
  })

  test('`-f` without a value is no wish for "main"', async (t) => {
    const { dir } = project(t, { 'package.json': '{"main": "switches.js"}' })
    const { code, stdout, stderr } = await hmr(t, ['-l', '-f'], { cwd: dir }).ended()
    assert.deepEqual([code, stdout], [1, ''])
    assert.match(stderr, /^Missing required argument: f\nNo file follows -f\. Name .*\n$/)
  })

  test('a package.json without a usable "main" does not', async (t) => {
    for (const text of ['{}', '{"main": 5}', '{"main": ""}', 'null', '{ not JSON']) {
      const { code, stderr } = await hmr(t, [], { cwd: project(t, { 'package.json': text }).dir }).ended()
      assert.equal(code, 1, text)
      assert.match(stderr, /^Missing required argument: f$/m)
    }
  })
})

describe('--help, --version, --info', () => {
  for (const args of [['--help'], ['-h'], ['--help', '-f', 'server.js'], ['-f', 'server.js', '--help']]) {
    // [node-hmr 87]
    test(`hmr ${args.join(' ')}: on stdout, one screen, "each option as \`-n, --noWatch\`"`, async (t) => {
      const { code, stdout, stderr } = await hmr(t, args, { cwd: project(t).dir }).ended()
      assert.deepEqual([code, stderr], [0, ''])
      const options = 'f, --file|r, --require|w, --watcher|n, --noWatch|l, --enableLogging|s, --suppressWarnings'
      for (const option of options.split('|')) assert.ok(stdout.includes(`-${option}`), option)
      for (const option of ['ignoreUnchanged', 'poll', 'grace', 'help', 'version', 'info']) {
        assert.ok(stdout.includes(`--${option}`), option)
      }
      const lines = stdout.split('\n')
      assert.ok(lines.length <= 40, `${lines.length} lines`)
      assert.ok(Math.max(...lines.map((line) => line.length)) <= 100)
      assert.equal(lines.filter((line) => /^ {2}(NODE_ENV=\w+ )?hmr /.test(line)).length, 3, 'three examples')
    })
  }

  // [node-hmr 87]
  test('--version "prints the package\'s version and nothing else (mended)"', async (t) => {
    for (const args of [['--version'], ['--version', '-f', 'server.js']]) {
      const result = await hmr(t, args, { cwd: project(t).dir }).ended()
      assert.deepEqual(result, { code: 0, signal: null, stdout: `${version}\n`, stderr: '' })
    }
  })

  test('--info says what a bug report needs', async (t) => {
    const { code, stdout } = await hmr(t, ['--info'], { env: { HMR_POLLING: '50' } }).ended()
    assert.equal(code, 0)
    const expected = [
      `@upvotr/node-hmr ${version}`,
      `node ${process.versions.node}`,
      `platform ${process.platform}-${process.arch}`,
      'HMR_POLLING=50'
    ]
    for (const line of expected) assert.ok(stdout.split('\n').includes(line), stdout)
    assert.match(stdout, /^addon \S+/m)
    assert.match(stdout, /^watch backend \w+/m)
    if (process.platform === 'linux') assert.match(stdout, /^fs\.inotify\.max_user_watches \d+$/m)
  })
})

describe('what the program sees of itself, as under `node FILE`', () => {
  const text = `
    const { createRunner, hmr } = require('@upvotr/node-hmr')
    console.log([require.main === module, module.parent === null, process.argv[1] === __filename, 'v1'].join(' '))
    require('./required.js')
    module.exports = hmr(null, createRunner(() => {}))`
  const required = `
    console.log('below: ' + [require.main === module, require.main.filename === process.argv[1]].join(' '))`

  for (const name of ['main.js', './main', 'main']) {
    test(`\`require.main === module\` and \`process.argv[1]\`: ${name}, through updates`, async (t) => {
      const { dir, file } = project(t, { 'main.js': text, 'required.js': required })
      const run = hmr(t, ['-f', name], { cwd: dir })
      await run.printed('true true true v1\n')
      await run.printed('below: false true\n')
      fs.writeFileSync(file('main.js'), text.replace('v1', 'v2'))
      await run.printed('true true true v2\n')
    })
  }
})

describe('what the module and its file are', () => {
  // [node-hmr 90]
  test('"A file without its extension and a symlinked file are run and reloaded (mended)"', async (t) => {
    const { dir, file } = project(t)
    fs.symlinkSync('server.js', file('linked.js'))
    for (const name of ['server', './server', 'linked.js', 'linked', './linked', file('server'), file('linked.js')]) {
      fs.cpSync(path.join(__dirname, 'fixtures/command/server.js'), file('server.js'))
      const run = hmr(t, ['-f', name], { cwd: dir })
      await run.printed('version one runs')
      for (const [way, save] of Object.entries(saves)) {
        save(
          file('server.js'),
          fs.readFileSync(file('server.js'), 'utf8').replace(/version .* runs/, `version ${way} runs`)
        )
        await run.printed(`version ${way} runs`)
      }
      run.kill('SIGKILL')
      await run.ended()
    }
  })

  test('"A file without its extension": it may become the index of a folder of that name, and a file again', async (t) => {
    const { dir, file } = project(t)
    const text = (word) =>
      fs.readFileSync(path.join(__dirname, 'fixtures/command/server.js'), 'utf8').replace('one', word)
    const run = hmr(t, ['-f', 'server'], { cwd: dir })
    await run.printed('version one runs')
    fs.mkdirSync(file('server'))
    fs.renameSync(file('server.js'), file('server/index.js'))
    await run.printed('version one runs')
    fs.writeFileSync(file('server/index.js'), text('two'))
    await run.printed('version two runs')
    fs.renameSync(file('server/index.js'), file('server.js'))
    await run.printed('version two runs')
    fs.writeFileSync(file('server.js'), text('three'))
    await run.printed('version three runs')
  })

  // [node-hmr 82]
  test('"the paths of `-f`, `-w`, `-r` are relative to the working directory"', async (t) => {
    const { file } = project(t)
    const parent = path.dirname(file('.'))
    const here = (name) => path.join(path.basename(file('.')), name)
    const args = ['-f', here('server.js'), '-w', here('watcher.js'), '-r', here('loader.js')]
    const run = hmr(t, args, { cwd: parent })
    await run.printed('loads ./watcher.js')
    await run.printed(`watches ${here('server.js')}`)
    await run.printed('loads ./server.js')
    await run.printed('version one runs')
  })

  test('a package of the same name as the file is not taken for it', async (t) => {
    const { dir } = project(t, { 'node_modules/server/index.js': 'throw new Error("not this")' })
    await hmr(t, ['-f', 'server'], { cwd: dir }).printed('version one runs')
  })

  // [node-hmr 86]
  test('"on the same copy of the package that the module requires"', async (t) => {
    const { dir, file } = makeFolder(t)
    fs.rmSync(file('node_modules/@upvotr/node-hmr'))
    const copy = file('app/node_modules/@upvotr/node-hmr')
    for (const name of fs.readdirSync(root)) {
      if (!/\.(m?js|json|node)$/.test(name) && name !== 'bin') continue
      fs.cpSync(path.join(root, name), path.join(copy, name), { recursive: true })
    }
    fs.cpSync(path.join(__dirname, 'fixtures/command'), file('app'), { recursive: true })
    fs.symlinkSync('app/switches.js', file('linked.js'))
    for (const name of ['app/switches.js', 'linked.js']) {
      await hmr(t, ['-nlsf', name], { cwd: dir }).printed('switches true true true')
    }
  })

  test('of a command below node_modules, old versions can be collected', async (t) => {
    const text = `
      const { createRunner, hmr } = require('@upvotr/node-hmr')
      const versions = (globalThis.versions ??= [])
      versions.push(new WeakRef(module))
      module.exports = hmr(null, createRunner(() => {
        setImmediate(() => {
          gc()
          console.log('version 1 of ' + versions.length + ', alive ' + versions.filter((it) => it.deref()).length)
        })
      }))`
    const { dir, file } = makeFolder(t)
    fs.rmSync(file('node_modules/@upvotr/node-hmr'))
    const copy = file('node_modules/@upvotr/node-hmr')
    for (const name of fs.readdirSync(root)) {
      if (/\.(m?js|json|node)$/.test(name) || name === 'bin')
        fs.cpSync(path.join(root, name), path.join(copy, name), { recursive: true })
    }
    fs.writeFileSync(file('m.js'), text)
    const run = hmr(t, ['-f', 'm.js'], { cwd: dir, node: ['--expose-gc'], bin: path.join(copy, 'bin/hmr.js') })
    let alive
    for (let count = 1; count <= 20; count++) {
      const match = await run.printed(new RegExp(`of ${count}, alive (\\d+)\\n`))
      alive = Number(match[1])
      fs.writeFileSync(file('m.js'), text.replace('version 1', `version ${count + 1}`))
    }
    assert.ok(alive <= 4, `${alive} of 20 versions are alive`)
  })
})

test('an npm script and a symlinked bin run it', async (t) => {
  const { dir, file } = project(t, { 'package.json': JSON.stringify({ scripts: { dev: 'hmr -nlsf switches.js' } }) })
  fs.mkdirSync(file('node_modules/.bin'))
  fs.symlinkSync('../@upvotr/node-hmr/bin/hmr.js', file('node_modules/.bin/hmr'))
  await start(t, ['npm', 'run', 'dev'], { cwd: dir }).printed('switches true true true')
  await start(t, [file('node_modules/.bin/hmr'), '-lf', 'switches.js'], { cwd: dir }).printed(
    'switches false true false'
  )
})
