'use strict'

// A server as somebody wrote it, run hot, edited over and over while clients ask without pause.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const http = require('node:http')
const http2 = require('node:http2')
const https = require('node:https')
const net = require('node:net')
const path = require('node:path')
const { makeFolder, saves } = require('./files')
const { PATIENCE, hmr, root } = require('./process')

/** The ways to save, and what editors and tools do besides. */
const SAVES = [
  ...Object.values(saves),
  // Truncated first, as a shell's redirection does.
  (file, text) => {
    fs.truncateSync(file)
    fs.writeFileSync(file, text)
  },
  // In two parts, the first of which does not parse.
  (file, text) => {
    const descriptor = fs.openSync(file, 'w')
    fs.writeSync(descriptor, text.slice(0, 17))
    fs.writeSync(descriptor, text.slice(17))
    fs.closeSync(descriptor)
  },
  // Twice, as with a formatter that runs on each save.
  (file, text) => {
    fs.writeFileSync(file, `${text}   \n`)
    fs.writeFileSync(file, text)
  }
]

/** How a module of each kind imports and exports. */
const KINDS = {
  typescript: {
    extension: 'ts',
    lib: (n) => `export const version: number = ${n}\n`,
    imports: (name, from) => `import ${name} from '${from}'`,
    lead: "import { version } from './lib.ts'"
  },
  es: {
    extension: 'mjs',
    lib: (n) => `export const version = ${n} //\n`,
    imports: (name, from) => `import ${name} from '${from}'`,
    lead: "import { version } from './lib.mjs'"
  },
  commonjs: {
    extension: 'cjs',
    lib: (n) => `exports.version = ${n} //\n`,
    imports: (name, from) => `const ${name.replaceAll(' as ', ': ')} = require('${from}')`,
    lead: "const { version } = require('./lib.cjs')"
  }
}

const certificate = path.join(root, '__test__/fixtures/certificate')
const tls = `{ key: readFileSync(${JSON.stringify(path.join(certificate, 'key.pem'))}), cert: readFileSync(${JSON.stringify(path.join(certificate, 'certificate.pem'))}) }`
const files = { '{ readFileSync }': 'node:fs' }

/** Servers of Node's own: what they import, their code, and who asks them. */
const SERVERS = {
  net: {
    imports: { net: 'node:net' },
    code: `net.createServer((socket) => socket.on('error', () => {}).on('data', () => socket.write(version + '\\n')))
      .listen(0, '127.0.0.1', UP)`,
    clients: (port) => [sockets(port, true), sockets(port, false)]
  },
  http: {
    imports: { http: 'node:http' },
    code: "http.createServer((_, response) => setImmediate(() => response.end(String(version)))).listen(0, '127.0.0.1', UP)",
    clients: (port) => [requests(http, port, true), requests(http, port, true), requests(http, port, false)]
  },
  https: {
    imports: { https: 'node:https', ...files },
    code: `https.createServer(${tls}, (_, response) => response.end(String(version))).listen(0, '127.0.0.1', UP)`,
    clients: (port) => [requests(https, port, true), requests(https, port, false)]
  },
  http2: {
    imports: { http2: 'node:http2', ...files },
    code: `http2.createSecureServer(${tls}, (_, response) => response.end(String(version))).listen(0, '127.0.0.1', UP)`,
    clients: (port) => [streams(port, true), streams(port, false)]
  }
}

/** Asks for `/` by HTTP, over one kept connection or a new one each time. */
function requests(protocol, port, isKept, options = {}) {
  const agent = isKept ? new protocol.Agent({ keepAlive: true, maxSockets: 1 }) : false
  const ask = () =>
    new Promise((resolve, reject) => {
      const given = { port, agent, host: '127.0.0.1', rejectUnauthorized: false, ...options }
      const request = protocol.get(given, (response) => {
        let text = ''
        response.on('data', (part) => (text += part))
        response.on('end', () => resolve(text)).on('error', reject)
      })
      request.on('error', reject)
    })
  const close = () => {
    if (agent) agent.destroy()
  }
  return { ask, close }
}

