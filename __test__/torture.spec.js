'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { describe, test } = require('node:test')
const { makeFolder } = require('./support/files')
const { PATIENCE, root, start } = require('./support/process')

const script = path.join(root, 'scripts/torture.mjs')

function torture(t, ...options) {
  return start(t, [process.execPath, script, ...options]).ended(10 * PATIENCE)
}

describe('after quiet, the exports of every module are what its file holds', () => {
  for (const [name, ...options] of [
    ['a thousand saves of a fixed seed', '--saves', '1000', '--seed', '1'],
    ['a thousand saves of any seed', '--saves', '1000'],
    ['polled', '--saves', '300', '--polling']
  ])
    test(name, async (t) => {
      const { code, stdout, stderr } = await torture(t, ...options)
      const [seed] = /^seed \d+/.exec(stdout)
      t.diagnostic(`${seed}: npm run torture -- ${options.join(' ')}`)
      assert.deepEqual({ code, stderr }, { code: 0, stderr: '' }, stdout)
      assert.match(stdout, /lost 0, late \d+, duplicate \d+, errors 0, crashes 0\npassed\n$/)
    })
})

test('an option that is none ends it', async (t) => {
  for (const options of [
    ['--saves', '0'],
    ['--seed', 'x'],
    ['--sevas', '1']
  ]) {
    const { code, stderr } = await torture(t, ...options)
    assert.equal(code, 1)
    assert.match(stderr, new RegExp(options[0]))
  }
})

describe('what breaks the law', () => {
  const now = () => Number(process.hrtime.bigint()) / 1e6
  const ledgerOf = async (t, text) => {
    const { Ledger } = await import('../scripts/torture/ledger.mjs')
    const { textOf } = await import('../scripts/torture/versions.mjs')
    const module = { index: 0, id: './a', kind: 'sync', hidden: [] }
    const { file } = makeFolder(t, { files: { 'a.js': text ?? textOf(module, 7) } })
    module.file = file('a.js')
    return { module, ledger: new Ledger([module]) }
  }

  test('other exports than those of the last version on the disk', async (t) => {
    const { module, ledger } = await ledgerOf(t)
    assert.deepEqual(ledger.wrong([7]), [])
    assert.deepEqual(ledger.wrong([6]), [{ module, is: 6, wanted: 7 }])
    fs.rmSync(module.file)
    assert.deepEqual(ledger.wrong([6]), [], 'a file that is not there has no last version')
  })

  test('a report of what was whole, or broken for less than the settle time', async (t) => {
    t.mock.method(console, 'error', () => {})
    const { module, ledger } = await ledgerOf(t)
    const at = now()
    const printed = [{ method: 'error', text: '[hmr] ./a: the new version cannot be loaded', at }]
    for (const [from, to, errors, reported] of [
      [at - 5000, at - 4000, 1, 0],
      [at - 150, at - 10, 2, 0],
      [at - 150, Number.POSITIVE_INFINITY, 3, 0],
      [at - 300, at - 10, 3, 1],
      [at - 300, Number.POSITIVE_INFINITY, 3, 2]
    ]) {
      module.hidden = [{ way: 'deleted', from, to }]
      ledger.judge({ updates: [], printed })
      assert.deepEqual([ledger.errors, ledger.reported], [errors, reported], `${from - at} to ${to - at}`)
    }
    ledger.judge({ updates: [], printed: [{ method: 'log', text: 'anything', at }] })
    assert.equal(ledger.errors, 4)
  })

  test('not, but counted: the same version twice, and one that comes late', async (t) => {
    const { module, ledger } = await ledgerOf(t)
    const version = ledger.next()
    ledger.wrote(module, version)
    const at = now()
    const updates = [
      [0, version, at + 1500],
      [0, version, at + 1600]
    ]
    ledger.judge({ updates, printed: [] })
    assert.deepEqual([ledger.late, ledger.duplicates], [1, 1])
  })
})
