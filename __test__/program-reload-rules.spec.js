'use strict'
// The sentences about a reload, one by one, on programs as somebody runs them.
const assert = require('node:assert/strict')
const fs = require('node:fs')
const http = require('node:http')
const net = require('node:net')
const { test } = require('node:test')
const { once } = require('node:events')
const { makeFolder } = require('./support/files')
const { hmr } = require('./support/process')

const lib = (n) => `export const version: number = ${n}\n`

/** Runs server.ts with its imports of `lib.ts` and http written for it. */
async function run(t, code, files = {}) {
  const folder = makeFolder(t, {
    files: {
      'package.json': '{ "type": "module" }',
      'lib.ts': lib(1),
      'server.ts': `import http from 'node:http'\nimport { version } from './lib.ts'\n${code}`,
      ...files
    }
  })
  const program = hmr(t, ['-l', 'server.ts'], { cwd: folder.dir })
  return { ...folder, program, save: (n) => folder.write('lib.ts', lib(n)) }
}

const LISTENS = `const server = http.createServer((_, response) => response.end(String(version)))
  server.listen(0, '127.0.0.1', () => console.log('up', version, (server.address() as any).port))\n`

function ask(port) {
  return new Promise((resolve, reject) => {
    const request = http.get({ port, host: '127.0.0.1', agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part) => (text += part))
      response.on('end', () => resolve(text)).on('error', reject)
    })
    request.on('error', reject)
  })
}

const refused = (port) => assert.rejects(ask(port), { code: 'ECONNREFUSED' })

// [hot 126, 127, 128, 129]
test('every hot module once, disposers first and importers before imports; data and globalThis stay; the rest is pruned', async (t) => {
  const module = (name, imports = '') => `${imports}
    const hot = import.meta.hot!
    hot.data.runs = (hot.data.runs ?? 0) + 1
    ;(globalThis as any).runs = ((globalThis as any).runs ?? 0) + 1
    console.log('run ${name}', hot.data.runs)
    hot.dispose(() => console.log('dispose ${name}'))
    hot.prune(() => console.log('prune ${name}'))
    export {}\n`
  const server = (more) =>
    `import './b.ts'\n${more}import counted from 'counted'\n${module('server')}console.log('of', counted, (globalThis as any).runs)\nsetInterval(() => {}, 1000)\n`
  const { write, program } = await run(t, '', {
    'node_modules/counted/package.json': '{ "name": "counted" }',
    'node_modules/counted/index.js':
      'globalThis.counted = (globalThis.counted ?? 0) + 1; module.exports = globalThis.counted',
    'b.ts': module('b', "import './c.ts'"),
    'c.ts': module('c'),
    'gone.ts': module('gone'),
    'server.ts': server("import './gone.ts'\n")
  })
  await program.printed('of 1 4')
  const from = program.text.stdout.length
  write('server.ts', server(''))
  await program.printed(/reloaded in/)
  const lines = program.text.stdout
    .slice(from)
    .split('\n')
    .filter((line) => /^(run|dispose|prune|of) /.test(line))
  assert.deepEqual(
    lines.filter((line) => !line.includes('gone')),
    ['dispose server', 'dispose b', 'dispose c', 'run c 2', 'run b 2', 'run server 2', 'of 1 7']
  )
  assert.ok(
    lines.includes('dispose gone') && lines.includes('prune gone') && !lines.includes('run gone 2'),
    String(lines)
  )
})

