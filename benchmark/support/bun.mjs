// Where Bun's program is.
import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'

/** In the package of the platform; the install script of `bun` moves it from there and leaves none. */
export function bun(modules) {
  const packages = path.join(modules, '@oven')
  const name = process.platform === 'win32' ? 'bun.exe' : 'bun'
  const files = readdirSync(packages).map((platform) => path.join(packages, platform, 'bin', name))
  return files.find(existsSync) ?? path.join(modules, 'bun/bin/bun.exe')
}
