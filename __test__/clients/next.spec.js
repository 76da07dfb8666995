// examples/next-custom-server, asked with HTTP and WebSockets, shown in a browser, and built for production.
const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const http = require('node:http')
const path = require('node:path')
const { test } = require('node:test')
const { PATIENCE } = require('../support/project.js')
const { connect, get, installed, makeClient } = require('./support/client.js')

const environment = { PORT: '0', NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'development' }
const nextBin = path.join(installed, 'node_modules/next/dist/bin/next')

/** The example, running; `address` is where. */
async function start(t, { prepare = () => {}, args = ['-l'], env, file = 'server.js' } = {}) {
  const project = makeClient(t)
  project.copy('examples/next-custom-server')
  await prepare(project)
  const program = project.hmr([...args, '-f', file], { ...environment, ...env })
  const [address] = /http:\S+/.exec(await program.line('Listening on'))
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  t.after(() => agent.destroy())
  return { project, program, address, get: (url) => get(address + url, agent) }
}

for (const file of ['server.js', 'server.ts'])
  test(`edits of routes and of ${file} keep one Next, one process and the sockets`, async (t) => {
    const { project, program, address, get } = await start(t, { file })
    const socket = await connect(t, `${address.replace('http', 'ws')}/socket`)
    assert.equal(await socket.message(), 'connected')
    assert.notEqual(watches(program.pid), 0)
    const first = await get('/api/time')
    assert.equal(JSON.parse(first.body).version, 'first')
    const page = await get('/')
    assert.match(page.body, /Hello!/)
    // Next has its own upgrade listener since that request.
    const refresh = await connect(t, `${address.replace('http', 'ws')}/_next/hmr?id=a`, { origin: address })

    // A route.
    project.edit('routes/time.js', '"first"', '"second"')
    assert.equal(await socket.message(), 'updated ./routes/time.js')
    const second = await get('/api/time')
    assert.equal(JSON.parse(second.body).version, 'second')
    assert.equal(second.port, first.port)

    // A route that does not parse, and its repair.
    project.edit('routes/time.js', '=>', '= >')
    await program.line(/last good/)
    assert.equal(JSON.parse((await get('/api/time')).body).version, 'second')
    project.edit('routes/time.js', '= >', '=>')
    assert.equal(await socket.message(), 'updated ./routes/time.js')

    // The server's own module.
    project.edit(file, 'first version', 'second version')
    await program.line(`${file} updated`)
    assert.equal((await get('/api/time')).headers['x-served-by'], 'server, second version')
    const later = await connect(t, `${address.replace('http', 'ws')}/socket`)
    assert.equal(await later.message(), 'connected')
    assert.equal((await get('/')).status, 200)

    // Both clients are told of the next update, once.
    project.edit('routes/time.js', '"second"', '"third"')
    assert.equal(await socket.message(), 'updated ./routes/time.js')
    assert.equal(await later.message(), 'updated ./routes/time.js')
    assert.deepEqual([socket.waiting(), later.waiting()], [0, 0])
    assert.ok(socket.isOpen() && refresh.isOpen())
    assert.equal((await get('/api/time')).port, first.port)
    assert.equal(program.lines.filter((line) => line.includes('Listening on')).length, 1)

    // The cleanups, then the exit code that the shell expects, although Next leaves handles open.
    program.kill('SIGTERM')
    assert.equal(await program.ended, 143)
  })

test('a request that is under way during an update is answered by the version it began with', async (t) => {
  const { project, address, get } = await start(t)
  const socket = await connect(t, `${address.replace('http', 'ws')}/socket`)
  assert.equal(await socket.message(), 'connected')
  const underWay = await upload(address)

  project.edit('routes/upload.js', 'first', 'second')
  assert.equal(await socket.message(), 'updated ./routes/upload.js')
  const later = await upload(address)
  assert.equal(await later.end(), '4 bytes, counted by the second version')
  assert.equal(await underWay.end(), '4 bytes, counted by the first version')
  assert.equal((await get('/api/time')).status, 200)
})

test('what Next has loaded stays in require.cache, each module the same', async (t) => {
  const { project, address, get } = await start(t)
  const socket = await connect(t, `${address.replace('http', 'ws')}/socket`)
  await socket.message()
  assert.equal((await get('/')).status, 200)
  project.write('routes/time.js', countingRoute)
  await socket.message()
  const before = JSON.parse((await get('/api/time')).body)
  assert.ok(before.modules > 100, `${before.modules} modules`)

  project.edit('server.js', 'first version', 'second version')
  project.edit('routes/time.js', 'text/plain', 'text/json')
  for (;;) {
    const { headers, body } = await get('/api/time')
    if (headers['x-served-by'] !== 'server, second version' || headers['content-type'] !== 'text/json') continue
    assert.deepEqual(JSON.parse(body), { modules: before.modules, replaced: 0 })
    break
  }
})

