'use strict'

const assert = require('node:assert/strict')
const { once } = require('node:events')
const fs = require('node:fs')
const http = require('node:http')
const net = require('node:net')
const path = require('node:path')
const { describe, test } = require('node:test')
const { pathToFileURL } = require('node:url')
const { makeFolder } = require('./support/files')
const { hmr, root, start } = require('./support/process')

const register = pathToFileURL(path.join(root, 'register.mjs')).href
const skip = process.platform === 'win32' && 'the system lets no other image take the place of a process'

/** Answers with what it knows; `/slow` when the file `go` is there, `/stay` never. */
const SERVER = `
  import fs from "node:fs";
  import http from "node:http";
  import pkg from "pkg";
  const server = http.createServer((request, response) => {
    if (request.url === "/slow") {
      console.log("slow began");
      const look = setInterval(() => {
        if (!fs.existsSync("go")) return;
        clearInterval(look);
        response.end("slow " + process.pid);
      }, 5);
    } else if (request.url === "/stay") console.log("stays");
    else response.end([process.pid, pkg, process.env.WORD].join(" "));
  });
  server.listen(0, "127.0.0.1", () => console.log("port " + server.address().port + ";"));
`
const FILES = {
  'package.json': '{ "name": "program" }',
  'node_modules/pkg/package.json': '{ "name": "pkg", "main": "index.js" }',
  'node_modules/pkg/index.js': 'module.exports = "one"',
  'words.env': 'WORD=first',
  'server.mjs': SERVER
}

/** Runs the server; gives its port, and what asks it. */
async function serve(t, { files = {}, args = [], options = {} } = {}) {
  const folder = makeFolder(t, { files: { ...FILES, ...files } })
  const run = hmr(t, ['server.mjs', '-l', ...args], { cwd: folder.dir, ...options })
  const [, text] = await run.printed(/port (\d+);/)
  const port = Number(text)
  const restarted = async (what) => {
    const [line] = await run.printed(/^.*restarted in.*$/m)
    assert.match(line, new RegExp(`^\\d\\d:\\d\\d:\\d\\d \\[hmr\\] ${what} restarted in \\d+ ms$`))
    return line
  }
  return { ...folder, run, port, restarted, ask: (url, agent) => ask(port, url, agent), pid: `${run.child.pid}` }
}

async function ask(port, url = '/', agent = new http.Agent()) {
  const request = http.get({ port, path: url, host: '127.0.0.1', agent })
  const [response] = await once(request, 'response')
  let body = ''
  for await (const chunk of response.setEncoding('utf8')) body += chunk
  return body
}

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

