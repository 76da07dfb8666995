'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { describe, test } = require('node:test')
const { makeFolder } = require('./support/files')
const { PATIENCE, start } = require('./support/process')

// [node-hmr 80]
describe('"A watch keeps the process alive; after the last is closed it exits by itself"', () => {
  for (const way of ['unwatch', 'closeAll', 'unimport', 'disableReloading', 'again']) {
    test(`after ${way}`, async (t) => {
      const { run, save } = program(t, way)
      await run.printed('watching')
      save()
      const stdout = 'watching\nupdated\nnothing left\nexit 0\n'
      assert.deepEqual(await run.ended(), { code: 0, signal: null, stdout, stderr: '' })
    })
  }

  test('it lives as long as nobody ends the watch', async (t) => {
    const { run, save } = program(t, 'nothing')
    await run.printed('watching')
    for (let round = 0; round < 3; round++) {
      save()
      await run.printed('updated')
    }
    run.kill('SIGTERM')
    const { signal, stdout } = await run.ended()
    assert.equal(signal, 'SIGTERM')
    assert.doesNotMatch(stdout, /nothing left/)
  })
})

describe('with armed watchers', () => {
  for (const way of ['process.exit', 'process.exit at once']) {
    test(`${way} exits with its code`, async (t) => {
      const { run, save } = program(t, way)
      if (way === 'process.exit') {
        await run.printed('watching')
        save()
      }
      const { code, stdout, stderr } = await run.ended()
      assert.deepEqual([code, stderr], [7, ''])
      assert.match(stdout, /exit 7\n$/)
    })
  }

  test('an exception of the program ends it as ever', async (t) => {
    const { run, save } = program(t, 'throw')
    await run.printed('watching')
    save()
    const { code, stderr } = await run.ended()
    assert.equal(code, 1)
    assert.match(stderr, /Error: mine/)
  })
})

test('a child process that is forked while something is watched lives and ends on its own', async (t) => {
  const { dir, write } = makeFolder(t, { fixture: 'exit' })
  write(
    'forks.js',
    `const { FSWatcher } = require('@upvotr/node-hmr')
     const stop = new FSWatcher(require).watch('./value')
     require('node:child_process').fork('./lives.js', ['unimport']).on('message', () => {}).on('exit', (code) => {
       console.log('child ' + code)
       stop()
     })`
  )
  const run = start(t, [process.execPath, 'forks.js'], { cwd: dir })
  await run.printed('watching')
  fs.appendFileSync(`${dir}/value.js`, '\n')
  const { code, stdout } = await run.ended()
  assert.equal(code, 0)
  assert.match(stdout, /child 0/)
})

const hasProc = fs.existsSync('/proc/self/fdinfo')
if (hasProc) {
  test('200 worker threads that are terminated at any moment leave no thread, descriptor or watch behind', async (t) => {
    const { dir } = makeFolder(t, { fixture: 'exit' })
    const run = start(t, [process.execPath, 'workers.js', '200'], { cwd: dir })
    const { code, signal, stdout, stderr } = await run.ended(10 * PATIENCE)
    assert.deepEqual({ code, signal, stderr }, { code: 0, signal: null, stderr: '' })
    const { before, most, after } = JSON.parse(stdout)
    assert.ok(most.watches >= 10, `they watched: ${stdout}`)
    assert.equal(after.watches, 0)
    for (const [what, count] of Object.entries(after)) assert.ok(count <= before[what], `${what}: ${stdout}`)
  })
}

function program(t, way) {
  const { dir } = makeFolder(t, { fixture: 'exit' })
  const run = start(t, [process.execPath, 'lives.js', way], { cwd: dir })
  return { run, save: () => fs.appendFileSync(`${dir}/value.js`, '\n') }
}
