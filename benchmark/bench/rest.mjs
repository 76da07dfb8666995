// What the servers hold while nothing happens, and what loading and installing a package takes.
import fs from 'node:fs'
import path from 'node:path'
import { load } from '../profile/load.mjs'
import { pause } from '../support/process.mjs'
import { root } from '../support/project.mjs'

/** Resident memory, descriptors, watches and processor time of all servers, during the same `rest` milliseconds. */
export async function atRest(servers, { modules, rest }) {
  for (const server of servers) await server.quiet()
  const before = servers.map((server) => server.holds())
  await pause(rest)
  return servers.map((server, index) => {
    const held = server.holds()
    const row = { tool: server.tool.name, modules, served: round(server.served) }
    if (!held || !before[index]) return row
    const { processes, rss, descriptors, threads, watches, cpu } = held
    return { ...row, processes, rss: round(rss), descriptors, threads, watches, cpu: cpu - before[index].cpu }
  })
}

const round = (value) => Number(value.toFixed(1))

/** `require('@upvotr/node-hmr')` in fresh processes: ours, and the JavaScript package. */
export async function requireTime(names, peers, starts) {
  const packages = { ours: root, javascript: path.join(peers, '@upvotr/node-hmr') }
  const result = {}
  for (const [name, place] of Object.entries(packages)) {
    if (!names.includes(name)) continue
    result[name] = (await load({ starts, reloads: 0, packages: { '@upvotr/node-hmr': place } })).took
  }
  return result
}

/** Bytes on the disk of what `npm install` brings for a package: itself, and what it depends on. */
export function installedSize(name, cache) {
  const { packages } = JSON.parse(fs.readFileSync(path.join(cache, 'package-lock.json'), 'utf8'))
  const seen = new Set()
  const add = (place) => {
    if (seen.has(place)) return
    seen.add(place)
    const { dependencies, optionalDependencies } = packages[place]
    for (const dependency of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const found = lookUp(place, dependency, packages)
      // What is for another platform was not installed.
      if (found && fs.existsSync(path.join(cache, found))) add(found)
    }
  }
  add(`node_modules/${name}`)
  return [...seen].reduce((sum, place) => sum + bytes(path.join(cache, place)), 0)
}

/** Where the place's `require` finds a package. */
function lookUp(place, name, packages) {
  for (let above = place; ; above = above.slice(0, Math.max(above.lastIndexOf('/node_modules/'), 0))) {
    const found = above === '' ? `node_modules/${name}` : `${above}/node_modules/${name}`
    if (found in packages || above === '') return found in packages ? found : undefined
  }
}

/** The size of our package as it is published, with the addon of this machine. */
export function ownSize() {
  const { files } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'))
  const excluded = path.join(root, 'src')
  const published = files.filter((file) => !file.startsWith('!')).map((file) => path.join(root, file))
  const addon = fs.readdirSync(root).filter((file) => file.endsWith('.node'))
  const always = ['README.md', 'LICENSE', 'package.json', ...addon].map((file) => path.join(root, file))
  const isTest = (file) => file.startsWith(excluded) && file.split(path.sep).includes('tests')
  return [...published, ...always].reduce((sum, file) => sum + bytes(file, isTest), 0)
}

function bytes(file, isLeftOut = (below) => path.basename(below) === 'node_modules') {
  if (isLeftOut(file)) return 0
  const status = fs.lstatSync(file)
  if (!status.isDirectory()) return status.size
  return fs.readdirSync(file).reduce((sum, name) => sum + bytes(path.join(file, name), isLeftOut), 0)
}
