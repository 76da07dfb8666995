// One application, written as each tool wants it: it loads all modules of a project, and answers `GET /<index>` with the
// version of that module. The port and the price of the persistent value come through the environment.
import fs from 'node:fs'
import path from 'node:path'
import { floor } from '../support/floor.mjs'

const ANSWER = `const answer = (modules) => (request, response) => response.end(String(modules(Number(request.url.slice(1))).version))
const makeValue = () => new Promise((resolve) => setTimeout(resolve, Number(process.env.BENCH_VALUE), {}))
const listen = (server) => server.listen(Number(process.env.BENCH_PORT), '127.0.0.1')
`
const REQUIRES = `const http = require('node:http')
const files = require('./files.json')
${ANSWER}`

/** For what starts anew: no word about reloading. */
const restarted = `${REQUIRES}
const modules = files.map((file) => require(file))
makeValue().then(() => listen(http.createServer(answer((index) => modules[index]))))
`

/** The floor: what little takes a save at all, with nothing for all that can go wrong. */
const control = `${REQUIRES}
const fs = require('node:fs')
const path = require('node:path')
${floor}makeValue().then(() => listen(http.createServer(answer((index) => modules.get(files[index])))))
`

/** Hot modules, with the constructors that both generations of the package have. */
const hot = `${REQUIRES}
const { FSWatcher, HMRRuntime } = require('@upvotr/node-hmr')
const runtime = new HMRRuntime(new FSWatcher(require), require)
async function main() {
  const modules = []
  for (const file of files) modules.push(await runtime.import(file))
  listen(http.createServer(answer((index) => modules[index].exports)))
}
main()
`

/** `hot-hook` parses the importing file for each import, so that file had better be short. */
const dynamic = () => `import fs from 'node:fs'
import http from 'node:http'
import { pathToFileURL } from 'node:url'
${ANSWER}
const urls = JSON.parse(fs.readFileSync('files.json', 'utf8')).map((file) => pathToFileURL(file).href)
for (const url of urls) await import(url)
await makeValue()
listen(http.createServer(async (request, response) => {
  const loaded = await import(urls[Number(request.url.slice(1))])
  answer(() => loaded)(request, response)
}))
`

const namespaces = (specifiers) =>
  specifiers.map((specifier, index) => `import * as m${index} from '${specifier}'`).join('\n')

/** With `import.meta.hot`, or evaluated again as a whole: the server and the value outlive both. */
const accepting = (specifiers) => `import http from 'node:http'
${namespaces(specifiers)}
${ANSWER}
const modules = [${specifiers.map((_, index) => `m${index}`).join(', ')}]
globalThis.modules = modules
import.meta.hot?.accept([
${specifiers.map((specifier) => `  '${specifier}'`).join(',\n')}
], (updated) => updated?.forEach((module, index) => { if (module) modules[index] = module }))
globalThis.value ??= await makeValue()
globalThis.server ??= listen(http.createServer(answer((index) => globalThis.modules[index])))
`

/** `dynohot` binds the names of an accepted import anew, so they are looked up for each request. */
const bound = (specifiers) => `import http from 'node:http'
${namespaces(specifiers)}
${ANSWER}
const modules = [${specifiers.map((_, index) => `() => m${index}`).join(', ')}]
import.meta.hot.accept([
${specifiers.map((specifier) => `  '${specifier}'`).join(',\n')}
])
await makeValue()
listen(http.createServer(answer((index) => modules[index]())))
`

const commonJs = (version) => `exports.version = ${version}\n`
const module = (version) => `export const version = ${version}\n`
/** The saved module itself owns the persistent value, where a tool has a word for that. */
const hotModule = (version, value) => {
  const made = value === 0 ? '' : `() => new Promise((resolve) => setTimeout(resolve, ${value}, {}))`
  return `const { createPersist, createRunner, hmr } = require('@upvotr/node-hmr')
module.exports = hmr(createPersist(${made}), createRunner(() => ({ version: ${version} })))
`
}

/** By kind: the text of the entry, and of one version of a module. */
export const apps = {
  restarted: { entry: () => restarted, text: commonJs },
  control: { entry: () => control, text: commonJs },
  hot: { entry: () => hot, text: hotModule },
  dynamic: { entry: dynamic, text: module, isModule: true },
  accepting: { entry: accepting, text: module, isModule: true },
  bound: { entry: bound, text: module, isModule: true }
}

/** Writes the entry of an app into a project of such modules, and what says how it is to be read. */
export function writeEntry({ folder, files }, { entry, isModule }) {
  const specifiers = files.map((file) => `./${path.relative(folder, file).split(path.sep).join('/')}`)
  fs.writeFileSync(path.join(folder, 'entry.js'), entry(specifiers))
  const manifest = {
    private: true,
    type: isModule ? 'module' : 'commonjs',
    hotHook: { boundaries: ['./src/**/*.js'] }
  }
  fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest))
}
