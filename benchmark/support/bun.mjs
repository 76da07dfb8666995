// Where Bun's program is.
import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'

/** In the package of the platform, or where the install script of `bun` has moved it. */
export function bun(modules) {
  const moved = path.join(modules, 'bun/bin/bun.exe')
  if (existsSync(moved)) return moved
  const [platform] = readdirSync(path.join(modules, '@oven'))
  return path.join(modules, '@oven', platform, 'bin', process.platform === 'win32' ? 'bun.exe' : 'bun')
}
