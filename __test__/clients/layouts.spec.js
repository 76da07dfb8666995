// The packed package as pnpm, Yarn and npm workspaces lay it out, with the addon reachable from the package alone; and the
// command `hmr` as each of them runs it from a script.
const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { after, before, test } = require('node:test')
const { npm, packBoth, readJson, temporaryFolder } = require('../support/packed.js')
const { start } = require('../support/process.js')
const { edit, run } = require('../support/project.js')
const { installed } = require('./support/client.js')

const undo = []
let packed
before(() => {
  const folder = temporaryFolder({ after: (step) => undo.push(step) })
  packed = packBoth(folder, (name, abi) => name === abi)
})
after(() => {
  for (const step of undo) step()
})

const program = `const { createRuntime } = require('@upvotr/node-hmr')
  createRuntime(require).import('greeting').then((greeting) => console.log(greeting.exports))`
const greeting = `const { createRunner, hmr } = require('@upvotr/node-hmr')
  module.exports = hmr(null, createRunner(
    () => console.log('first version'),
    async () => {
      await new Promise((resolve) => setTimeout(resolve, 100))
      console.log('cleaned up')
    }
  ))`
const scripts = { dev: 'hmr -l -f greeting.js' }

const archived = `import { createRunner, hmr } from '@upvotr/node-hmr'
  import { version } from 'dual/part'
  import plain, { one } from 'plain'
  import { peer } from 'workspace'
  let count = 0
  class Decorated {
    // Three arguments by the option of the tsconfig.json in the archive, two without it.
    @((...all: unknown[]): void => void (count = all.length))
    method(): void {}
  }
  export default hmr(null, createRunner((): void => {
    if (plain.one === one && peer === one && count === 3) console.log('first ' + version)
  }))`

/** A project whose `index.js` imports `greeting.js` hot. */
function project(t, manifest = {}) {
  const folder = temporaryFolder(t)
  const write = (name, text) => {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
    fs.writeFileSync(path.join(folder, name), text)
  }
  const dependencies = { '@upvotr/node-hmr': `file:${packed.main}` }
  write('package.json', JSON.stringify({ name: 'project', private: true, scripts, dependencies, ...manifest }))
  write('index.js', program.replace("'greeting'", "'./greeting.js'"))
  write('greeting.js', greeting)
  write(
    'by-path.js',
    program.replace('createRuntime(require)', 'createRuntime(__filename)').replace("'greeting'", "'./es'")
  )
  write('program.ts', "import { updates } from '@upvotr/node-hmr'\nconsole.log('first version', typeof updates.on)")
  write(
    'es.ts',
    `import { createRunner, hmr } from '@upvotr/node-hmr'
     export default hmr(null, createRunner((): void => console.log('first version')))`
  )
  return { folder, write }
}

async function runsAndUpdates(t, folder, args, file = 'greeting.js') {
  const started = run(t, args, folder, environment)
  await started.line('first version')
  edit(path.join(folder, file), 'first', 'second')
  await started.line('second version')
}

const managers = {
  pnpm: path.join(installed, 'node_modules/pnpm/bin/pnpm.cjs'),
  yarn: path.join(installed, 'node_modules/@yarnpkg/cli-dist/bin/yarn.js'),
  'yarn-1': path.join(installed, 'node_modules/yarn-1/bin/yarn.js')
}
const environment = { CI: '1', YARN_ENABLE_TELEMETRY: '0', YARN_ENABLE_IMMUTABLE_INSTALLS: '0' }

/** The script `dev` on a terminal: it starts, takes a save, and at Ctrl-C it cleans up before it goes. */
async function runsAsScript(t, folder, manager) {
  // From a shell that stays, as a user's does: Yarn 1 is gone before the cleanups have ended.
  const command = `trap : INT; '${process.execPath}' '${managers[manager]}' run dev; cat`
  const env = { ...environment, NO_COLOR: '1' }
  const started = start(t, ['script', '-qec', command, '/dev/null'], {
    cwd: folder,
    env,
    stdio: ['pipe', 'pipe', 'pipe']
  })
  await started.printed('first version')
  edit(path.join(folder, 'greeting.js'), 'first', 'second')
  await started.printed('cleaned up')
  await started.printed('second version')
  await started.printed('greeting.js updated')
  started.child.stdin.write('\x03')
  await started.printed('cleaned up')
  started.child.stdin.end()
  const { stdout } = await started.ended()
  assert.equal(stdout.match(/cleaned up/g).length, 2, stdout)
}

/** Ends with the program's messages if it fails. */
function execute(cwd, file, ...args) {
  const env = { ...process.env, ...environment }
  try {
    return execFileSync(process.execPath, [file, ...args], { cwd, env, encoding: 'utf8' })
  } catch (error) {
    throw new Error(`${error.message}\n${error.stdout}`)
  }
}