// [hot 133]
test('"`server.listening`, `address()`, `close(cb)`, the `listening` and `close` events and errors behave for the program as without us"', async (t) => {
  const taken = net.createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.after(() => taken.close())
  const { program, save } = await run(
    t,
    `const seen: string[] = []
    const server = http.createServer()
    server.on('listening', () => seen.push('listening'))
    seen.push(String(server.listening), String(server.address()))
    server.listen(0, '127.0.0.1', () => {
      seen.push('callback', String(server.listening), String((server.address() as any).port > 0))
      try { server.listen(0) } catch (error: any) { seen.push(error.code) }
      const other = http.createServer().on('error', (error: any) => {
        seen.push(error.code, String(other.listening))
        const short = http.createServer().listen(0, '127.0.0.1', () => {
          short.on('close', () => seen.push('close'))
          short.close((error) => {
            seen.push('closed', String(error), String(short.listening))
            short.close((error: any) => console.log('seen', version, seen.join(), error.code))
          })
        })
      })
      other.listen(${taken.address().port}, '127.0.0.1')
    })`
  )
  const expected =
    'false,null,listening,callback,true,true,ERR_SERVER_ALREADY_LISTEN,EADDRINUSE,false,close,closed,undefined,false,close ERR_SERVER_NOT_RUNNING'
  for (let n = 1; n <= 3; n++) {
    const [, seen] = await program.printed(new RegExp(`seen ${n} (.*)`))
    assert.equal(seen, expected, `version ${n}`)
    if (n > 1) await program.printed(/reloaded in/)
    save(n + 1)
  }
})

// [hot 131]
test(
  'the n-th `listen(0)`, and a unix socket, are the same as before',
  { skip: process.platform === 'win32' },
  async (t) => {
    const { program, save, file } = await run(
      t,
      `const servers = [0, 1, 2].map((n) => http.createServer((_, response) => response.end(version + ' of ' + n)).listen(0, '127.0.0.1'))
    const pipe = http.createServer((_, response) => response.end(version + ' of the pipe')).listen('./pipe.sock')
    pipe.on('listening', () => console.log('up', version, JSON.stringify(servers.map((it) => (it.address() as any).port)), pipe.address()))`
    )
    const [, first] = await program.printed(/up 1 (\[.*\])/)
    for (let n = 2; n <= 4; n++) {
      save(n)
      const [, ports, pipe] = await program.printed(new RegExp(`up ${n} (\\[.*\\]) (.*)`))
      assert.deepEqual([ports, pipe], [first, './pipe.sock'])
      await program.printed(/reloaded in/)
      const answers = await Promise.all(JSON.parse(ports).map(ask))
      assert.deepEqual(answers, [`${n} of 0`, `${n} of 1`, `${n} of 2`])
      const request = http.get({ socketPath: file('pipe.sock') })
      const [response] = await once(request, 'response')
      response.setEncoding('utf8')
      assert.equal((await once(response, 'data'))[0], `${n} of the pipe`)
    }
  }
)

// [hot 131]
test('a connection that has asked nothing yet, and a request whose body is on its way, outlive reloads', async (t) => {
  const { program, save } = await run(
    t,
    `const server = http.createServer(async (request, response) => {
      if (request.method === 'POST') console.log('begun')
      for await (const _ of request);
      response.end(String(version))
    })
    server.listen(0, '127.0.0.1', () => console.log('up', version, (server.address() as any).port))`
  )
  const port = Number((await program.printed(/up 1 (\d+)/))[1])
  const idle = net.connect(port, '127.0.0.1')
  await once(idle, 'connect')
  const body = net.connect(port, '127.0.0.1')
  body.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab')
  await program.printed('begun')
  for (let n = 2; n <= 5; n++) {
    save(n)
    await program.printed(`up ${n} ${port}`)
    await program.printed(/reloaded in/)
  }
  body.write('cd')
  assert.match(String((await once(body, 'data'))[0]), /\r\n\r\n1$|\r\n1\r\n/, 'the version that began it answers')
  idle.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  assert.match(String((await once(idle, 'data'))[0]), /\r\n\r\n5$|\r\n5\r\n/, 'the newest version answers')
  for (const socket of [idle, body]) socket.destroy()
})

