// Builds the addon from the packed sources, as someone without a prebuilt one does, and loads it.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const folder = mkdtempSync(join(tmpdir(), 'node-hmr-build-'))
const shell = process.platform === 'win32'
// `npx -p @napi-rs/cli` puts `napi` on the path; here it is this repository's. The compiled dependencies are shared.
const env = {
  ...process.env,
  PATH: [join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter),
  CARGO_TARGET_DIR: process.env.CARGO_TARGET_DIR ?? join(root, 'target')
}
const npm = (cwd, ...args) =>
  execFileSync('npm', args, { cwd, env, shell, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })

try {
  const [{ filename }] = JSON.parse(npm(root, 'pack', '--ignore-scripts', '--json', '--pack-destination', folder))
  writeFileSync(join(folder, 'package.json'), '{ "private": true }')
  npm(folder, 'install', '--offline', '--loglevel=error', `./${filename}`)
  const installed = join(folder, 'node_modules/@upvotr/node-hmr')
  const written = readFileSync(join(installed, 'index.d.ts'), 'utf8')
  npm(installed, 'run', 'build:debug')
  if (readFileSync(join(installed, 'index.d.ts'), 'utf8') !== written) throw new Error('The build changed index.d.ts.')
  const code = 'require("@upvotr/node-hmr").createRuntime(require).closeAll()'
  execFileSync(process.execPath, ['-e', code], { cwd: folder, stdio: 'inherit' })
  console.log('The packed sources build, and what they build loads.')
} finally {
  rmSync(folder, { recursive: true, force: true })
}