/** Asks a plain server by a line: plain sockets stay with the version that accepted them. */
function sockets(port, isKept) {
  let kept
  const ask = () =>
    new Promise((resolve, reject) => {
      const socket = kept ?? net.connect(port, '127.0.0.1')
      if (isKept) kept = socket
      socket.once('error', reject)
      socket.once('data', (data) => {
        socket.removeAllListeners('error').on('error', () => {})
        if (!isKept) socket.end()
        resolve(String(data))
      })
      socket.write('?')
    })
  return { ask, staysOld: isKept, close: () => kept?.destroy() }
}

/** Asks by HTTP/2. */
function streams(port, isKept) {
  let kept
  const ask = () =>
    new Promise((resolve, reject) => {
      const session = kept ?? http2.connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false })
      if (isKept) kept = session
      session.on('error', reject)
      const stream = session.request({ ':path': '/' })
      let text = ''
      stream.setEncoding('utf8').on('data', (part) => (text += part))
      stream.on('error', reject)
      stream.on('end', () => {
        session.off('error', reject)
        if (!isKept) session.close()
        resolve(text)
      })
      stream.end()
    })
  return { ask, close: () => kept?.destroy() }
}

/**
 * Runs the server, and saves a module of it `edits` times in all ways. Fails if a request is refused, reset or left
 * hanging, if the version goes backwards for a client, or if the last one is not there in the end.
 *
 * @param {any} t
 * @param {{ kind: keyof typeof KINDS, server: any, edits: number, link?: (folder: string) => void, args?: string[] }} given
 */
async function underLoad(t, { kind, server, edits, link, args = [] }) {
  const { extension, lib, imports, lead } = KINDS[kind]
  const lines = Object.entries(server.imports).map(([name, from]) => imports(name, from))
  const up = "(function () { console.log('up', (this.server ?? this).address().port) })"
  const code = `${lines.join('\n')}\n${lead}\n${server.code.replaceAll('UP', up)}\n`
  const main = `server.${extension}`
  const folder = makeFolder(t, {
    files: { 'package.json': '{ "type": "module" }', [`lib.${extension}`]: lib(1), [main]: code, ...server.files }
  })
  link?.(folder.dir)
  const program = hmr(t, ['-l', ...args, main], { cwd: folder.dir })
  const [, port] = await program.printed(/up (\d+)/)
  const load = asking(server.clients(Number(port)))
  t.after(() => load.close())
  for (let n = 2; n <= edits + 1; n++) {
    SAVES[n % SAVES.length](folder.file(`lib.${extension}`), lib(n))
    // Every third save comes while the one before is being taken.
    if (n % 3) await load.answered(n)
  }
  await load.answered(edits + 1)
  await load.end()
  assert.equal(program.text.stderr.replaceAll(/^\[hmr\] waiting for changes\n/gm, ''), '')
  return { program, load, folder, port: Number(port) }
}

/** Clients that ask until they are told to end. */
function asking(clients) {
  let isOver = false
  let failure
  const waiting = new Set()
  const check = () => {
    for (const one of waiting) one()
  }
  const latest = clients.map(() => 0)
  const counts = clients.map(() => 0)
  const loop = async (client, place) => {
    while (!isOver) {
      const answer = Number(await inTime(client.ask(), `request ${counts[place]} of client ${place}`))
      assert.ok(answer >= latest[place], `${answer} after ${latest[place]}`)
      latest[place] = answer
      counts[place]++
      check()
    }
  }
  const all = Promise.all(clients.map(loop)).catch((error) => {
    failure = error
    check()
  })
  return {
    counts,
    /** Resolves once every client that can has been answered by version `n`. */
    answered: (n) =>
      inTime(
        new Promise((resolve, reject) => {
          const one = () => {
            const isThere = clients.every((client, place) => client.staysOld || latest[place] >= n)
            if (!failure && !isThere) return
            waiting.delete(one)
            if (failure) reject(failure)
            else resolve()
          }
          waiting.add(one)
          one()
        }),
        () => `version ${n}; the clients have ${latest}`
      ),
    async end() {
      isOver = true
      await all
      if (failure) throw failure
    },
    close() {
      isOver = true
      for (const client of clients) client.close()
    }
  }
}

/** Fails when nothing came for long. */
async function inTime(promise, what) {
  let timer
  const late = new Promise((_, reject) => {
    const fail = () => reject(new Error(`waited in vain for ${typeof what === 'function' ? what() : what}`))
    timer = setTimeout(fail, PATIENCE)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

module.exports = { KINDS, SERVERS, SAVES, asking, inTime, requests, underLoad }
