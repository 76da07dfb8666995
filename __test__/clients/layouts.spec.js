// The packed package as pnpm, Yarn and npm workspaces lay it out, with the addon reachable from the package alone.
const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { after, before, test } = require('node:test')
const { npm, packBoth, readJson, temporaryFolder } = require('../support/packed.js')
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
  module.exports = hmr(null, createRunner(() => console.log('first version')))`

/** A project whose `index.js` imports `greeting.js` hot. */
function project(t, manifest = {}) {
  const folder = temporaryFolder(t)
  const write = (name, text) => {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
    fs.writeFileSync(path.join(folder, name), text)
  }
  const dependencies = { '@upvotr/node-hmr': `file:${packed.main}` }
  write('package.json', JSON.stringify({ name: 'project', private: true, dependencies, ...manifest }))
  write('index.js', program.replace("'greeting'", "'./greeting.js'"))
  write('greeting.js', greeting)
  return { folder, write }
}

async function runsAndUpdates(t, folder, args, file = 'greeting.js') {
  const started = run(t, args, folder)
  await started.line('first version')
  edit(path.join(folder, file), 'first', 'second')
  await started.line('second version')
}

/** Ends with the program's messages if it fails. */
function execute(cwd, file, ...args) {
  const env = { ...process.env, CI: '1', YARN_ENABLE_TELEMETRY: '0', YARN_ENABLE_IMMUTABLE_INSTALLS: '0' }
  try {
    return execFileSync(process.execPath, [file, ...args], { cwd, env, encoding: 'utf8' })
  } catch (error) {
    throw new Error(`${error.message}\n${error.stdout}`)
  }
}

test('pnpm: a store with links, where only the package itself reaches its addon', async (t) => {
  const { folder, write } = project(t)
  write('pnpm-workspace.yaml', `overrides:\n  '${packed.platformName}': 'file:${packed.platform}'\n`)
  const pnpm = path.join(installed, 'node_modules/pnpm/bin/pnpm.cjs')
  execute(folder, pnpm, 'install', '--offline', '--no-frozen-lockfile', `--store-dir=${path.join(folder, '.store')}`)
  assert.ok(fs.lstatSync(path.join(folder, 'node_modules/@upvotr/node-hmr')).isSymbolicLink())
  assert.ok(!fs.existsSync(path.join(folder, 'node_modules', packed.platformName)))
  await runsAndUpdates(t, folder, ['index.js'])
})

for (const [linker, options] of [
  ['node-modules', []],
  ['pnpm', []],
  ['pnp', ['--require', './.pnp.cjs']]
])
  test(`Yarn, nodeLinker: ${linker}`, async (t) => {
    const { folder, write } = project(t, { resolutions: { [packed.platformName]: `file:${packed.platform}` } })
    write('yarn.lock', '')
    write('.yarnrc.yml', `nodeLinker: ${linker}\nenableGlobalCache: false\nenableNetwork: false\n`)
    execute(folder, path.join(installed, 'node_modules/@yarnpkg/cli-dist/bin/yarn.js'), 'install')
    assert.equal(fs.existsSync(path.join(folder, 'node_modules')), linker !== 'pnp')
    await runsAndUpdates(t, folder, [...options, 'index.js'])
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
