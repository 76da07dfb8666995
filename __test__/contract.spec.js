// Each contract in docs/contract says only what is tested: the map of the same name in __test__/contract names the tests
// of each of its sentences. What a map looks like is said in support/contract.js.
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { describe, test } = require('node:test')
const { mapTrouble, specsOf, textTrouble, titleTrouble } = require('./support/contract.js')
const { titlesOf } = require('./support/titles.js')

const documents = path.join(__dirname, '../docs/contract')
const read = (...names) => fs.readFileSync(path.join(...names), 'utf8')
const names = fs.readdirSync(documents).map((file) => path.parse(file).name)

test('each contract has a map, and each map a contract', () => {
  const maps = fs.readdirSync(path.join(__dirname, 'contract')).map((file) => path.parse(file).name)
  assert.deepEqual(maps.sort(), names.slice().sort())
})

for (const name of names)
  describe(`the contract ${name}`, () => {
    const document = read(documents, `${name}.md`)
    const map = JSON.parse(read(__dirname, 'contract', `${name}.json`))

    test('each of its words belongs to a claim of the map, and no other', () => {
      assert.deepEqual(textTrouble(document, map), [])
    })
    test('each claim is there once, with a test', () => {
      assert.deepEqual(mapTrouble(map), [])
    })
    test('each test of the map exists', () => {
      const titles = titlesOf(__dirname, specsOf(map))
      assert.deepEqual(
        titleTrouble(map, titles, (file) => read(__dirname, file)),
        []
      )
    })
  })

describe('the check notices', () => {
  const document =
    '# Title\n\nOne thing. Another\nthing.\n\n## Table\n\n| a | b |\n| --- | --- |\n| c | d |\n\n1. Last.\n'
  const map = () => [
    {
      section: 'Title',
      claims: [
        { claim: 'One thing.', tests: { 'x.spec.js': ['one'] } },
        { claim: 'Another thing.', tests: { 'x.spec.js': ['suite'] } }
      ]
    },
    {
      section: 'Table',
      claims: [
        { claim: '| a | b |', note: 'column heads' },
        { claim: 'c | d', tests: { 'x.spec.js': ['suite > other', 'suite > ot…'] } },
        { claim: 'Last.', tests: { 'types/x.ts': ['a piece'] } }
      ]
    }
  ]
  const titles = { 'x.spec.js': ['one', 'suite > other'] }
  const troubleOf = (document, map) => [
    ...textTrouble(document, map),
    ...mapTrouble(map),
    ...titleTrouble(map, titles, () => 'has a piece')
  ]
  const changed = (change) => {
    const one = map()
    change(one)
    return troubleOf(document, one)
  }

  test('nothing where nothing is wrong', () => assert.deepEqual(troubleOf(document, map()), []))

  for (const [what, edited] of [
    ['a changed word', document.replace('Another', 'Some')],
    ['a sentence more', document.replace('Last.', 'Last. But one.')],
    ['a sentence less', document.replace('One thing.', '')],
    ['a section more', `${document}\n## New\n\nText.\n`],
    ['a section less', document.slice(0, document.indexOf('## Table'))]
  ])
    test(`${what} in the document`, () => assert.notDeepEqual(troubleOf(edited, map()), []))

  for (const [what, change, trouble] of [
    ['a claim without a test', ([title]) => delete title.claims[0].tests, ['no test: One thing.']],
    ['a claim with no test left', ([title]) => (title.claims[0].tests = { 'x.spec.js': [] }), ['no test: One thing.']],
    [
      'a note beside a test',
      ([title]) => (title.claims[0].note = 'why'),
      ['a note has to say why no test: One thing.']
    ],
    ['an empty note', (both) => (both[1].claims[0].note = ''), ['a note has to say why no test: | a | b |']],
    [
      'a test named twice',
      ([title]) => title.claims[0].tests['x.spec.js'].push('one'),
      ['twice: x.spec.js: one, of "One thing."']
    ],
    [
      'a title that is not there',
      ([title]) => (title.claims[0].tests['x.spec.js'] = ['on']),
      ['x.spec.js has no "on", for "One thing."']
    ],
    [
      'a beginning that no title has',
      ([title]) => (title.claims[0].tests['x.spec.js'] = ['suite > two…']),
      ['x.spec.js has no "suite > two…", for "One thing."']
    ],
    [
      'a text that is not there',
      (both) => (both[1].claims[2].tests['types/x.ts'] = ['no piece']),
      ['types/x.ts has no "no piece", for "Last."']
    ]
  ])
    test(what, () => assert.deepEqual(changed(change), trouble))

  test('an entry twice', () => {
    const trouble = changed(([title]) => title.claims.push(title.claims[0]))
    assert.ok(trouble.includes('twice: One thing.'), trouble.join('\n'))
  })
})

test('titles are those that a run has: of loops, templates and suites, without what is skipped', (t) => {
  const folder = fs.mkdtempSync(path.join(require('node:os').tmpdir(), 'hmr-titles-'))
  t.after(() => fs.rmSync(folder, { recursive: true }))
  fs.writeFileSync(
    path.join(folder, 'x.spec.js'),
    `const test = require('node:test')
     const { describe, it } = require('node:test')
     for (const n of [1, 2]) test(\`number \${n}\`, () => { throw new Error('is not run') })
     describe('suite', { concurrency: 1 }, () => describe('inner', () => it('is here', { skip: false }, () => {})))
     test.skip('skipped', () => {})
     it('to do', { todo: true })
     console.log('noise')`
  )
  assert.deepEqual(titlesOf(folder, ['x.spec.js']), {
    'x.spec.js': ['number 1', 'number 2', 'suite > inner > is here']
  })
})
