// Refuses to publish the package without its addons; `napi pre-publish` names them after it has published them.
import { readdirSync, readFileSync } from 'node:fs'

const { name, version, optionalDependencies = {} } = JSON.parse(readFileSync('package.json', 'utf8'))
const missing = readdirSync('npm')
  .map((platform) => `${name}-${platform}`)
  .filter((addon) => optionalDependencies[addon] !== version)
if (missing.length > 0)
  throw new Error(`Publish through .github/workflows/release.yml; not named: ${missing.join(', ')}`)
