// What has to work on every runtime. The tests run on Node; the programs, on the runtime that HMR_RUNTIME names (a JSON
// array: the program and its first arguments), or on Node as well.
const assert = require('node:assert/strict')
const path = require('node:path')
const { describe, test } = require('node:test')
const { makeProject, root, run } = require('../support/project.js')

const runtime = JSON.parse(process.env.HMR_RUNTIME ?? JSON.stringify([process.execPath]))

describe(`on ${path.basename(runtime[0])}`, () => {
  function start(t, ...args) {
    const project = makeProject(t)
    project.copy('__test__/fixtures/runtimes')
    return { ...project, program: run(t, args, project.folder, {}, runtime) }
  }

  test('an edit, a broken one and its repair are taken; after closeAll the process ends by itself', async (t) => {
    const { program, edit } = start(t, 'watched.js')
    await program.line('Hello, run 1')
    edit('greeting.js', 'Hello', 'Hi')
    await program.line('Hi, run 2')
    edit('greeting.js', '=> `', '=> ? `')
    await program.line(/last good version/)
    edit('greeting.js', '=> ? `Hi', '=> `Welcome')
    await program.line('Welcome, run 3')
    edit('greeting.js', 'Welcome', 'Goodbye')
    await program.line('Goodbye, run 4')
    assert.equal(await program.ended, 0)
  })

  test('the native classes, what they inherit from and what they throw', async (t) => {
    const { program } = start(t, 'classes.mjs')
    await program.line('the classes are as in Node')
    assert.equal(await program.ended, 0)
  })

  test('the addon in workers', async (t) => {
    const { program } = start(t, 'worker.js')
    for (let i = 0; i < 3; i++) await program.line('Hello, run 1')
    await program.line('the workers are gone')
    assert.equal(await program.ended, 0)
  })

  test('the command runs a server, which keeps its port across an edit', async (t) => {
    const { program, edit } = start(t, path.join(root, 'bin/hmr.js'), '-f', 'server.js')
    const address = await program.line('http:')
    await program.line('runs')
    const answer = async () => (await fetch(address)).text()
    assert.equal(await answer(), 'first version')
    edit('server.js', 'first', 'second')
    await program.line('runs')
    assert.equal(await answer(), 'second version')
  })
})
