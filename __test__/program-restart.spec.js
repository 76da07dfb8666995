'use strict'

const assert = require('node:assert/strict')
const { once } = require('node:events')
const fs = require('node:fs')
const http = require('node:http')
const net = require('node:net')
const { describe, test } = require('node:test')
const { makeFolder } = require('./support/files')
const { hmr } = require('./support/process')
const { FILES, SERVER, ask, serve, skip } = require('./support/restarting')

describe('"To whoever started the command it stays one process"', { skip }, () => {
  // [hot 4, 143, 145]
  test('SIGUSR2: the PID and the port are kept, arguments too', async (t) => {
    const { run, port, ask, restarted, pid } = await serve(t, {
      files: { 'server.mjs': `${SERVER}; console.log(process.argv.slice(2).join())` },
      args: ['--', 'one', '--two']
    })
    assert.equal(await ask('/'), `${pid} one `)
    run.kill('SIGUSR2')
    await restarted('SIGUSR2')
    assert.equal(await ask('/'), `${pid} one `)
    assert.equal(run.text.stdout.match(new RegExp(`port ${port};`, 'g')).length, 2)
    assert.equal(run.text.stdout.match(/^one,--two$/gm).length, 2)
  })

  // [hot 145]
  test('exit code and signals afterwards', async (t) => {
    const { run, restarted } = await serve(t)
    for (let time = 0; time < 3; time++) {
      run.kill('SIGUSR2')
      await restarted('SIGUSR2')
    }
    run.kill('SIGTERM')
    const { code, stderr } = await run.ended()
    assert.deepEqual([code, stderr], [143, ''])
  })

  test('a SIGUSR2 while the new image starts is taken', async (t) => {
    // Sends the signal once, when the command of the new image loads one of its first files.
    const preload = `const fs = require("node:fs"), Module = require("node:module"), load = Module._load
      Module._load = function (request, ...rest) {
        if (request === "./missing.js" && process.env.HMR_RESTARTED && !fs.existsSync("sent"))
          fs.writeFileSync("sent", ""), process.kill(process.pid, "SIGUSR2")
        return Reflect.apply(load, this, [request, ...rest])
      }`
    const given = { files: { 'preload.cjs': preload }, options: { env: { NODE_OPTIONS: '--require=./preload.cjs' } } }
    const { run, ask, restarted, pid } = await serve(t, given)
    run.kill('SIGUSR2')
    for (let time = 0; time < 2; time++) await restarted('SIGUSR2')
    assert.equal(await ask('/'), `${pid} one `)
  })

  // [hot 145]
  test('its standard input goes on', async (t) => {
    const files = { 'server.mjs': `${SERVER}; process.stdin.on("data", (text) => console.log("said " + text))` }
    const { run, restarted } = await serve(t, { files, options: { stdio: 'pipe' } })
    run.child.stdin.write('before')
    await run.printed('said before')
    run.kill('SIGUSR2')
    await restarted('SIGUSR2')
    run.child.stdin.write('after')
    await run.printed('said after')
  })

  test("a program's own listener for SIGUSR2 decides", async (t) => {
    const files = { 'server.mjs': `${SERVER}; process.on("SIGUSR2", () => console.log("its own"))` }
    const { run } = await serve(t, { files })
    run.kill('SIGUSR2')
    await run.printed('its own')
    assert.doesNotMatch(run.text.stdout, /restarted/)
  })

  test('nothing of it is seen by the program or its children', async (t) => {
    const files = {
      'server.mjs': `${SERVER}; console.log("sees " + Object.keys(process.env).filter((it) => it.startsWith("HMR_")) + ";")`
    }
    const { run, restarted } = await serve(t, { files })
    run.kill('SIGUSR2')
    await restarted('SIGUSR2')
    assert.equal(run.text.stdout.match(/sees ;/g).length, 2)
  })
})

