// What is said of an update that failed is so: whose text, whose values, and whether it is still so.
'use strict'

const assert = require('node:assert/strict')
const path = require('node:path')
const test = require('node:test')
const { createRequire } = require('node:module')

const {
  captureConsole,
  createPersist,
  createRunner,
  createRuntime,
  hmr,
  HMRRuntime,
  ManualWatcher,
  nextUpdate,
  steps
} = require('./support')
const { makeProject } = require('./support/project')

test('the failure of an old version’s cleanup shows no line of the new text, and nothing recovered', async (t) => {
  const project = makeProject(t)
  project.write(
    'old.js',
    `const { hmr, createRunner } = require('@upvotr/node-hmr')
module.exports = hmr(null, createRunner(() => 'v1', () => {
  throw new Error('no cleanup')
}))`
  )
  const watcher = new ManualWatcher()
  const runtime = createRuntime(createRequire(path.join(project.folder, 'index.js')), watcher)
  const it = await runtime.import('./old.js')
  const printed = captureConsole(t)
  HMRRuntime.setLogging(true)
  t.after(() => HMRRuntime.setLogging(false))
  const innocent =
    "\n\n  innocent()\n\nmodule.exports = require('@upvotr/node-hmr').hmr(null, require('@upvotr/node-hmr').createRunner(() => 'v2'))\nfunction innocent() {}"
  project.write('old.js', innocent)
  const updated = nextUpdate(runtime)
  watcher.tell('./old.js')
  await updated
  assert.equal(it.exports, 'v2')
  const [error] = printed.of('error').map(({ text }) => text)
  assert.match(error, /^\[hmr\] \.\/old\.js: the runner's cleanup failed\nError: no cleanup/)
  assert.doesNotMatch(error, /innocent/)
  assert.match(printed.of('log').at(-1).text, /\.\/old\.js .*updated in/)
})

test('a TypeError after `generate` changed comes with the reason', async (t) => {
  const { runtime, save, next } = steps(t)
  next({
    exported: () =>
      hmr(
        createPersist(() => ({ a: 1 })),
        createRunner((values) => values.a)
      )
  })
  const it = await runtime.import('./module')
  const printed = captureConsole(t)
  const uses = (force) => () =>
    hmr(
      createPersist(() => ({ a: 1, list: [1, 2] })),
      createRunner((values) => values.list.length),
      force
    )
  save({ exported: uses(false) })
  const [error] = printed.taken().map(({ text }) => text)
  assert.match(
    error,
    /the runner failed; its persistent values are those of an earlier `generate`.*`true` as hmr's third argument/
  )
  save({ exported: uses(true) })
  assert.equal(it.exports, 2)

  // The values are those of this very `generate`: nothing to say.
  const text = uses(false)
  save({ exported: () => ({ ...text(), runner: createRunner((values) => values.none.length) }) })
  assert.equal(printed.taken()[0].text.split('\n')[0], '[hmr] ./module: the runner failed')
})

const WRITES = 'fs.writeFileSync(require.resolve("./data.json"), String(data + 1))'
for (const [when, write, last, expected] of [
  ['in its run', WRITES, 40, '10 updates within 2 s'],
  ['after its run', `setTimeout(() => ${WRITES}, 2)`, 130, '100 updates within 10 s']
]) {
  test(`a module that writes what it follows ${when} is warned about, once`, async (t) => {
    const project = makeProject(t)
    project.write('data.json', '0')
    project.write(
      'hot.js',
      `const fs = require('node:fs')
       const { hmr, createRunner } = require('@upvotr/node-hmr')
       const data = require('./data.json')
       module.exports = hmr(null, createRunner(() => {
         if (data < ${last}) ${write}
         if (data === ${last}) console.log('over')
       }))`
    )
    const program = project.hmr(['--dependencies', '-f', 'hot.js'])
    await program.line('over')
    const warnings = program.lines.filter((line) => line.includes('updates within'))
    assert.equal(warnings.length, 1)
    assert.match(warnings[0], new RegExp(`^\\[hmr\\] hot\\.js: ${expected} for data\\.json`))
  })
}

for (const pause of [80, 0]) {
  test(`saves of somebody else, ${pause} ms after an update each, are no loop`, async (t) => {
    const project = makeProject(t)
    const version = (n) => `const { hmr, createRunner } = require('@upvotr/node-hmr')
      module.exports = hmr(null, createRunner(() => console.log('version ' + ${n})))`
    project.write('hot.js', version(0))
    const program = project.hmr(['-f', 'hot.js'])
    await program.line('version 0')
    for (let n = 1; n <= 60 - pause / 2; n++) {
      await new Promise((resolve) => setTimeout(resolve, pause))
      project.write('hot.js', version(n))
      await program.line(`version ${n}`)
    }
    assert.deepEqual(
      program.lines.filter((line) => line.includes('[hmr]')),
      []
    )
  })
}

test('in a burst of saves, a failure that the next mends is not told', async (t) => {
  const project = makeProject(t)
  const names = Array.from({ length: 6 }, (_, index) => `helper${index}`)
  for (const name of names) project.write(`${name}.js`, 'module.exports = "a"')
  project.write(
    'hot.js',
    `const { hmr, createRunner } = require('@upvotr/node-hmr')
     const parts = ${JSON.stringify(names)}.map((name) => require('./' + name))
     module.exports = hmr(null, createRunner(() => {
       if (new Set(parts).size > 1) throw new Error('two branches ' + parts)
       return parts[0]
     }))`
  )
  const runtime = createRuntime(createRequire(path.join(project.folder, 'index.js')), undefined, { dependencies: true })
  t.after(() => runtime.closeAll())
  const it = await runtime.import('./hot.js')
  const printed = captureConsole(t)
  const pause = (time) => new Promise((resolve) => setTimeout(resolve, time))
  // From here on the system tells of each save. One before that is found by its stamp, alone.
  project.write('helper0.js', 'module.exports = "a" // again')
  await nextUpdate(runtime)
  // Each in a batch of its own, the first four as one.
  for (const name of names.slice(0, 4)) project.write(`${name}.js`, 'module.exports = "b"')
  for (const name of names.slice(4)) {
    await nextUpdate(runtime)
    project.write(`${name}.js`, 'module.exports = "b"')
  }
  while (it.exports !== 'b') await nextUpdate(runtime)
  await pause(400)
  assert.deepEqual(printed.of('error'), [])

  // What stays is told.
  for (const name of names.slice(0, 5)) project.write(`${name}.js`, 'module.exports = "c"')
  while (printed.of('error').length === 0) await pause(20)
  assert.match(printed.of('error').at(-1).text, /the runner failed[\s\S]*two branches/)
})
