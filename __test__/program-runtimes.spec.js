'use strict'

// Runtimes of the classic API within a hot program.
const assert = require('node:assert/strict')
const { test } = require('node:test')
const { makeProject, root } = require('./support/project')

const HMR = "import { createPersist, createRunner, createRuntime, hmr, updates } from '@upvotr/node-hmr'\n"

const SERVER = `${HMR}
console.log('server v1')
const runtime = createRuntime(import.meta)
const routes = await runtime.import('./routes.ts')
console.log('routes are', routes.exports)
runtime.on('update', (id) => console.log('update of', id, routes.exports))
for (const outcome of ['updated', 'reloaded', 'failed'])
  updates.on(outcome, (told) => {
    const names = (list) => list.map((file) => file.slice(import.meta.dirname.length + 1)).join(' ')
    console.log('told', outcome, names(told.files), '|', names(told.acceptors), '|', names(told.way), '|', told.error?.message)
  })
setInterval(() => {}, 1000)`

const ROUTES = `${HMR}import { text } from './text.ts'
console.log('routes is evaluated')
let made = 0
const persist = createPersist(() => ({ n: ++made }), ({ n }) => console.log('cleaned up', n))
export default hmr(persist, createRunner(({ n }) => 'r1 ' + text + ' ' + n, () => console.log('stopped')))`

function program(t, more = {}) {
  const project = makeProject(t)
  const files = {
    'package.json': '{ "type": "module" }',
    'server.ts': SERVER,
    'routes.ts': ROUTES,
    'text.ts': "console.log('text is evaluated')\nexport const text: string = 't1'",
    ...more
  }
  for (const [name, text] of Object.entries(files)) project.write(name, text)
  return project
}

// [hot 102, 157]
test('"In a hot program, a classic hot module is an acceptor: an edit below it updates it and nothing above"', async (t) => {
  const project = program(t)
  const { line, lines } = project.hmr(['-l', 'server.ts'])
  await line('its saves are taken')
  const from = lines.length
  project.edit('text.ts', 't1', 't2')
  await line('told updated')
  await line('update of ./routes.ts')
  const said = lines.slice(from).map((text) => text.replace(/^[\d:]+ (.*) in .*$/, '$1'))
  assert.deepEqual(said.toSorted(), [
    '[hmr] text.ts → routes.ts updated',
    'routes is evaluated',
    'stopped',
    'text is evaluated',
    'told updated text.ts | routes.ts | text.ts routes.ts | undefined',
    'update of ./routes.ts r1 t2 1'
  ])
  project.edit('routes.ts', 'r1', 'r2')
  await line('told updated routes.ts | routes.ts | routes.ts | undefined')
  await line('update of ./routes.ts r2 t2 1')
})

