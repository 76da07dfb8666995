'use strict'

const { test } = require('node:test')
const { once } = require('node:events')
const { Worker } = require('node:worker_threads')
const { assert, HMRRuntime, node, scenario } = require('./support')

test('the core runs in four workers at once', async (t) => {
  const { file } = scenario(t, 'worker')
  const workers = Array.from({ length: 4 }, (_, workerData) => new Worker(file('core.js'), { workerData }))
  const messages = await Promise.all(workers.map((worker) => once(worker, 'message')))
  assert.deepEqual(messages, Array(4).fill(['done']))
  const codes = await Promise.all(workers.map((worker) => worker.terminate()))
  assert.equal(codes.length, 4)
  assert.equal(HMRRuntime.shouldSuppressWarnings(), false, 'the switches of a worker are its own')
  assert.equal(HMRRuntime.dependenciesFollowed(), false, 'the switches of a worker are its own')
})

test('a worker that is done exits by itself', async (t) => {
  const { file } = scenario(t, 'worker')
  const worker = new Worker(file('core.js'), { workerData: 0 })
  const [code] = await once(worker, 'exit')
  assert.equal(code, 0)
})

test('workers terminated in the middle of an update neither crash nor hang', async (t) => {
  const { dir } = scenario(t, 'worker')
  const { code, signal, stdout, stderr } = await node(['many.js'], { cwd: dir })
  assert.deepEqual({ code, signal, stdout, stderr }, { code: 0, signal: null, stdout: 'done\n', stderr: '' })
})

test('a process that exits in the middle of an update exits with its own code', async (t) => {
  const { dir, edit } = scenario(t, 'steps')
  edit(
    'main.js',
    `const { createRuntime, Watcher } = require('@upvotr/node-hmr')
     class Manual extends Watcher { watch() { return () => {} } }
     const watcher = new Manual()
     createRuntime(require, watcher).import('./module').then(() => {
       Object.assign(require('./plan'), { version: 2, [process.argv[2]]: () => process.exit(7) })
       watcher.emit('update', './module')
     })`
  )
  for (const step of ['evaluate', 'run', 'exported']) {
    const { code, stderr } = await node(['main.js', step], { cwd: dir })
    assert.deepEqual({ code, stderr }, { code: 7, stderr: '' })
  }
})
