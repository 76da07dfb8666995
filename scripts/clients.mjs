// Installs the clients that __test__/clients tests with, once per lock file, into .cache/clients, and runs those tests.
// Usage: node scripts/clients.mjs [part of a name]…
import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const tests = join(root, '__test__/clients')
const cache = join(root, '.cache/clients')
const asked = process.argv.slice(2)

const chromium = process.env.CHROMIUM ?? '/usr/bin/chromium'
if (!existsSync(chromium))
  throw new Error(`No browser at ${chromium}: apt-get install chromium, or name one in CHROMIUM.`)

mkdirSync(cache, { recursive: true })
const lock = readFileSync(join(tests, 'package-lock.json'), 'utf8')
const stamp = join(cache, 'installed-lock.json')
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lock) {
  for (const file of ['package.json', 'package-lock.json']) copyFileSync(join(tests, file), join(cache, file))
  copyFileSync(join(root, '.npmrc'), join(cache, '.npmrc'))
  const options = { cwd: cache, stdio: 'inherit', shell: process.platform === 'win32' }
  // None of them needs a script of its own: what is native comes as a package.
  execFileSync('npm', ['ci', '--ignore-scripts', '--loglevel=error'], options)
  writeFileSync(stamp, lock)
}

const specs = readdirSync(tests)
  .filter((file) => file.endsWith('.spec.js') && (asked.length === 0 || asked.some((part) => file.includes(part))))
  .map((file) => join(tests, file))
const { status } = spawnSync(process.execPath, ['--test', '--test-concurrency=1', ...specs], { stdio: 'inherit' })
process.exitCode = status ?? 1
