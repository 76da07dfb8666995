// Prints the licences of everything that ships in the addon, and fails on one that we may not ship.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const ALLOWED = new Set([
  '0BSD',
  'Apache-2.0',
  'BSL-1.0',
  'Apache-2.0 WITH LLVM-exception',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'Unicode-3.0',
  'Unlicense',
  'Zlib'
])

/** An SPDX expression is fine when one alternative of each part is. */
const isAllowed = (expression) =>
  expression
    .replace(/[()]/g, '')
    .split(' AND ')
    .every((part) => part.split(/ OR |\//).some((licence) => ALLOWED.has(licence.trim())))

const metadata = JSON.parse(
  execFileSync('cargo', ['metadata', '--format-version=1', '--locked'], { encoding: 'utf8', maxBuffer: 64 << 20 })
)
const refused = metadata.packages.filter((crate) => !isAllowed(crate.license ?? 'none'))
for (const crate of refused) console.error(`${crate.name} ${crate.version}: ${crate.license ?? 'no licence'}`)

const { dependencies = {} } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const runtime = Object.keys(dependencies)
if (runtime.length > 0) console.error(`package.json has runtime dependencies: ${runtime.join(', ')}`)

console.log(`${metadata.packages.length} crates, ${refused.length} refused; ${runtime.length} runtime npm dependencies`)
process.exitCode = refused.length + runtime.length > 0 ? 1 : 0
