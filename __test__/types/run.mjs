// Type-checks the callers in these folders, and the TypeScript blocks of docs/api.md and docs/command.md, against the package's
// declarations: each compiler with each module resolution it knows. Usage: node __test__/types/run.mjs [part of a name]
import { execFile } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import readme from '../support/readme.js'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '../..')

const resolutions = {
  node10: { module: 'commonjs', moduleResolution: 'node', esModuleInterop: true },
  'node10, no interop': { module: 'commonjs', moduleResolution: 'node', esModuleInterop: false },
  node16: { module: 'node16', moduleResolution: 'node16' },
  nodenext: { module: 'nodenext', moduleResolution: 'nodenext' },
  bundler: { module: 'esnext', moduleResolution: 'bundler' },
  'bundler, preserve': { module: 'preserve', moduleResolution: 'bundler' }
}
// `import x = require()` and `export =` are not to be had with "module": "esnext". One file that loads the package in
// both ways needs a resolution that tells the two apart.
const folders = {
  node10: ['cjs'],
  'node10, no interop': ['cjs'],
  node16: ['cjs', 'esm', 'both'],
  nodenext: ['cjs', 'esm', 'both', 'readme'],
  bundler: ['esm'],
  'bundler, preserve': ['cjs', 'esm', 'both']
}
const compilers = [
  {
    // [node-hmr 32]
    name: 'typescript-4.9',
    types: 'types-node-18',
    resolutions: ['node10', 'node10, no interop', 'node16', 'nodenext']
  },
  { name: 'typescript-5', types: 'types-node-18', resolutions: Object.keys(resolutions) },
  { name: 'typescript-5', types: 'types-node-latest', resolutions: ['node10', 'nodenext'] },
  {
    // [node-hmr 32]
    name: 'typescript-latest',
    types: 'types-node-latest',
    resolutions: Object.keys(resolutions).filter((name) => !name.startsWith('node10'))
  }
]

/** What the project has by the peers' names: the versions that the package stands in for. */
const peers = {
  'vite-node': { vite: 'vite', 'vite-node': 'vite-node' },
  'vite-node-5': { vite: 'vite-node-5/node_modules/vite', 'vite-node': 'vite-node-5' },
  'vite-node-3': { vite: 'vite-node-3/node_modules/vite', 'vite-node': 'vite-node-3' }
}

/** Apart, since vite-node's own declarations bring the augmentation of Vite that ours are to bring. */
const viteNodeFolders = ['vite-node', 'vite-node-own']

/** What a tsconfig.json names in `types`. Beside Vite's own declarations, which declare `hot` as well, only with `skipLibCheck`. */
const ambient = {
  'import-meta': { types: ['node', '@upvotr/node-hmr/import-meta'] },
  'import-meta-vite': { types: ['node', '@upvotr/node-hmr/import-meta', 'vite/client'], skipLibCheck: true }
}

const programs = []
for (const compiler of compilers)
  for (const resolution of compiler.resolutions) {
    const program = { ...compiler, resolution, peer: 'vite-node' }
    programs.push({ ...program, folders: folders[resolution] })
    if (resolution.startsWith('node16') || resolution === 'nodenext')
      programs.push({ ...program, folders: ['import-meta'], options: ambient['import-meta'] })
    // Vite's own declarations need a newer TypeScript than 4.9.
    if (compiler.types === 'types-node-latest' && !['node10', 'bundler'].includes(resolution))
      for (const folder of viteNodeFolders) programs.push({ ...program, folders: [folder] })
    if (compiler.types === 'types-node-latest' && resolution === 'nodenext')
      programs.push({ ...program, folders: ['import-meta-vite'], options: ambient['import-meta-vite'] })
  }
for (const peer of Object.keys(peers).slice(1))
  for (const folder of viteNodeFolders)
    programs.push({ ...compilers.at(-1), resolution: 'nodenext', peer, folders: [folder] })

const lab = realpathSync(mkdtempSync(join(tmpdir(), 'node-hmr-types-')))
try {
  for (const program of programs) {
    program.project = join(lab, `${program.types}, ${program.peer}`)
    if (!existsSync(program.project)) layOut(program)
  }
  const wanted = process.argv[2] ?? ''
  let passed = 0
  let failed = 0
  for (const program of programs) {
    const { types, resolution, peer } = program
    const name = `${program.name}, ${types}, ${resolution}: ${program.folders.join(' ')}, ${peer}`
    if (!name.includes(wanted)) continue
    const output = await check(program, `${programs.indexOf(program)}.json`)
    if (output === '') passed++
    else failed++
    console.log(`${output === '' ? 'ok    ' : 'not ok'} ${name}`)
    if (output !== '') console.log(output)
  }
  console.log(`${passed} passed, ${failed} failed`)
  if (failed > 0 || passed === 0) process.exitCode = 1
} finally {
  rmSync(lab, { recursive: true, force: true })
}

/** A user's project: the declarations are copied, so that they find the types of Node which the project has. */
function layOut({ project, types, peer }) {
  for (const folder of ['cjs', 'esm', 'both', ...viteNodeFolders, ...Object.keys(ambient), 'globals.d.ts'])
    cpSync(join(here, folder), join(project, folder), { recursive: true })
  const blocks = ['docs/api.md', 'docs/command.md']
    .flatMap((document) => readme.readmeBlocks(readme.textOf(document)))
    .filter((block) => block.language === 'ts')
  if (blocks.length === 0) throw new Error('The documents have no TypeScript block.')
  for (const block of blocks) {
    const file = join(project, 'readme', block.folder, block.file)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, block.code)
  }
  const modules = join(project, 'node_modules')
  const copy = join(modules, '@upvotr/node-hmr')
  mkdirSync(copy, { recursive: true })
  for (const file of readdirSync(root))
    if (file === 'package.json' || /^(?:index|vite-node|import-meta)\.d\.m?ts$/.test(file))
      cpSync(join(root, file), join(copy, file))
  mkdirSync(join(modules, '@types'))
  symlinkSync(join(root, 'node_modules', types), join(modules, '@types/node'), 'junction')
  for (const [name, installed] of Object.entries(peers[peer]))
    symlinkSync(join(root, 'node_modules', installed), join(modules, name), 'junction')
}

/** Runs the compiler; returns what it found wrong. */
function check({ name, project, resolution, folders, options: own }, configName) {
  const config = join(project, configName)
  const options = {
    ...resolutions[resolution],
    target: 'es2022',
    lib: ['es2022'],
    types: ['node'],
    strict: true,
    noImplicitOverride: true,
    allowJs: true,
    noEmit: true,
    // Our own declarations are to be checked as well.
    skipLibCheck: false,
    ...own
  }
  writeFileSync(config, JSON.stringify({ compilerOptions: options, include: ['globals.d.ts', ...folders] }))
  const tsc = join(root, 'node_modules', name, 'bin/tsc')
  return new Promise((resolve) => {
    execFile(process.execPath, [tsc, '-p', config, '--pretty', 'false'], { cwd: project }, (error, stdout, stderr) => {
      // Errors inside the peers' declarations are not ours. A detail of an error is indented.
      const lines = stdout.split('\n').filter((line) => line !== '')
      let ours = false
      const output = lines.filter((line) => (ours = /^\s/.test(line) ? ours : !isForeign(line)))
      resolve(
        [...output, ...(stderr ? [stderr] : []), ...(error && lines.length === 0 ? [error.message] : [])].join('\n')
      )
    })
  })
}

function isForeign(line) {
  return /^\S*node_modules\/(?!@upvotr\/)/.test(line.replaceAll('\\', '/'))
}
