'use strict'
// Servers of Node's own, and those of the frameworks that are installed here, edited under load; others: `npm run test:clients`.
const http = require('node:http')
const path = require('node:path')
const { test } = require('node:test')
const { link } = require('./support/project')
const { root } = require('./support/process')
const { KINDS, SERVERS, requests, underLoad } = require('./support/under-load')

/** Edits of each server; of the first one more. */
const EDITS = Number(process.env.HMR_EDITS ?? 20)

const clients = (port) => [requests(http, port, true), requests(http, port, true), requests(http, port, false)]
const express = (name) => ({
  imports: { express: name },
  code: `const app = express()
    app.get('/', (_, response) => setImmediate(() => response.send(String(version))))
    app.listen(0, '127.0.0.1', UP)`,
  clients
})
const ALL = { ...SERVERS, 'express 4': express('express-4'), 'express 5': express('express') }
const packages = (folder) => {
  for (const name of ['express', 'express-4', 'ws'])
    link(path.join(root, 'node_modules', name), path.join(folder, 'node_modules', name))
}

// [hot 1]
// [hot 130, 131]
for (const [name, server] of Object.entries(ALL))
  for (const kind of Object.keys(KINDS))
    test(`${name}, ${kind}: no request is refused, reset or left hanging, and no version goes backwards`, (t) =>
      underLoad(t, { kind, server, link: packages, edits: name === 'http' && kind === 'typescript' ? 200 : EDITS }))
