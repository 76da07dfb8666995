'use strict'

// Runs one spec of the classic API over fixtures of another kind, without the tests that are left out:
// `node one-kind.js KIND SPEC [PART OF A TITLE]…`

const nodeTest = require('node:test')
const { useKind } = require('./kinds')

const [kind, spec, ...leftOut] = process.argv.slice(2)
const unless = (one) => (title, body) => (leftOut.some((part) => title.includes(part)) ? undefined : one(title, body))

useKind(kind)
Object.assign(nodeTest, { it: unless(nodeTest.it), test: unless(nodeTest.test) })
require(`../${spec}.spec.js`)
