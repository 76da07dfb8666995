// What is published: packed, installed into empty folders without the network, and used there.
const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const zlib = require('node:zlib')
const { after, before, describe, test } = require('node:test')
const { npm, packBoth, readJson, temporaryFolder } = require('./support/packed.js')
const { edit, link, root, run } = require('./support/project.js')

const fixtures = path.join(__dirname, 'fixtures/package')
const manifest = readJson(path.join(root, 'package.json'))

describe('the packed package', () => {
  let packed
  let installed
  const undo = []
  const suite = { after: (step) => undo.push(step) }
  before(() => {
    packed = packBoth(temporaryFolder(suite))
    installed = project(suite, {}, [packed.main, packed.platform])
  })
  after(() => undo.forEach((step) => step()))

  test('holds what is run, what is read and what is built, and nothing else', () => {
    const inside = filesOf(path.join(installed, 'node_modules/@upvotr/node-hmr'))
    const sources = inside.filter((file) => file.startsWith('src/'))
    assert.deepEqual(
      inside.filter((file) => !sources.includes(file)),
      [
        'CHANGELOG.md',
        'Cargo.lock',
        'Cargo.toml',
        'LICENSE',
        'README.md',
        'benches/pure.rs',
        ...fs.readdirSync(path.join(root, 'bin')).map((file) => `bin/${file}`),
        'binding.js',
        'build.rs',
        'import-meta.d.ts',
        'index.d.mts',
        'index.d.ts',
        'index.js',
        'index.mjs',
        'load-binding.js',
        'package.json',
        'register.mjs',
        'vite-node.d.mts',
        'vite-node.d.ts',
        'vite-node.js',
        'vite-node.mjs'
      ]
    )
    assert.deepEqual(
      sources.filter((file) => !/\.(rs|js)$/.test(file) || file.includes('/tests/')),
      []
    )
    const addon = filesOf(path.join(installed, 'node_modules', packed.platformName))
    assert.deepEqual(
      addon.map((file) => path.extname(file)),
      ['.md', '.node', '.json']
    )
  })

  // [hot 182]
  test('"what is downloaded per platform": at most 5 MB', () => {
    const name = fs.readdirSync(root).find((file) => /^node-hmr\..+\.node$/.test(file))
    const packed = zlib.gzipSync(fs.readFileSync(path.join(root, name)))
    assert.ok(packed.length <= 5e6, `${packed.length} bytes`)
  })

  // [vite-node 4]
  test('runs no script when it is installed, and depends on its addons alone', () => {
    const { scripts, dependencies } = readJson(path.join(installed, 'node_modules/@upvotr/node-hmr/package.json'))
    const ran = ['preinstall', 'install', 'postinstall', 'prepublish', 'prepare']
    assert.deepEqual(
      ran.filter((name) => name in scripts),
      []
    )
    assert.equal(dependencies, undefined)
    assert.deepEqual(fs.readdirSync(path.join(installed, 'node_modules/@upvotr')).length, 2)
  })

  // [vite-node 3, 4]
  test('each entry can be required and imported, with the same names and the same values', () => {
    const unnamed = ['./package.json', './register', './import-meta']
    const entries = Object.keys(manifest.exports).filter((entry) => !unnamed.includes(entry))
    assert.notEqual(entries.length, 0)
    for (const entry of entries) {
      const id = path.posix.join(manifest.name, entry)
      const code = `
        const required = require('${id}')
        import('${id}').then((imported) => {
          const names = (object) => Object.keys(object).filter((name) => !/^(default|__esModule|module.exports)$/.test(name))
          require('node:assert').deepEqual(names(imported).sort(), names(required).sort())
          for (const name of names(imported)) require('node:assert').equal(imported[name], required[name], name)
          console.log(names(imported).length)
        })`
      assert.match(node(installed, '-e', code), /^[1-9]\d*\n$/, id)
    }
  })

  // [node-hmr 32]
  test('is type-checked by the declarations it brings', (t) => {
    const folder = project(t, {}, [packed.main, packed.platform])
    link(path.join(root, 'node_modules/types-node-latest'), path.join(folder, 'node_modules/@types/node'))
    link(path.join(root, 'node_modules/undici-types'), path.join(folder, 'node_modules/undici-types'))
    const tsc = path.join(root, 'node_modules/typescript-5/bin/tsc')
    const options = ['--strict', '--noEmit', '--module', 'nodenext', '--types', 'node']
    node(folder, tsc, ...options, 'caller.cts', 'caller.mts')
  })

  test('npx hmr runs a server, and runs it again after an edit', async (t) => {
    const folder = project(t, {}, [packed.main, packed.platform])
    assert.equal(npm(folder, 'exec', '--no', '--', 'hmr', '--version'), `${manifest.version}\n`)
    const bin = path.join(folder, 'node_modules/.bin/hmr')
    const hmr = run(t, [fs.realpathSync(bin), '-f', 'server.js'], folder)
    await hmr.line('first version')
    edit(path.join(folder, 'server.js'), 'first', 'second')
    await hmr.line('second version')
  })

  test('works when it was installed with --ignore-scripts', (t) => {
    const folder = project(t, {}, [packed.main, packed.platform], '--ignore-scripts')
    assert.equal(node(folder, 'node_modules/@upvotr/node-hmr/bin/hmr.js', '--version'), `${manifest.version}\n`)
    assert.equal(node(folder, '-p', 'typeof require("@upvotr/node-hmr").createRuntime'), 'function\n')
  })

  test('satisfies a project that asks for "^3.0.1" of the JavaScript package', (t) => {
    const wanted = { dependencies: { '@upvotr/node-hmr': '^3.0.1' } }
    const folder = project(t, wanted, [packed.main, packed.platform], '--no-save')
    assert.equal(readJson(path.join(folder, 'package.json')).dependencies['@upvotr/node-hmr'], '^3.0.1')
    // Fails for a version that the range does not take.
    assert.match(npm(folder, 'ls', '@upvotr/node-hmr'), /@upvotr\/node-hmr@3\.1\.0$/m)
    assert.equal(node(folder, '-p', 'typeof require("@upvotr/node-hmr").default'), 'function\n')
  })

  describe('without an addon', () => {
    let bare
    before(() => {
      bare = project(suite, {}, [packed.main])
    })

    const load = (platform, arch) =>
      JSON.parse(
        node(
          bare,
          '-e',
          `Object.defineProperty(process, 'platform', { value: '${platform}' })
           Object.defineProperty(process, 'arch', { value: '${arch}' })
           try { require('@upvotr/node-hmr') } catch (error) {
             console.log(JSON.stringify({ message: error.message, code: error.code, tried: error.tried }))
           }`
        )
      )

    for (const platform of fs.readdirSync(path.join(root, 'npm'))) {
      const { os, cpu } = readJson(path.join(root, 'npm', platform, 'package.json'))
      test(`${platform}: says that it is not installed, and how to install it`, () => {
        const { message, code, tried } = load(os[0], cpu[0])
        assert.equal(code, 'ERR_HMR_NO_ADDON')
        assert.match(message, new RegExp(`the addon for ${os[0]}-${cpu[0]} is not installed`))
        assert.match(message, /npm i --include=optional @upvotr\/node-hmr$/m)
        assert.match(tried[0], /node-hmr\..+\.node/)
      })
    }

    for (const [os, cpu] of [
      ['freebsd', 'x64'],
      ['linux', 'riscv64'],
      ['sunos', 'x64']
    ])
      test(`${os}-${cpu}: says that there is none, and how to build it`, () => {
        const { message, code } = load(os, cpu)
        assert.equal(code, 'ERR_HMR_NO_ADDON')
        assert.match(message, new RegExp(`no prebuilt addon for ${os}-${cpu}`))
        assert.doesNotMatch(message, /npm i /)
        assert.match(message, /npm run build$/m)
      })

    test('a file that is no addon is told from one that is missing', () => {
      const { platform, arch } = process
      const [name] = /node-hmr\.[^']+\.node/.exec(load(platform, arch).tried[0])
      const broken = path.join(bare, 'node_modules/@upvotr/node-hmr', name)
      fs.writeFileSync(broken, 'not an addon')
      const { message } = load(platform, arch)
      fs.rmSync(broken)
      assert.match(message, new RegExp(`the addon for ${platform}-${arch} is there, but does not load`))
      assert.ok(message.includes(name), message)
    })

    test('where Node loads no addons, says how to let it', async (t) => {
      const program = run(t, ['--no-addons', '-e', `require(${JSON.stringify(root)})`], bare)
      await program.line('loading addons is disabled')
      await program.line(/^Run Node without --no-addons, and with --allow-addons beside --permission/)
      assert.equal(await program.ended, 1)
    })

    test('the command says so in three lines, and ends with code 1', async (t) => {
      const hmr = run(t, ['node_modules/@upvotr/node-hmr/bin/hmr.js', '-f', 'server.js'], bare)
      assert.equal(await hmr.ended, 1)
      assert.equal(hmr.lines.length, 3, hmr.lines.join('\n'))
      assert.match(hmr.lines[0], /^@upvotr\/node-hmr: the addon for .* is not installed\.$/)
      assert.match(hmr.lines[2], /npm i --include=optional @upvotr\/node-hmr$/)
    })

    test('nothing contradicts it where a program dies of it', async (t) => {
      const hmr = run(t, ['-e', "require('@upvotr/node-hmr')"], bare)
      assert.equal(await hmr.ended, 1)
      assert.doesNotMatch(hmr.lines.join('\n'), /npm has a bug|remove|cause/)
    })

    test('`--version`, `--help` and `--info` work without it', async (t) => {
      for (const [option, shown] of [
        ['--version', /^\d+\.\d+\.\d+$/],
        ['--help', /^Usage: hmr /],
        ['--info', /^addon is not loaded: the addon for .* is not installed\.$/]
      ]) {
        const hmr = run(t, ['node_modules/@upvotr/node-hmr/bin/hmr.js', option], bare)
        await hmr.line(shown)
        assert.equal(await hmr.ended, 0)
      }
    })
  })
})

test('there is one addon package for each target, of the same version', () => {
  const abi = { 'unknown-linux-gnu': 'linux-$-gnu', 'unknown-linux-musl': 'linux-$-musl', 'apple-darwin': 'darwin-$' }
  Object.assign(abi, { 'pc-windows-msvc': 'win32-$-msvc', 'unknown-linux-gnueabihf': 'linux-$-gnueabihf' })
  const cpu = { x86_64: 'x64', aarch64: 'arm64', armv7: 'arm' }
  const expected = manifest.napi.targets.map((target) => {
    const [arch, ...rest] = target.split('-')
    return abi[rest.join('-')].replace('$', cpu[arch])
  })
  assert.deepEqual(fs.readdirSync(path.join(root, 'npm')).sort(), expected.sort())
  for (const name of expected) {
    const own = readJson(path.join(root, 'npm', name, 'package.json'))
    assert.equal(own.version, manifest.version, name)
    assert.equal(own.name, `${manifest.name}-${name}`)
    assert.deepEqual(own.engines, manifest.engines)
    assert.ok(own.main.endsWith('.node') && own.files.includes(own.main))
    assert.ok(own.repository && own.license === manifest.license && own.os && own.cpu)
    assert.equal(own.libc?.[0], { gnu: 'glibc', musl: 'musl', gnueabihf: undefined }[name.split('-')[2]], name)
  }
})

/** An empty project with the fixtures and these archives. */
function project(t, content, archives, ...options) {
  const folder = temporaryFolder(t)
  fs.cpSync(fixtures, folder, { recursive: true })
  fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ private: true, ...content }))
  npm(folder, 'install', ...options, ...archives)
  return folder
}

function node(cwd, ...args) {
  return execFileSync(process.execPath, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
}

function filesOf(folder) {
  return fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .sort()
}