test('pnpm: a store with links, where only the package itself reaches its addon', async (t) => {
  const { folder, write } = project(t)
  write('pnpm-workspace.yaml', `overrides:\n  '${packed.platformName}': 'file:${packed.platform}'\n`)
  execute(
    folder,
    managers.pnpm,
    'install',
    '--offline',
    '--no-frozen-lockfile',
    `--store-dir=${path.join(folder, '.store')}`
  )
  assert.ok(fs.lstatSync(path.join(folder, 'node_modules/@upvotr/node-hmr')).isSymbolicLink())
  assert.ok(!fs.existsSync(path.join(folder, 'node_modules', packed.platformName)))
  await runsAndUpdates(t, folder, ['index.js'])
  await runsAndUpdates(t, folder, ['by-path.js'], 'es.ts')
  edit(path.join(folder, 'greeting.js'), 'second', 'first')
  await runsAsScript(t, folder, 'pnpm')
})

test('Yarn 1', async (t) => {
  const { folder } = project(t, { resolutions: { [packed.platformName]: `file:${packed.platform}` } })
  execute(folder, managers['yarn-1'], 'install', '--offline', '--cache-folder', path.join(folder, '.cache'))
  await runsAndUpdates(t, folder, ['index.js'])
  edit(path.join(folder, 'greeting.js'), 'second', 'first')
  await runsAsScript(t, folder, 'yarn-1')
})

for (const [linker, options] of [
  ['node-modules', []],
  ['pnpm', []],
  ['pnp', ['--require', './.pnp.cjs']]
])
  test(`Yarn, nodeLinker: ${linker}`, async (t) => {
    const { folder, write } = project(t, {
      resolutions: { [packed.platformName]: `file:${packed.platform}` },
      dependencies: {
        '@upvotr/node-hmr': `file:${packed.main}`,
        dual: 'file:./dual',
        plain: 'file:./plain',
        workspace: '1'
      },
      workspaces: ['workspace']
    })
    // A workspace with a peer dependency, which Plug'n'Play gives a virtual path.
    const peers = { type: 'module', exports: './index.ts', peerDependencies: { plain: '1' } }
    write('workspace/package.json', JSON.stringify({ name: 'workspace', version: '1.0.0', ...peers }))
    write('workspace/index.ts', "export { one as peer } from 'plain'")
    // Packages that Plug'n'Play leaves in their archives.
    const exports = { './part': { import: './part.mjs', require: './part.cjs' }, './*.json': './*.json' }
    write('dual/package.json', JSON.stringify({ name: 'dual', version: '1.0.0', exports }))
    write('dual/decorated.json', '{ "compilerOptions": { "experimentalDecorators": true } }')
    write('tsconfig.json', '{ "extends": "dual/decorated.json" }')
    write('dual/part.mjs', "export { version } from './version.mjs'")
    write('dual/version.mjs', "export const version = 'version'")
    write('dual/part.cjs', "exports.version = 'version'")
    write('plain/package.json', '{ "name": "plain", "version": "1.0.0" }')
    write('plain/index.js', 'exports.one = 1')
    write('yarn.lock', '')
    write('.yarnrc.yml', `nodeLinker: ${linker}\nenableGlobalCache: false\nenableNetwork: false\n`)
    execute(folder, managers.yarn, 'install')
    assert.equal(fs.existsSync(path.join(folder, 'node_modules')), linker !== 'pnp')
    await runsAndUpdates(t, folder, [...options, 'index.js'])
    await runsAndUpdates(t, folder, [...options, 'by-path.js'], 'es.ts')
    write('es.ts', archived)
    await runsAndUpdates(t, folder, [...options, 'by-path.js'], 'es.ts')
    await runsAndUpdates(t, folder, [managers.yarn, 'hmr', 'program.ts'], 'program.ts')
    edit(path.join(folder, 'greeting.js'), 'second', 'first')
    await runsAsScript(t, folder, 'yarn')
  })

test('npm workspaces: a hot module of another workspace, imported by name', async (t) => {
  const { folder, write } = project(t, { workspaces: ['packages/*'] })
  write('packages/greeting/package.json', JSON.stringify({ name: 'greeting', version: '1.0.0', main: 'main.js' }))
  write('packages/greeting/main.js', greeting)
  write('packages/app/package.json', JSON.stringify({ name: 'app', version: '1.0.0', dependencies: { greeting: '1' } }))
  write('packages/app/index.js', program)
  npm(folder, 'install', packed.platform)
  assert.ok(fs.lstatSync(path.join(folder, 'node_modules/greeting')).isSymbolicLink())
  assert.equal(readJson(path.join(folder, 'node_modules/@upvotr/node-hmr/package.json')).name, '@upvotr/node-hmr')
  await runsAndUpdates(t, folder, ['packages/app/index.js'], 'packages/greeting/main.js')
})
