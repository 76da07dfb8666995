'use strict'
// Programs as somebody runs them, edited while they are asked.
const assert = require('node:assert/strict')
const http = require('node:http')
const path = require('node:path')
const { describe, test } = require('node:test')
const { pathToFileURL } = require('node:url')
const { makeFolder, saves } = require('./support/files')
const { hmr, root, start } = require('./support/process')

const register = pathToFileURL(path.join(root, 'register.mjs')).href

const WAYS = {
  'hmr -l': (t, file, cwd) => hmr(t, ['-l', file], { cwd }),
  register: (t, file, cwd) =>
    start(t, [process.execPath, '--import', register, file], { cwd, env: { HMR_LOGGING: '1' } })
}

/** Asks on the agent's connection. */
function ask(port, agent) {
  return new Promise((resolve, reject) => {
    const request = http.get({ port, agent, host: '127.0.0.1' }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part) => (text += part))
      response.on('end', () => resolve(text)).on('error', reject)
    })
    request.on('error', reject)
  })
}

const agentOf = (t) => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  t.after(() => agent.destroy())
  return agent
}

const lib = (n) => `export const version: number = ${n}\n`
const server = (more = '') => `
  import http from 'node:http'
  import { version } from './lib.ts'
  setInterval(() => {}, 50)
  setTimeout(() => {}, 1e8)
  process.on('SIGUSR2', () => {})
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  const server: http.Server = http.createServer((request, response) =>
    response.end(JSON.stringify({ version, timers: timers(), listeners: process.listenerCount('SIGUSR2') }))
  )
  server.listen(0, '127.0.0.1', () => console.log('up', (server.address() as any).port, version))
  ${more}
`

async function run(t, way, files) {
  const folder = makeFolder(t, { files })
  const program = WAYS[way](t, 'server.ts', folder.dir)
  const [, port] = await program.printed(/up (\d+) \S+/)
  return { ...folder, program, port: Number(port), agent: agentOf(t) }
}

// [hot 3]
for (const way of Object.keys(WAYS))
  test(`${way}: "no connection is refused, connections stay open", timers and listeners are as after one`, async (t) => {
    const { file, program, port, agent } = await run(t, way, { 'server.ts': server(), 'lib.ts': lib(0) })
    let isOver = false
    const answers = []
    const asking = (async () => {
      while (!isOver) answers.push(JSON.parse(await ask(port, agent)).version, JSON.parse(await ask(port)).version)
    })()
    const all = Object.values(saves)
    for (let n = 1; n <= 12; n++) {
      all[n % all.length](file('lib.ts'), lib(n))
      const [, same] = await program.printed(new RegExp(`up (\\d+) ${n}\\b`))
      assert.equal(Number(same), port, '"the n-th `listen(0)` is the same as before"')
      await program.printed(/reloaded in/)
    }
    isOver = true
    await asking
    assert.deepEqual(answers, answers.toSorted?.((one, two) => one - two) ?? [...answers].sort((one, two) => one - two))
    const last = JSON.parse(await ask(port, agent))
    assert.deepEqual(last, { version: 12, timers: 2, listeners: last.listeners })
    assert.ok(last.listeners <= 2, `${last.listeners} listeners`)
  })

