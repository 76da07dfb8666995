// Asks for known advisories of what we build with, and whether the crates may be used: npm audit and cargo deny.
// Usage: node scripts/audit.mjs [--strict]
// What cannot be asked here (no cargo-deny, a registry without advisories) is said; with --strict it is a failure.
import { spawnSync } from 'node:child_process'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { values } = parseArgs({ options: { strict: { type: 'boolean', default: false } } })
const root = dirname(dirname(fileURLToPath(import.meta.url)))

function run(command, args) {
  const shell = process.platform === 'win32'
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8', shell })
  return { isFine: status === 0, stdout: stdout ?? '', stderr: stderr ?? '' }
}

const checks = [
  [
    'npm audit',
    () => {
      const { isFine, stdout } = run('npm', ['audit', '--audit-level=high', '--json'])
      if (!stdout.includes('"vulnerabilities"')) return { unasked: 'the registry told no advisories' }
      return { isFine, text: stdout }
    }
  ],
  ['cargo deny: licences, bans, sources', () => deny('licenses', 'bans', 'sources')],
  [
    'cargo deny: advisories',
    () => {
      const result = deny('advisories')
      return /failed to fetch advisory database/.test(result.text)
        ? { unasked: 'the advisory database could not be fetched' }
        : result
    }
  ]
]

function deny(...what) {
  if (!run('cargo', ['deny', '--version']).isFine)
    return { unasked: 'there is no cargo-deny: cargo install --locked cargo-deny' }
  const { isFine, stdout, stderr } = run('cargo', ['deny', '--locked', 'check', ...what])
  return { isFine, text: stdout + stderr }
}

for (const [name, check] of checks) {
  const { unasked, isFine, text } = check()
  console.log(`${name}: ${unasked ? `not asked, ${unasked}` : isFine ? 'fine' : 'FAILED'}`)
  if (!unasked && !isFine) console.log(text)
  if (unasked ? values.strict : !isFine) process.exitCode = 1
}
