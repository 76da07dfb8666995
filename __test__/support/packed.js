// The package as it is published: packed, with the addon in a package of its own.
const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')

const root = path.join(__dirname, '../..')

/** A temporary folder, removed after the test. */
exports.temporaryFolder = function temporaryFolder(t) {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'node-hmr-package-')))
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Runs npm, without the network and without what the surrounding `npm run` says in the environment. */
exports.npm = function npm(cwd, ...args) {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)))
  return execFileSync('npm', [...args, '--offline', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd,
    env,
    encoding: 'utf8',
    shell: process.platform === 'win32'
  })
}

/**
 * Packs what would be published for this platform into `folder`, with the optional dependencies that publishing adds.
 * Returns both archives, and the name of the addon's package. `isSelected` narrows the optional dependencies.
 */
exports.packBoth = function packBoth(folder, isSelected = () => true) {
  const addon = fs.readdirSync(root).find((file) => /^node-hmr\..+\.node$/.test(file))
  const abi = addon.split('.')[1]
  const platform = path.join(folder, 'platform')
  fs.cpSync(path.join(root, 'npm', abi), platform, { recursive: true })
  fs.copyFileSync(path.join(root, addon), path.join(platform, addon))

  const main = path.join(folder, 'main')
  fs.mkdirSync(main)
  const bare = pack(root, folder)
  execFileSync('tar', ['-xzf', path.basename(bare), '-C', 'main', '--strip-components=1'], { cwd: folder })
  fs.rmSync(bare)
  const manifest = readJson(path.join(main, 'package.json'))
  manifest.optionalDependencies = Object.fromEntries(
    fs
      .readdirSync(path.join(root, 'npm'))
      .filter((name) => isSelected(name, abi))
      .map((name) => [`${manifest.name}-${name}`, manifest.version])
  )
  fs.writeFileSync(path.join(main, 'package.json'), JSON.stringify(manifest, null, 2))
  return { main: pack(main, folder), platform: pack(platform, folder), platformName: `${manifest.name}-${abi}` }
}

function pack(source, folder) {
  const [{ filename }] = JSON.parse(
    exports.npm(source, 'pack', '--ignore-scripts', '--json', '--pack-destination', folder)
  )
  return path.join(folder, filename)
}

function readJson(file) {
  return JSON.parse(fs.readFileSync(file, 'utf8'))
}
exports.readJson = readJson