// [hot 135, 139]
test('an address that is not asked for again is closed 2 s after the evaluation, if another one is listened on', async (t) => {
  const { program, save } = await run(
    t,
    `setInterval(() => console.log('tick', version), 50)
    if (version === 1) {
      const extra = http.createServer((_, response) => response.end('extra'))
      extra.listen(0, '127.0.0.1', () => console.log('extra', (extra.address() as any).port))
    }\n${LISTENS.replace("0, '127.0.0.1'", "0, '127.0.0.2'")}`
  )
  const [, extra] = await program.printed(/extra (\d+)/)
  await program.printed('up 1')
  save(2)
  await program.printed('up 2')
  assert.equal(await ask(extra), 'extra', 'until then the old version answers')
  const [, time] = await program.printed(/reloaded in ([\d.]+ m?s)/)
  assert.match(time, /^2\d{3} ms$|^2\.\d+ s$|^[2-9]\d{3} ms$/)
  await refused(extra)
  const from = program.text.stdout.length
  await program.printed('tick 2')
  await program.printed('tick 2')
  assert.doesNotMatch(program.text.stdout.slice(from), /tick 1/)
})

// [hot 139]
test('"or it ended 10 s ago (said in the log)": a new version that listens on nothing', async (t) => {
  const { program, save } = await run(t, `if (version === 1) {\n${LISTENS}}\nelse console.log('no server')`)
  const [, port] = await program.printed(/up 1 (\d+)/)
  save(2)
  await program.printed('no server')
  assert.equal(await ask(port), '1')
  await program.printed(
    /\[hmr\] 10 s after it was evaluated the new version listens on no address; the server on a port of the system's choice is closed/
  )
  await program.printed(/reloaded in/)
  await refused(port)
})

// [hot 134, 139]
test('a save while the reload before has not come up: the oldest answers until the newest listens', async (t) => {
  const { program, save } = await run(
    t,
    `setInterval(() => {}, 50)
    process.on('SIGUSR2', () => {})
    console.log('runs', version)
    if (version === 2 || version === 3) await new Promise(() => {})
    const server = http.createServer((_, response) => response.end(version + ' ' + process.listenerCount('SIGUSR2')))
    server.listen(0, '127.0.0.1', () => console.log('up', version, (server.address() as any).port))`
  )
  const [, port] = await program.printed(/up 1 (\d+)/)
  const before = (await ask(port)).split(' ')[1]
  for (const n of [2, 3]) {
    save(n)
    await program.printed(`runs ${n}`)
    assert.match(await ask(port), /^1 /)
  }
  save(4)
  await program.printed(`up 4 ${port}`)
  await program.printed(/reloaded in/)
  assert.equal(await ask(port), `4 ${before}`, 'what the versions between had started is gone as well')
})

// [hot 140]
test('"Ports and release hold for the modules of an accepted update just so"', async (t) => {
  const app = (n) => `import http from 'node:http'
    setInterval(() => {}, 50)
    process.on('SIGUSR2', () => {})
    const server = http.createServer((_, response) => response.end('${n} ' + process.listenerCount('SIGUSR2')))
    server.listen(0, '127.0.0.1', () => console.log('up ${n}', (server.address() as any).port))
    export const n = ${n}\n`
  const { write, program } = await run(
    t,
    "import { n } from './app.ts'\nimport.meta.hot!.accept('./app.ts', () => console.log('accepted', n, version))",
    { 'app.ts': app(1) }
  )
  const [, port] = await program.printed(/up 1 (\d+)/)
  const before = (await ask(port)).split(' ')[1]
  for (let n = 2; n <= 4; n++) {
    write('app.ts', app(n))
    await program.printed(`accepted ${n} 1`)
    await program.printed(/app\.ts → server\.ts updated in/)
    while ((await ask(port)) !== `${n} ${before}`) await new Promise(setImmediate)
  }
  // One that listens no more is there at once all the same: bindings do not wait for an address.
  write('app.ts', "export const n = 5\nconsole.log('no server')\n")
  await program.printed('no server')
  await program.printed('accepted 5 1')
  const [, time] = await program.printed(/updated in ([\d.]+ m?s)/)
  assert.match(time, /ms$/)
})

