// What is measured beside each other: how each tool is started on its kind of application.
import { copyFileSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { bun } from '../support/bun.mjs'
import { root } from '../support/project.mjs'
import { apps } from './apps.mjs'

const node = process.execPath
const OURS = '@upvotr/node-hmr'
const viteApp = fileURLToPath(new URL('vite-app.mjs', import.meta.url))

/**
 * `packages` lie in the project's `node_modules`, `of` is the one whose version and size count (none: Node itself);
 * `command` gets the folder of the peers' `node_modules` and the project's, in which it is run.
 */
const all = [
  { name: 'ours', label: OURS, app: 'hot', of: OURS, packages: [OURS], command: () => [node, 'entry.js'] },
  {
    name: 'ours-program',
    label: `${OURS}: a hot program that accepts`,
    app: 'bound',
    of: OURS,
    packages: [OURS],
    command: () => [node, '--import', `${OURS}/register`, 'entry.js']
  },
  {
    name: 'ours-vite-node',
    label: `${OURS}/vite-node`,
    app: 'accepting',
    of: OURS,
    packages: [OURS, 'vite', 'vite-node'],
    command: (_, folder) => onVite(folder, 'vite-node')
  },
  {
    name: 'control',
    label: 'control: `fs.watch`, evict, `require`',
    app: 'control',
    command: () => [node, 'entry.js']
  },
  {
    name: 'javascript',
    label: `the JavaScript ${OURS}`,
    app: 'hot',
    of: OURS,
    isPeer: true,
    packages: [OURS],
    command: () => [node, 'entry.js']
  },
  {
    name: 'hot-hook',
    label: 'hot-hook',
    app: 'dynamic',
    of: 'hot-hook',
    packages: ['hot-hook'],
    command: () => [node, '--import', 'hot-hook/register', 'entry.js']
  },
  {
    name: 'dynohot',
    label: 'dynohot',
    app: 'bound',
    of: 'dynohot',
    packages: ['dynohot'],
    command: () => [node, '--import', 'dynohot/register', 'entry.js']
  },
  {
    name: 'vite-runner',
    label: 'Vite’s module runner',
    app: 'accepting',
    of: 'vite',
    packages: ['vite'],
    command: (_, folder) => onVite(folder, 'runner')
  },
  {
    name: 'vite-node',
    label: 'vite-node --watch',
    app: 'accepting',
    of: 'vite-node',
    packages: ['vite', 'vite-node'],
    command: (modules) => [node, path.join(modules, 'vite-node/dist/cli.mjs'), '--watch', 'entry.js']
  },
  {
    name: 'bun',
    label: 'bun --hot',
    app: 'accepting',
    of: 'bun',
    command: (modules) => [bun(modules), '--hot', 'entry.js']
  },
  { name: 'node-watch', label: 'node --watch', app: 'restarted', command: () => [node, '--watch', 'entry.js'] },
  {
    name: 'nodemon',
    label: 'nodemon',
    app: 'restarted',
    of: 'nodemon',
    command: (modules) => [node, path.join(modules, 'nodemon/bin/nodemon.js'), '--quiet', 'entry.js']
  },
  {
    name: 'tsx',
    label: 'tsx watch',
    app: 'restarted',
    of: 'tsx',
    command: (modules) => [node, path.join(modules, 'tsx/dist/cli.mjs'), 'watch', '--clear-screen=false', 'entry.js']
  }
]

export const tools = Object.fromEntries(all.map((tool) => [tool.name, { ...tool, app: apps[tool.app] }]))

function onVite(folder, way) {
  copyFileSync(viteApp, path.join(folder, 'vite-app.mjs'))
  return [node, 'vite-app.mjs', way]
}

/** Whether a tool asks for more than Node and this package. */
export const needsPeers = ({ of, isPeer, packages }) =>
  of !== undefined && (of !== OURS || Boolean(isPeer) || packages.length > 1)

/** Where a package of a tool lies. */
export const place = (tool, name, modules) => (name === OURS && !tool.isPeer ? root : path.join(modules, name))

export function version(tool, modules) {
  if (!tool.of) return `Node ${process.versions.node}`
  return JSON.parse(readFileSync(path.join(place(tool, tool.of, modules), 'package.json'), 'utf8')).version
}