// [hot 5, 6]
// [hot 117, 118, 122, 125]
describe('a broken save: the last good version answers, and the next good save is taken', () => {
  const broken = {
    syntax: ['lib.ts', 'export const version = \n', /cannot be loaded/],
    'a missing import': ['lib.ts', `import './gone.js'\n${lib(1)}`, /gone\.js/],
    'a throw': ['lib.ts', `${lib(1)}throw new Error('thrown')`, /thrown/],
    'an exit': ['server.ts', server('process.exit(1)'), /process\.exit\(1\) before the new version had come up/],
    'a rejection': ['server.ts', server("Promise.reject(new Error('nobody'))"), /nobody/],
    'an exception in the next turn': ['server.ts', server("setImmediate(() => { throw new Error('soon') })"), /soon/],
    'two exceptions in one turn': [
      'server.ts',
      server('for (const n of [1, 2]) setImmediate(() => { throw new Error(`turn ${n}`) })'),
      /turn 1/
    ],
    'a command that is not there': [
      'server.ts',
      `import { spawn } from 'node:child_process'; spawn('no-such-command'); throw new Error('after it')`,
      /after it/
    ]
  }
  const heads = { '': '', ', where a disposer has run': 'import.meta.hot!.dispose(() => {})\n' }
  for (const [way, [words, head]] of Object.keys(WAYS).flatMap((way) => Object.entries(heads).map((it) => [way, it])))
    test(`${way}${words}`, async (t) => {
      const good = head + server()
      const { write, program, port, agent } = await run(t, way, { 'server.ts': good, 'lib.ts': lib(0) })
      let n = 0
      for (const [name, [file, text, report]] of Object.entries(broken)) {
        write(file, text)
        await program.printed(report, 'stderr')
        assert.equal(JSON.parse(await ask(port, agent)).version, n, name)
        n++
        if (file === 'server.ts') {
          write('server.ts', good)
          await program.printed('(recovered)')
        }
        write('lib.ts', lib(n))
        await program.printed(new RegExp(`up ${port} ${n}\\b`))
        if (file !== 'server.ts') await program.printed('(recovered)')
        assert.equal(JSON.parse(await ask(port, agent)).version, n, name)
      }
    })
})

// [hot 113]
test('"An evaluation that hangs holds up nothing": what ran before is taken again', async (t) => {
  const { write, program } = await run(t, 'hmr -l', { 'server.ts': server(), 'lib.ts': lib(0) })
  write('server.ts', server("console.log('hangs'); await new Promise(() => {})"))
  await program.printed('hangs')
  write('server.ts', server())
  await program.printed(/up \d+ 0/)
  await program.printed(/server\.ts reloaded in/)
})

// [hot 11]
test('"the watching command reports it, keeps the process and waits for the next save", once a save was taken', async (t) => {
  const late = "setTimeout(() => { if (version === 1) throw new Error('late') }, 300)"
  const { write, program, port } = await run(t, 'hmr -l', { 'server.ts': server(late), 'lib.ts': lib(0) })
  write('lib.ts', lib(1))
  await program.printed('late', 'stderr')
  await program.printed('waits for the next save', 'stderr')
  write('lib.ts', lib(2))
  await program.printed(`up ${port} 2`)
})

// [hot 16]
test('a program that has nothing else to do: "says so once on stderr", and takes saves', async (t) => {
  const folder = makeFolder(t, {
    files: { 'main.ts': "import { n } from './n.ts'; console.log('n', n)", 'n.ts': 'export const n = 1' }
  })
  const program = hmr(t, ['main.ts'], { cwd: folder.dir })
  await program.printed('waiting for changes', 'stderr')
  folder.write('n.ts', 'export const n = 2')
  await program.printed('n 2')
  folder.write('n.ts', 'export const n = 3')
  await program.printed('n 3')
  assert.equal(program.text.stderr.split('waiting for changes').length, 2)
})

// [hot 119]
test('what a package throws in a reload: "the report adds that packages stay loaded across reloads"', async (t) => {
  const { write, program, port } = await run(t, 'register', {
    'node_modules/models/package.json': '{ "name": "models" }',
    'node_modules/models/index.js':
      'const all = new Set(); exports.model = (name) => { if (all.has(name)) throw new Error(`twice ${name}`); all.add(name) }',
    'server.ts': `import { model } from 'models'; model('User');${server()}`,
    'lib.ts': lib(0)
  })
  write('lib.ts', lib(1))
  await program.printed('twice User', 'stderr')
  await program.printed(/packages stay loaded across reloads.*hot\.data/, 'stderr')
  assert.equal(JSON.parse(await ask(port)).version, 0)
})

// [hot 166, 167]
test('the log line of a reload: the program alone, and the hint the first time', async (t) => {
  const { write, program } = await run(t, 'register', { 'server.ts': server(), 'lib.ts': lib(0) })
  write('lib.ts', lib(1))
  await program.printed(
    /^\d\d:\d\d:\d\d \[hmr\] lib\.ts reloaded in [\d.]+ ms \(2 modules; nobody accepts it; `import\.meta\.hot\?\.accept\(\)` in lib\.ts would make it an update\)$/m
  )
  write('lib.ts', lib(2))
  await program.printed(/lib\.ts reloaded in [\d.]+ ms \(2 modules; nobody accepts it\)$/m)
})