// [hot 136]
test('"A disposer that closes the server itself is honoured"', async (t) => {
  const { program, save } = await run(
    t,
    `const server = http.createServer((_, response) => response.end(String(version)))
    server.listen((globalThis as any).port ??= 0, '127.0.0.1', () => {
      ;(globalThis as any).port = (server.address() as any).port
      console.log('up', version, (globalThis as any).port)
    })
    import.meta.hot!.dispose(() => new Promise((resolve) => server.close(() => { console.log('closed', version); resolve(undefined) })))`
  )
  const [, port] = await program.printed(/up 1 (\d+)/)
  for (let n = 2; n <= 3; n++) {
    save(n)
    await program.printed(`closed ${n - 1}`)
    await program.printed(`up ${n} ${port}`)
    await program.printed(/reloaded in/)
    assert.equal(await ask(port), String(n))
  }
})

// [hot 138]
test('what `hot.data` or `globalThis` holds stays: a value, and in an array, a `Map` or a `Set`', async (t) => {
  const { program, save } = await run(
    t,
    `const data = import.meta.hot!.data
    const every = (name: string) => setInterval(() => console.log('tick', name), 50)
    data.value ??= every('value')
    data.array ??= [every('array')]
    data.map ??= new Map([['a', every('map')]])
    data.set ??= new Set([every('set')])
    ;(globalThis as any).held ??= { not: every('too deep') }
    ;(globalThis as any).heldToo ??= every('global')
    ;(globalThis as any).kept ??= http.createServer((_, response) => response.end('kept')).listen(0, '127.0.0.1', () =>
      console.log('kept', ((globalThis as any).kept.address() as any).port))
    globalThis.setInterval(() => console.log('tick member'), 50)
    console.log('runs', version)\n`
  )
  const [, kept] = await program.printed(/kept (\d+)/)
  save(2)
  await program.printed(/reloaded in/)
  await program.printed('tick member')
  const from = program.text.stdout.length
  for (const name of ['value', 'array', 'map', 'set', 'global']) await program.printed(`tick ${name}`)
  assert.doesNotMatch(program.text.stdout.slice(from), /too deep/)
  assert.equal(await ask(kept), 'kept', 'a server in it is not closed although nobody asks for it again')
})

// [hot 137]
test('intervals are released however the module came by `setInterval`', async (t) => {
  const { program, save } = await run(
    t,
    `import { setInterval as imported } from 'timers'
    import timers from 'node:timers'
    const { setInterval: taken, URL } = globalThis as any
    let assigned: any
    ;({ setInterval: assigned } = globalThis)
    const ways = { imported, taken, assigned, member: timers.setInterval }
    for (const [name, every] of Object.entries(ways)) every(() => console.log('tick', name, version), 5)
    if (URL !== globalThis.URL) throw new Error('not the global object')
    console.log('runs', version)\n`
  )
  await program.printed('tick member 1')
  save(2)
  await program.printed(/reloaded in/)
  // What was released has printed its last line by the time that each new interval has fired twice.
  for (let time = 0; time < 2; time++) {
    for (const name of ['imported', 'taken', 'assigned', 'member']) await program.printed(`tick ${name} 2`)
  }
  const from = program.text.stdout.length
  for (const name of ['imported', 'taken', 'assigned', 'member']) await program.printed(`tick ${name} 2`)
  assert.doesNotMatch(program.text.stdout.slice(from), /tick \w+ 1/)
})

// [hot 124]
test('the entry is deleted: the last good version goes on until it is back', async (t) => {
  const { program, save, file } = await run(t, LISTENS)
  const [, port] = await program.printed(/up 1 (\d+)/)
  const text = fs.readFileSync(file('server.ts'), 'utf8')
  fs.rmSync(file('server.ts'))
  save(2)
  await program.printed(/server\.ts/, 'stderr')
  assert.equal(await ask(port), '1')
  fs.writeFileSync(file('server.ts'), text)
  await program.printed(`up 2 ${port}`)
})
