'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const { test } = require('node:test')
const { setImmediate: nextTurn, setTimeout: pause } = require('node:timers/promises')
const { makeFolder, watched } = require('./support/files')
const { PATIENCE, start } = require('./support/process')

if (process.platform === 'linux') {
  test('Node’s event loop reads the events: no thread does', async (t) => {
    const it = watched(t, ['./a'])
    fs.writeFileSync(it.file('a.js'), '2')
    await it.seen(1)
    const threads = fs.readdirSync('/proc/self/task')
    const names = threads.map((id) => fs.readFileSync(`/proc/self/task/${id}/comm`, 'utf8').trim())
    assert.ok(names.includes('hmr watch'), names.join())
    assert.deepEqual(
      names.filter((name) => name.startsWith('notify')),
      []
    )
  })

  test('a save that the event loop sees as a whole leaves our thread asleep', async (t) => {
    const it = watched(t, ['./a'])
    fs.writeFileSync(it.file('a.js'), '0')
    await it.seen(1)
    const task = (id, file) => fs.readFileSync(`/proc/self/task/${id}/${file}`, 'utf8')
    const ours = fs.readdirSync('/proc/self/task').filter((id) => task(id, 'comm').trim() === 'hmr watch')
    const sleeps = () => ours.map((id) => Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(task(id, 'status'))[1]))
    const saves = 10
    let woken = 0
    for (let n = 1; n <= saves; n++) {
      // A save that comes sooner would belong to a burst, whose end the thread waits for.
      await pause(100)
      const before = sleeps()
      fs.writeFileSync(it.file('a.js'), String(n))
      await it.seen(1)
      await nextTurn()
      if (String(sleeps()) !== String(before)) woken++
    }
    assert.ok(woken <= 2, `woken by ${woken} of ${saves} saves`)
  })

  test('a save is seen after more events than the kernel keeps, while the event loop was busy', async (t) => {
    const it = watched(t, ['./a'])
    fs.writeFileSync(it.file('a.js'), '2')
    await it.seen(1)
    const limit = Number(fs.readFileSync('/proc/sys/fs/inotify/max_queued_events', 'utf8'))
    for (let n = 0; n < limit; n++) fs.writeFileSync(it.file(`other${n % 2}.js`), '')
    fs.writeFileSync(it.file('a.js'), '3')
    assert.deepEqual(await it.seen(1), ['./a'])
    fs.writeFileSync(it.file('a.js'), '4')
    assert.deepEqual(await it.seen(1), ['./a'], 'and the next one')
  })

  test('watches that come and go in one turn leave no descriptor behind', async (t) => {
    const it = watched(t, [], { files: { 'a.js': '1' } })
    const count = () => fs.readdirSync('/proc/self/fd').length
    const before = count()
    for (let n = 0; n < 100; n++) {
      it.watch('./a')
      it.unwatch('./a')
    }
    const deadline = Date.now() + PATIENCE
    while (count() > before) {
      assert.ok(Date.now() < deadline, `${before} descriptors before, ${count()} now`)
      await nextTurn()
    }
    it.watch('./a')
    fs.writeFileSync(it.file('a.js'), '2')
    assert.deepEqual(await it.seen(1), ['./a'])
  })
}

test('what an update schedules runs as after each callback of Node: ticks, then microtasks, and what throws is uncaught', async (t) => {
  const { dir } = makeFolder(t, {
    files: {
      'index.js': `
        const fs = require('node:fs')
        const { FSWatcher } = require('@upvotr/node-hmr')
        const watcher = new FSWatcher(require)
        const order = []
        process.on('uncaughtException', (error) => order.push('uncaught ' + error.message))
        watcher.on('update', () => {
          Promise.resolve().then(() => order.push('microtask'))
          process.nextTick(() => {
            order.push('tick')
            throw new Error('of a tick')
          })
          setImmediate(() => {
            console.log(order.join(', '))
            stop()
          })
        })
        const stop = watcher.watch('./a')
        fs.writeFileSync('./a.js', '2')
      `,
      'a.js': '1'
    }
  })
  const { code, stdout, stderr } = await start(t, [process.execPath, 'index.js'], { cwd: dir }).ended()
  assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: 'tick, uncaught of a tick, microtask\n', stderr: '' })
})