// [hot 154, 157]
test('what fails there keeps the last good version, is told once, and the next save is taken', async (t) => {
  const project = program(t)
  const { line, lines } = project.hmr(['-l', 'server.ts'])
  await line('its saves are taken')
  for (const [file, before, after, error] of [
    ['text.ts', "'t1'", '= 1', 'SyntaxError'],
    ['text.ts', "console.log('text is evaluated')", "throw new Error('thrown')", 'thrown'],
    ['routes.ts', "'r1 '", "null.x + 'r1 '", 'the runner failed'],
    ['routes.ts', 'export default', 'const none =', 'Invalid hot module export']
  ]) {
    const from = lines.length
    project.edit(file, before, after)
    await line('told failed')
    project.edit(file, after, before)
    await line('told updated')
    await line('update of ./routes.ts r1 t1 1')
    const blocks = lines
      .slice(from)
      .filter((text) => text.includes(error) && /^(\[hmr\]|\S*Error|\[TypeError)/.test(text))
    assert.equal(blocks.length, 1, lines.slice(from).join('\n'))
    assert.equal(lines.slice(from).filter((text) => text === 'server v1').length, 0, error)
  }
})

// [hot 157]
test('a reload closes the runtimes of the old version, whose modules are cleaned up once the new one has come up', async (t) => {
  const project = program(t)
  const { line, lines } = project.hmr(['server.ts'])
  await line('routes are r1 t1 1')
  project.edit('server.ts', 'v1', 'v2')
  await line('server v2')
  await line('routes are r1 t1 1')
  await line('told reloaded')
  await line('cleaned up 1')
  const from = lines.length
  project.edit('text.ts', 't1', 't2')
  await line('update of ./routes.ts r1 t2 1')
  assert.equal(lines.filter((text) => text.startsWith('told reloaded')).length, 1)
  assert.equal(
    lines.slice(from).filter((text) => text.includes('is evaluated')).length,
    2,
    lines.slice(from).join('\n')
  )
  assert.equal(lines.slice(from).filter((text) => text.startsWith('update of')).length, 1)
})

test('one save of what a reload takes and of what a runtime takes: each module is evaluated once', async (t) => {
  const project = program(t)
  const { line, lines } = project.hmr(['server.ts'])
  await line('routes are r1 t1 1')
  const from = lines.length
  project.edit('server.ts', 'v1', 'v2')
  project.edit('text.ts', 't1', 't2')
  await line('routes are r1 t2')
  await line('cleaned up 1')
  assert.equal(lines.slice(from).filter((text) => text === 'text is evaluated').length, 1, lines.slice(from).join('\n'))
})

test('a module that another acceptor and a runtime take is evaluated once', async (t) => {
  const project = program(t, {
    'page.ts': `import { text } from './text.ts'
      console.log('page has', text)
      import.meta.hot?.accept()`,
    'server.ts': `import './page.ts'\n${SERVER}`
  })
  const { line, lines } = project.hmr(['server.ts'])
  await line('routes are r1 t1 1')
  const from = lines.length
  project.edit('text.ts', 't1', 't2')
  await line('update of ./routes.ts r1 t2 1')
  const said = lines.slice(from)
  assert.equal(said.filter((text) => text === 'text is evaluated').length, 1, said.join('\n'))
  assert.ok(said.includes('page has t2'))
})

// [hot 154]
test('per-runtime instances: each has its own values and its own evaluation', async (t) => {
  const project = program(t, {
    'server.ts': `${HMR}
      const [a, b] = [createRuntime(import.meta), createRuntime(import.meta)]
      const one = await a.import('./routes.ts')
      const other = await b.import('./routes.ts')
      console.log('both are', one.exports, other.exports, one === other)
      b.on('update', () => console.log('both are', one.exports, other.exports))
      setInterval(() => {}, 1000)`
  })
  const { line, lines } = project.hmr(['server.ts'])
  await line('both are r1 t1 1 r1 t1 1 false')
  const from = lines.length
  project.edit('text.ts', 't1', 't2')
  await line('both are r1 t2 1 r1 t2 1')
  const said = lines.slice(from)
  assert.equal(said.filter((text) => text === 'text is evaluated').length, 1, said.join('\n'))
  assert.equal(said.filter((text) => text === 'routes is evaluated').length, 2, said.join('\n'))
})

// [hot 154]
test('a runtime within a persistent value lives on through updates, and is an acceptor itself', async (t) => {
  const project = program(t, {
    'outer.ts': `${HMR}
      const persist = createPersist(async () => {
        const inner = createRuntime(import.meta)
        return { routes: await inner.import('./routes.ts'), inner }
      })
      export default hmr(persist, createRunner(({ routes }) => () => 'o1 ' + routes.exports))`,
    'server.ts': `${HMR}
      const runtime = createRuntime(import.meta)
      const outer = await runtime.import('./outer.ts')
      console.log('outer is', outer.exports())
      updates.on('updated', () => console.log('outer is', outer.exports()))
      setInterval(() => {}, 1000)`
  })
  const { line, lines } = project.hmr(['server.ts'])
  await line('outer is o1 r1 t1 1')
  project.edit('outer.ts', 'o1', 'o2')
  await line('outer is o2 r1 t1 1')
  project.edit('text.ts', 't1', 't2')
  await line('outer is o2 r1 t2 1')
  project.edit('outer.ts', 'o2', 'o3')
  await line('outer is o3 r1 t2 1')
  assert.equal(lines.filter((text) => text.startsWith('cleaned up')).length, 0)
})

test('a runtime that `hot.data` keeps lives on through reloads', async (t) => {
  const project = program(t, {
    'server.ts': `${HMR}
      const data = import.meta.hot?.data ?? {}
      data.runtime ??= createRuntime(import.meta)
      data.routes ??= await data.runtime.import('./routes.ts')
      console.log('v1 has', data.routes.exports)
      updates.removeAllListeners()
      updates.on('updated', () => console.log('v1 has', data.routes.exports))
      setInterval(() => {}, 1000)`
  })
  const { line, lines } = project.hmr(['server.ts'])
  await line('v1 has r1 t1 1')
  project.edit('server.ts', 'v1', 'v2')
  await line('v2 has r1 t1 1')
  project.edit('text.ts', 't1', 't2')
  await line('v2 has r1 t2 1')
  project.edit('server.ts', 'v2', 'v3')
  project.edit('text.ts', 't2', 't3')
  await line('v3 has r1 t')
  await line('v3 has r1 t3 1')
  assert.equal(lines.filter((text) => text.startsWith('cleaned up')).length, 0)
})

// [hot 154]
test('unimport: its file is no module of the program any more', async (t) => {
  const project = program(t, {
    'server.ts': `${HMR}
      console.log('server v1')
      const runtime = createRuntime(import.meta)
      await runtime.import('./routes.ts')
      runtime.unimport('./routes.ts')
      for (const outcome of ['updated', 'reloaded', 'failed']) updates.on(outcome, ({ files }) => console.log('told', outcome, files.length))
      console.log('ready')
      setInterval(() => {}, 1000)`
  })
  const { line, lines } = project.hmr(['server.ts'])
  await line('ready')
  project.edit('text.ts', 't1', 't2')
  project.edit('routes.ts', 'r1', 'r2')
  project.edit('server.ts', 'v1', 'v2')
  await line('server v2')
  await line('told reloaded')
  assert.equal(lines.filter((text) => text.startsWith('told')).length, 1, lines.join('\n'))
})

// [hot 156]
test('`createRuntime(require)` in a hot program', async (t) => {
  const project = program(t, {
    'package.json': '{}',
    'server.js': `const { createRuntime, updates } = require('@upvotr/node-hmr')
      const runtime = createRuntime(require)
      console.log('server v1')
      runtime.import('./routes').then((routes) => {
        console.log('routes are', routes.exports)
        runtime.on('update', () => console.log('now', routes.exports))
        updates.on('updated', ({ acceptors }) => console.log('told', acceptors.length))
      })
      setInterval(() => {}, 1000)`,
    'routes.js': `const { createPersist, createRunner, hmr } = require('@upvotr/node-hmr')
      const { text } = require('./text')
      console.log('routes is evaluated')
      let made = 0
      module.exports = hmr(createPersist(() => ({ n: ++made })), createRunner(({ n }) => 'r1 ' + text + ' ' + n))`,
    'text.js': "console.log('text is evaluated'); exports.text = 't1'"
  })
  const { line, lines } = project.hmr(['server.js'])
  await line('routes are r1 t1 1')
  const from = lines.length
  project.edit('text.js', 't1', 't2')
  await line('told 1')
  await line('now r1 t2 1')
  project.edit('routes.js', 'r1', 'r2')
  await line('told 1')
  await line('now r2 t2 1')
  const said = lines.slice(from)
  assert.deepEqual(
    ['server v1', 'text is evaluated', 'routes is evaluated'].map((it) => said.filter((text) => text === it).length),
    [0, 1, 2],
    said.join('\n')
  )
})

// [hot 157]
test('"A program may watch what happens": a listener that is added again is there once, one that is added once stays', async (t) => {
  const project = program(t, {
    'server.ts': `${HMR}
      import { text } from './text.ts'
      updates.on('reloaded', () => console.log('each', text))
      globalThis.once ??= updates.on('failed', () => console.log('once'))
      console.log('ready')
      setInterval(() => {}, 1000)`,
    'text.ts': "export const text = 't1'"
  })
  const { line, lines } = project.hmr(['server.ts'])
  await line('ready')
  project.edit('text.ts', 't1', 't2')
  await line('each t2')
  project.edit('text.ts', 't2', 't3')
  await line('each t3')
  project.edit('text.ts', "'t3'", '')
  await line('once')
  assert.deepEqual(
    lines.filter((text) => /^each|^once/.test(text)),
    ['each t2', 'each t3', 'once']
  )
})

// [hot 154, 157]
test('what a runtime imported is counted among the modules of a reload', async (t) => {
  const project = program(t)
  const { line } = project.hmr(['-l', 'server.ts'])
  await line('its saves are taken')
  project.edit('server.ts', 'server v1', 'server v2')
  await line(/server\.ts reloaded in .* \(3 modules; nobody accepts it/)
})

// [hot 154, 157]
test('`HMRRuntime.disableReloading()` in a hot program: nothing is taken any more, and it lives as long as under node', async (t) => {
  const switched = "import { HMRRuntime } from '@upvotr/node-hmr'\nHMRRuntime.disableReloading()\n"
  const project = program(t, {
    'server.ts': `${switched}${SERVER.replace('setInterval', 'if (process.argv[2]) setInterval')}`
  })
  const ended = project.hmr(['-l', 'server.ts'])
  await ended.line('server.ts runs; saves are not taken (reloading is disabled)')
  assert.equal(await ended.ended, 0)
  for (const start of [
    () => project.hmr(['-l', 'server.ts', '--', 'stay']),
    () => project.run(['--import', `${root}/register.mjs`, 'server.ts', 'stay'], { HMR_LOGGING: '1' })
  ]) {
    const program = start()
    await program.line('routes are r1')
    const from = program.lines.length
    project.edit('text.ts', 't1', 't2')
    project.edit('routes.ts', 'r1', 'r2')
    project.edit('server.ts', 'server v1', 'server v2')
    project.write('package.json', '{ "type": "module", "name": "changed" }')
    await new Promise((resolve) => setTimeout(resolve, 600))
    assert.deepEqual(
      program.lines.slice(from).filter((line) => !line.includes('saves are not taken')),
      []
    )
    project.edit('text.ts', 't2', 't1')
    project.edit('routes.ts', 'r2', 'r1')
    project.edit('server.ts', 'server v2', 'server v1')
    program.kill()
    await program.ended
  }
})

// [hot 154, 157]
test('`HMRRuntime.disableReloading()` by a new version: it was the last', async (t) => {
  const project = program(t)
  const { line, lines } = project.hmr(['-l', 'server.ts'])
  await line('its saves are taken')
  project.write(
    'server.ts',
    `import { HMRRuntime } from '@upvotr/node-hmr'\nHMRRuntime.disableReloading()\n${SERVER.replace('v1', 'v2')}`
  )
  await line('server v2')
  await line(/server\.ts reloaded in/)
  const from = lines.length
  project.edit('server.ts', 'v2', 'v3')
  project.edit('text.ts', 't1', 't2')
  await new Promise((resolve) => setTimeout(resolve, 600))
  assert.deepEqual(
    lines.slice(from).filter((line) => !/^(cleaned up|stopped|told reloaded)/.test(line)),
    []
  )
})

// [hot 154, 157]
test('`setLogging` and `suppressWarnings` hold for a hot program, too', async (t) => {
  const project = program(t, {
    'server.ts': `import { HMRRuntime } from '@upvotr/node-hmr'\nHMRRuntime.setLogging(false)\nHMRRuntime.suppressWarnings(true)\n${SERVER}`
  })
  const { line, lines } = project.hmr(['-l', 'server.ts'])
  await line('routes are r1')
  project.edit('text.ts', 't1', 't2')
  await line('update of ./routes.ts r1 t2 1')
  project.edit('server.ts', 'server v1', 'server v2')
  await line('told reloaded')
  project.edit('text.ts', 'export', 'exprt')
  await line('told failed')
  const said = lines.filter((text) => text.includes('[hmr]'))
  assert.deepEqual(said, ['[hmr] text.ts: the new version cannot be loaded'])
  project.edit('server.ts', 'setLogging(false)', 'setLogging(true)')
  project.edit('text.ts', 'exprt', 'export')
  await line(/\[hmr\] .* reloaded in/)
})