describe('"Requests under way are finished, disposers and the classic cleanups run first"', { skip }, () => {
  // [hot 146]
  test('a request under way is finished by the version that began it, and its connection is closed', async (t) => {
    const { run, ask, restarted, pid, write } = await serve(t)
    const agent = new http.Agent({ keepAlive: true })
    t.after(() => agent.destroy())
    const slow = ask('/slow', agent)
    await run.printed('slow began')
    run.kill('SIGUSR2')
    const meanwhile = ask('/')
    write('go', 'now')
    assert.equal(await slow, `slow ${pid}`)
    await restarted('SIGUSR2')
    assert.equal(await meanwhile, `${pid} one `)
    assert.equal(await ask('/', agent), `${pid} one `)
  })

  // [hot 146]
  test('"within --grace": then without the request', async (t) => {
    const { run, ask, restarted } = await serve(t, { args: ['--grace=300'] })
    const stays = ask('/stay')
    await run.printed('stays')
    run.kill('SIGUSR2')
    await assert.rejects(stays)
    await restarted('SIGUSR2')
    assert.match(run.text.stderr, /1 requests took longer than 300 ms; restarting without them/)
  })

  // [hot 146]
  test('cleanups and exit listeners run, once', async (t) => {
    const folder = makeFolder(t, { fixture: 'command', files: { ...FILES, 'package.json': '{}' } })
    fs.appendFileSync(folder.file('server.js'), '\nprocess.on("exit", () => console.log("exits"))')
    const run = hmr(t, ['server.js', '-l'], { cwd: folder.dir })
    await run.printed('version one runs')
    run.kill('SIGUSR2')
    await run.printed('restarted in')
    const said = /^(version one runs|runner cleaned|values cleaned|exits)$/gm
    const run1 = ['version one runs', 'runner cleaned', 'values cleaned', 'exits', 'version one runs']
    assert.deepEqual(run.text.stdout.match(said), run1)
  })

  test('children end', async (t) => {
    const files = {
      'server.mjs': `${SERVER};
        import { spawn } from "node:child_process";
        console.log("child " + spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" }).pid + ";");`
    }
    const { run, restarted } = await serve(t, { files })
    const children = () => [...run.text.stdout.matchAll(/child (\d+);/g)].map(([, pid]) => Number(pid))
    run.kill('SIGUSR2')
    await restarted('SIGUSR2')
    assert.throws(() => process.kill(children()[0], 0), { code: 'ESRCH' })
    process.kill(children()[1])
  })
})

describe('"clients that connect meanwhile wait and are answered; none is refused"', { skip }, () => {
  // [hot 149]
  test('one after another, over three restarts', async (t) => {
    const { run, ask, restarted, pid } = await serve(t)
    let isOver = false
    let count = 0
    const client = async () => {
      while (!isOver) {
        assert.equal(await ask('/'), `${pid} one `)
        count++
      }
    }
    const clients = Promise.all([client(), client(), client()])
    for (let time = 0; time < 3; time++) {
      run.kill('SIGUSR2')
      await restarted('SIGUSR2')
    }
    isOver = true
    await clients
    assert.ok(count > 3, `${count}`)
  })

  // [hot 149]
  test('two servers on any port each keep theirs, and so does a Unix socket', async (t) => {
    const files = {
      'server.mjs': `${SERVER.replace('console.log("port', 'console.log("first')}
        import net from "node:net";
        net.createServer((socket) => socket.end("unix")).listen("socket");
        const second = net.createServer((socket) => socket.end("second"));
        second.listen(0, "127.0.0.1", () => console.log("port " + second.address().port + ";"));`
    }
    const { run, port, restarted, file, pid } = await serve(t, { files })
    const first = Number(/first (\d+);/.exec(run.text.stdout)[1])
    run.kill('SIGUSR2')
    await restarted('SIGUSR2')
    const said = async (...address) => {
      const socket = net.connect(...address)
      const [chunk] = await once(socket, 'data')
      socket.destroy()
      return `${chunk}`
    }
    assert.equal(await said(port, '127.0.0.1'), 'second')
    assert.equal(await said(file('socket')), 'unix')
    assert.equal(await ask(first), `${pid} one `)
  })
})
