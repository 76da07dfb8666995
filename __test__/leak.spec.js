'use strict'

const { test } = require('node:test')
const fs = require('node:fs')
const path = require('node:path')
const { assert, node, root, scenario } = require('./support')

/** Runs a script of the scenario and gives what it prints. */
async function figures(t, script, kind) {
  const { dir } = scenario(t, 'leak')
  const internals = path.join(dir, 'node_modules/@upvotr/node-hmr-internals.js')
  fs.writeFileSync(internals, `module.exports = require(${JSON.stringify(path.join(root, 'bin/internals.js'))})`)
  const { stdout, stderr, code } = await node(['--expose-gc', script, kind], { cwd: dir })
  assert.deepEqual({ stderr, code }, { stderr: '', code: 0 })
  return JSON.parse(stdout)
}

for (const kind of ['sync', 'async', 'forced', 'import']) {
  test(`after 2,000 reloads of a module whose closures capture 100 KB at most two versions are alive: ${kind}`, async (t) => {
    const { alive, children, grown, references } = await figures(t, 'reloads.js', kind)
    assert.ok(alive <= 2, `${alive} versions are alive`)
    assert.ok(children <= 1, `${children} versions are children of the module that requires them`)
    assert.ok(grown < 5_000_000, `the heap grew by ${grown} bytes`)
    assert.equal(references, 0, 'native references are back to the start after unimport')
  })
}

for (const kind of ['manual', 'watched', 'required'])
  test(`after 2,000 updates of a dependency at most two versions of each module are alive: ${kind}`, async (t) => {
    const { count, alive, children, grown, references } = await figures(t, 'dependencies.js', kind)
    assert.equal(count, 2000)
    assert.ok(alive <= 3 * 2, `${alive} versions of three modules are alive`)
    assert.ok(children <= 5, `a module has ${children} children`)
    assert.ok(grown < 5_000_000, `the heap grew by ${grown} bytes`)
    assert.equal(references, 0, 'native references are back to the start after unimport')
  })
