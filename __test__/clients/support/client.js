// A project that finds the clients' packages, and the requests that its server is asked with.
const { once } = require('node:events')
const http = require('node:http')
const path = require('node:path')
const { WebSocket } = require('ws')
const { PATIENCE, makeProject, root } = require('../../support/project.js')

/** Where scripts/clients.mjs has installed them. */
const installed = path.join(root, '.cache/clients')
exports.installed = installed

/** A project beside the clients' `node_modules`; Next.js refuses links that lead out of a project. */
exports.makeClient = function makeClient(t, files = {}) {
  const project = makeProject(t, {}, installed)
  for (const [name, text] of Object.entries(files)) project.write(name, text)
  return project
}

/** A GET request over a connection that is kept; `port` is this side's, which tells connections apart. */
exports.get = async function get(url, agent) {
  const request = http.get(url, { agent })
  const [response] = await once(request, 'response')
  const port = response.socket.localPort
  let body = ''
  for await (const chunk of response.setEncoding('utf8')) body += chunk
  return { status: response.statusCode, headers: response.headers, body, port }
}

/** A WebSocket whose messages are awaited one by one. */
exports.connect = async function connect(t, url, options) {
  const socket = new WebSocket(url, options)
  t.after(() => socket.terminate())
  const messages = []
  let wake = () => {}
  let failure
  const fail = (error) => {
    failure ??= error
    wake()
  }
  socket.on('message', (data) => {
    messages.push(String(data))
    wake()
  })
  socket.on('error', fail)
  socket.on('close', () => fail(new Error('The WebSocket was closed.')))
  await once(socket, 'open')
  return {
    socket,
    waiting: () => messages.length,
    isOpen: () => socket.readyState === WebSocket.OPEN,
    async message() {
      const timer = setTimeout(() => fail(new Error('No message came.')), PATIENCE)
      while (messages.length === 0 && !failure) await new Promise((resolve) => (wake = resolve))
      clearTimeout(timer)
      if (messages.length === 0) throw failure
      return messages.shift()
    }
  }
}