describe('"When"', { skip }, () => {
  const triggers = {
    'package.json': ['{ "name": "other" }', 'package.json'],
    'package-lock.json': ['{}', 'package-lock.json'],
    'tsconfig.json': ['{}', 'tsconfig.json'],
    'base.json': ['{ "compilerOptions": { "strict": true } }', 'base.json'],
    'words.env': ['WORD=second', 'words.env'],
    'node_modules/pkg/index.js': ['module.exports = "two"', 'node_modules/pkg/index.js'],
    'config/deep/one.yaml': ['a: 2', 'config/deep/one.yaml']
  }
  for (const [name, [text, shown]] of Object.entries(triggers)) {
    // [hot 143, 148, 161, 165]
    test(`${name} changes`, async (t) => {
      const files = { 'config/deep/one.yaml': 'a: 1' }
      if (name === 'base.json')
        Object.assign(files, { 'tsconfig.json': '{ "extends": "./base" } // base', 'base.json': '{}' })
      const args = ['--env-file=words.env', '--restart=config/**/*.yaml']
      const { write, restarted, ask, pid } = await serve(t, { files, args })
      assert.equal(await ask('/'), `${pid} one first`)
      write(name, text)
      await restarted(shown)
      const [pkg, word] = [name.includes('pkg') ? 'two' : 'one', name.includes('env') ? 'second' : 'first']
      assert.equal(await ask('/'), `${pid} ${pkg} ${word}`)
    })
  }

  // [hot 81, 143]
  test('"a module that declined is reached": its own save, and one below it', async (t) => {
    const files = {
      'server.mjs': `import "./keeps.mjs"; ${SERVER}`,
      'keeps.mjs':
        'import "./below.mjs"; import.meta.hot.decline(); import.meta.hot.dispose(() => console.log("disposed"))',
      'below.mjs': 'export const n = 1'
    }
    const { write, restarted, run } = await serve(t, { files })
    write('below.mjs', 'export const n = 2')
    await restarted('below.mjs → keeps.mjs')
    write('keeps.mjs', `${files['keeps.mjs']}; console.log("two")`)
    await restarted('keeps.mjs')
    assert.deepEqual(run.text.stdout.match(/^(disposed|two)$/gm), ['disposed', 'disposed', 'two'])
  })

  // [hot 143, 161]
  test('"`--restart` is given and nobody accepts"; what is accepted is an update', async (t) => {
    const files = {
      'server.mjs': `import "./plain.mjs"; import "./hot.mjs"; ${SERVER}`,
      'plain.mjs': '',
      'hot.mjs': 'import.meta.hot.accept()'
    }
    const { write, restarted, run, ask, pid } = await serve(t, { files, args: ['--restart'] })
    write('hot.mjs', 'import.meta.hot.accept(); console.log("hot two")')
    await run.printed(/hot\.mjs updated in/)
    write('plain.mjs', 'syntax error')
    await run.printed(/plain\.mjs: the new version cannot be loaded/, 'stderr')
    assert.equal(await ask('/'), `${pid} one `)
    write('plain.mjs', 'console.log("plain two")')
    await restarted('plain.mjs')
    assert.deepEqual(run.text.stdout.match(/(hot|plain) two$/gm), ['hot two', 'plain two', 'hot two'])
  })

  // [hot 161, 165]
  test('`"hmr": { "restart": true }` does as `--restart`, and a list as `--restart=GLOB`', async (t) => {
    const files = { 'package.json': '{ "hmr": { "restart": true } }', 'data.txt': '1' }
    const { write, restarted } = await serve(t, { files })
    write('server.mjs', `${SERVER}; console.log("two")`)
    await restarted('server.mjs')
    write('package.json', '{ "hmr": { "restart": ["*.txt"] } }')
    await restarted('package.json')
    write('data.txt', '2')
    await restarted('data.txt')
    write('new.txt', '1')
    await restarted('new.txt')
  })

  // [hot 119]
  test('§7: what throws in a reload is a package: "the command restarts once instead"', async (t) => {
    const files = {
      'node_modules/models/index.js':
        'const known = new Set(); module.exports = (name) => { if (known.has(name)) throw new Error("Cannot overwrite " + name); known.add(name) }',
      'server.mjs': `import model from "models"; model("User"); ${SERVER}`
    }
    const { write, restarted, run, ask, pid } = await serve(t, { files })
    write('server.mjs', `${files['server.mjs']}; console.log("two")`)
    await restarted('server.mjs')
    assert.match(run.text.stderr, /Cannot overwrite User[\s\S]*packages stay loaded[\s\S]*; restarting$/m)
    assert.equal(await ask('/'), `${pid} one `)
    assert.equal(run.text.stdout.match(/restarted in/g).length, 1)
  })

  test('not for a save of the same content', async (t) => {
    const { write, restarted, run } = await serve(t, { options: { env: { HMR_LOG: 'trace' } } })
    // What is saved before that may differ from what was loaded.
    const known = (file) => `(?=[\\s\\S]*contents are known[^\\n]*${file})`
    await run.printed(new RegExp(known('package.json') + known('pkg.index.js')), 'stderr')
    write('package.json', FILES['package.json'])
    write('node_modules/pkg/index.js', FILES['node_modules/pkg/index.js'])
    write('tsconfig.json', '{}')
    await restarted('tsconfig.json')
  })

  // [hot 143]
  test('"once the burst is over": one restart for many files', async (t) => {
    const { file, write, restarted, run } = await serve(t, { options: { env: { HMR_LOG: 'trace' } } })
    fs.rmSync(file('node_modules/pkg'), { recursive: true })
    write('package-lock.json', '{}')
    await run.printed('missing, so packages are being installed', 'stderr')
    await run.printed('missing, so packages are being installed', 'stderr')
    write('node_modules/pkg/package.json', '{ "name": "pkg", "main": "index.js", "version": "2.0.0" }')
    write('node_modules/pkg/index.js', 'module.exports = "two"')
    await restarted('.* and 2 more')
    assert.equal(run.text.stdout.match(/restarted/g).length, 1)
  })

  // [hot 147]
  test('"A version that fails to start is waited for as on a terminal"', async (t) => {
    const { write, restarted, run, ask, pid } = await serve(t)
    write('server.mjs', 'throw new Error("at the start")')
    run.kill('SIGUSR2')
    await run.printed('waiting for a save of server.mjs', 'stderr')
    const waits = ask('/')
    write('server.mjs', SERVER)
    await restarted('server.mjs')
    assert.equal(await waits, `${pid} one `)
  })

  // [hot 147]
  test('the save that mends a start is one outcome, also of a module that has run already', async (t) => {
    const { write, restarted, run, ask, pid } = await serve(t)
    write('lib.mjs', 'export const fails = true')
    write('server.mjs', `import { fails } from './lib.mjs'\nif (fails) throw new Error('at the start')\n${SERVER}`)
    run.kill('SIGUSR2')
    await run.printed('waiting for a save of server.mjs', 'stderr')
    write('lib.mjs', 'export const fails = false')
    await restarted('lib.mjs')
    assert.equal(await ask('/'), `${pid} one `)
    assert.doesNotMatch(run.text.stdout, /lib\.mjs reloaded/)
  })

  // [hot 151]
  test('"Under `register`": one line says what changed and that a restart is needed', async (t) => {
    const { dir, write } = makeFolder(t, { files: { ...FILES, 'tsconfig.json': '{}' } })
    const run = start(t, [process.execPath, '--import', register, 'server.mjs'], { cwd: dir })
    await run.printed(/port/)
    write('package.json', '{ "name": "other" }')
    await run.printed('[hmr] package.json changed: restart the process to take it', 'stderr')
    run.kill('SIGTERM')
    assert.equal((await run.ended()).code, 143)
  })
})

// [hot 150]
test('"`--inspect` comes back on the same port"', { skip }, async (t) => {
  const { run, restarted } = await serve(t, { args: ['--inspect=0'] })
  const url = /Debugger listening on ws:\/\/127\.0\.0\.1:(\d+)\//
  const [, before] = await run.printed(url, 'stderr')
  run.kill('SIGUSR2')
  await restarted('SIGUSR2')
  const [, after] = await run.printed(url, 'stderr')
  assert.equal(after, before)
})
