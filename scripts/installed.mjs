// Installs what a lock file names, once per lock file, into a folder of `.cache`.
import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..')

/** The folder in `.cache` that now holds the `node_modules` of `folder`'s lock file. */
export function installed(folder, name) {
  const cache = join(root, '.cache', name)
  mkdirSync(cache, { recursive: true })
  const lock = readFileSync(join(folder, 'package-lock.json'), 'utf8')
  const stamp = join(cache, 'installed-lock.json')
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lock) {
    for (const file of ['package.json', 'package-lock.json']) copyFileSync(join(folder, file), join(cache, file))
    copyFileSync(join(root, '.npmrc'), join(cache, '.npmrc'))
    // On stderr, as stdout is for what the caller prints.
    const options = { cwd: cache, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' }
    // None of them needs a script of its own: what is native comes as a package.
    execFileSync('npm', ['ci', '--ignore-scripts', '--loglevel=error'], options)
    writeFileSync(stamp, lock)
  }
  return cache
}
