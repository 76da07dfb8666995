'use strict'
// A server that restarts, for the specs of restarts.
const assert = require('node:assert/strict')
const { once } = require('node:events')
const http = require('node:http')
const { makeFolder } = require('./files')
const { hmr } = require('./process')

/** The reason for leaving a test out, where there is one. */
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

module.exports = { FILES, SERVER, ask, serve, skip }
