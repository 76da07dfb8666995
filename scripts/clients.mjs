// Installs the clients that __test__/clients tests with, once per lock file, into .cache/clients, and runs those tests.
// Usage: node scripts/clients.mjs [part of a name]…
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { installed, root } from './installed.mjs'

const tests = join(root, '__test__/clients')
const asked = process.argv.slice(2)

const chromium = process.env.CHROMIUM ?? '/usr/bin/chromium'
if (!existsSync(chromium))
  throw new Error(`No browser at ${chromium}: apt-get install chromium, or name one in CHROMIUM.`)

installed(tests, 'clients')

const specs = readdirSync(tests)
  .filter((file) => file.endsWith('.spec.js') && (asked.length === 0 || asked.some((part) => file.includes(part))))
  .map((file) => join(tests, file))
const { status } = spawnSync(process.execPath, ['--test', '--test-concurrency=1', '--test-timeout=1800000', ...specs], {
  stdio: 'inherit'
})
process.exitCode = status ?? 1
