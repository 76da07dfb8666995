// TypeScript servers, through loaders.
const { test } = require('node:test')
const { makeClient } = require('./support/client.js')

const server = `import { createRunner, hmr } from '@upvotr/node-hmr'
interface Greeting { readonly text: string }
const greeting: Greeting = { text: 'first version' }
`
const tsconfig = JSON.stringify({ compilerOptions: { module: 'commonjs', target: 'es2022', esModuleInterop: true } })

test('jiti: hmr -r loader.js, with edits of a TypeScript file', async (t) => {
  const project = makeClient(t, {
    'server.ts': `${server}export default hmr(null, createRunner(() => console.log(greeting.text)))`,
    'loader.js': `const { createJiti } = require('jiti')
      const { synthetic } = require('@upvotr/node-hmr')
      const jiti = createJiti(__filename)
      module.exports = synthetic((path) => jiti(path).default, require, jiti.cache)`
  })
  const program = project.hmr(['-r', 'loader.js', '-f', 'server.ts'])
  await program.line('first version')
  project.edit('server.ts', 'first', 'second')
  await program.line('second version')
})

test('@swc-node/register: node -r, and hmr -f with a TypeScript file', async (t) => {
  const files = {
    'tsconfig.json': tsconfig,
    'server.ts': `${server}export = hmr(null, createRunner(() => console.log(greeting.text)))`,
    'index.ts': `import { createRuntime } from '@upvotr/node-hmr'
      createRuntime(require).import('./server')`
  }
  const project = makeClient(t, files)
  const program = project.run(['-r', '@swc-node/register', 'index.ts'])
  await program.line('first version')
  project.edit('server.ts', 'first', 'second')
  await program.line('second version')
  // A type in the wrong place, and its repair.
  project.edit('server.ts', 'const greeting: Greeting', 'const greeting: : Greeting')
  await program.line(/last good version/)
  project.edit('server.ts', ": : Greeting = { text: 'second", ": Greeting = { text: 'third")
  await program.line('third version')

  const command = makeClient(t, files)
  const hmr = command.hmr(['-f', 'server.ts'], { NODE_OPTIONS: '-r @swc-node/register' })
  await hmr.line('first version')
  command.edit('server.ts', 'first', 'second')
  await hmr.line('second version')
})
