// Runs the whole JavaScript suite on each supported Node, and the smoke suite on the other runtimes, the latest of each
// as npm serves it. Usage: node scripts/runtimes.mjs [name or version]…, such as `22 26 bun`; all of them by default.
import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const NODES = ['20', '22', '24', '26']
const OTHERS = { bun: [], deno: ['run', '--allow-all', '--quiet'] }
const shell = process.platform === 'win32'

const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !NODES.includes(name) && !(name in OTHERS))
if (unknown.length > 0) throw new Error(`Not one of ${[...NODES, ...Object.keys(OTHERS)].join(', ')}: ${unknown}`)
const isAsked = (name) => asked.length === 0 || asked.includes(name)

const specs = (folder) =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.spec.js'))
    .map((file) => join(folder, file))
const outcomes = []

for (const major of NODES.filter(isAsked)) {
  const node = program('node', `node@${major}`, ['-p', 'process.execPath'])
  report(
    `node ${run(node, ['--version'])}`,
    node,
    ['--test', ...specs('__test__'), ...specs('__test__/vite-node'), ...specs('__test__/runtimes')],
    {}
  )
}
for (const name of Object.keys(OTHERS).filter(isAsked)) {
  const evaluated = name === 'deno' ? ['eval', 'console.log(Deno.execPath())'] : ['-p', 'process.execPath']
  const other = program(name, `${name}@latest`, evaluated)
  const runtime = JSON.stringify([other, ...OTHERS[name]])
  const version = run(other, ['--version']).split('\n')[0]
  const label = version.startsWith(name) ? version : `${name} ${version}`
  report(label, process.execPath, ['--test', ...specs('__test__/runtimes')], { HMR_RUNTIME: runtime })
}

console.log(`\n${outcomes.join('\n')}`)

/** Where npx has put a program. */
function program(name, pack, args) {
  const options = { encoding: 'utf8', shell, stdio: ['ignore', 'pipe', 'inherit'] }
  return execFileSync('npx', ['--yes', '--package', pack, '--', name, ...args], options).trim()
}

function run(file, args) {
  return execFileSync(file, args, { encoding: 'utf8' }).trim()
}

function report(label, file, args, env) {
  console.log(`\n${label}`)
  const { status } = spawnSync(file, args, { stdio: 'inherit', env: { ...process.env, ...env } })
  outcomes.push(`${label}: ${status === 0 ? 'passed' : `failed with ${status}`}`)
  if (status !== 0) process.exitCode = 1
}