for (const file of ['server.js', 'server.ts'])
  test(`in a browser, state survives an update of ${file} and an edit of the page, without a page load`, async (t) => {
    const { chromium } = require(path.join(installed, 'node_modules/playwright-core'))
    const { project, program, address } = await start(t, { file })
    const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
    t.after(() => browser.close())
    const page = await browser.newPage()
    // Next compiles and the browser renders beside the tests of others: three times as patient.
    page.setDefaultTimeout(3 * PATIENCE)
    // Next tells a page of its edits once the page has subscribed to its parts.
    const subscribed = page
      .waitForEvent('websocket', (socket) => socket.url().includes('/_next/hmr'))
      .then((socket) =>
        socket.waitForEvent('framesent', ({ payload }) => String(payload).includes('turbopack-subscribe'))
      )
    await page.goto(address)
    await subscribed
    await page.getByText('connected', { exact: true }).waitFor()
    const loads = []
    page.on('load', () => loads.push(page.url()))
    for (let i = 0; i < 3; i++) await page.getByRole('button', { name: 'clicks' }).click()
    await page.getByText('3 clicks').waitFor()

    project.edit(file, 'first version', 'second version')
    await program.line(`${file} updated`)
    project.edit('routes/time.js', '"first"', '"second"')
    await page.getByText('updated ./routes/time.js').waitFor()
    await page.getByText('3 clicks').waitFor()

    project.edit('app/page.tsx', 'Hello!', 'Welcome!')
    await page.getByRole('heading', { name: 'Welcome!' }).waitFor()
    await page.getByText('3 clicks').waitFor()
    await page.getByRole('button', { name: 'clicks' }).click()
    await page.getByText('4 clicks').waitFor()
    assert.equal(await page.evaluate(async () => (await (await fetch('/api/time')).json()).version), 'second')
    assert.deepEqual(loads, [])
  })

test('in production the same files run, and nothing is watched: hmr -n, and disableReloading()', async (t) => {
  const env = { NODE_ENV: 'production' }
  const prepare = async (project) => {
    const build = project.run([nextBin, 'build'], { ...environment, ...env })
    assert.equal(await build.ended, 0, build.lines.join('\n'))
  }
  const { project, program: served, get: ask } = await start(t, { prepare, args: ['-n'], env })
  assert.match((await ask('/')).body, /Hello!/)

  project.write(
    'index.js',
    `const { HMRRuntime, createRuntime } = require('@upvotr/node-hmr')
     HMRRuntime.disableReloading()
     createRuntime(require).import('./server.js')`
  )
  const program = project.run(['index.js'], { ...environment, ...env })
  const [address] = /http:\S+/.exec(await program.line('Listening on'))
  const before = await get(`${address}/api/time`)
  assert.match((await get(address)).body, /Hello!/)
  assert.deepEqual([watches(served.pid), watches(program.pid)], [0, 0])
  project.edit('routes/time.js', '"first"', '"second"')
  project.edit('server.js', 'first version', 'second version')
  for (const answer of [await ask('/api/time'), await get(`${address}/api/time`)]) {
    assert.equal(JSON.parse(answer.body).version, 'first')
    assert.equal(answer.headers['x-served-by'], before.headers['x-served-by'])
  }
})

test('the example is type-checked, server and all', (t) => {
  const project = makeClient(t)
  project.copy('examples/next-custom-server')
  execFileSync(process.execPath, [nextBin, 'typegen'], {
    cwd: project.folder,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'ignore', 'inherit']
  })
  const tsc = path.join(installed, 'node_modules/typescript/bin/tsc')
  execFileSync(process.execPath, [tsc, '--noEmit'], { cwd: project.folder, stdio: 'inherit' })
})

/** How many watches a process has with the kernel. */
function watches(pid) {
  const folder = `/proc/${pid}/fdinfo`
  const descriptors = fs.readdirSync(folder).map((name) => fs.readFileSync(path.join(folder, name), 'utf8'))
  return descriptors.join('').match(/^inotify wd:/gm)?.length ?? 0
}

/** A route that answers how many modules of packages there were at the first request, and how many were replaced since. */
const countingRoute = `const { createRunner, hmr } = require('@upvotr/node-hmr')
module.exports = hmr(null, createRunner(() => (request, response) => {
  globalThis.loaded ??= Object.entries(require.cache).filter(([file]) => file.includes('node_modules'))
  const replaced = loaded.filter(([file, module]) => require.cache[file] !== module).length
  response.setHeader('Content-Type', 'text/plain')
  response.end(JSON.stringify({ modules: loaded.length, replaced }))
}))
`

/** A POST of four bytes, begun: the server has answered that it wants the body. */
async function upload(address) {
  const request = http.request(`${address}/api/upload`, { method: 'POST', headers: { Expect: '100-continue' } })
  request.flushHeaders()
  await once(request, 'continue')
  request.write('ab')
  return {
    async end() {
      request.end('cd')
      const [response] = await once(request, 'response')
      let body = ''
      for await (const chunk of response.setEncoding('utf8')) body += chunk
      return body
    }
  }
}
