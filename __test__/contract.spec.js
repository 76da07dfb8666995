// Each contract in docs/contract says only what is tested: its sentences are numbered, and a test names the numbers that
// it checks. How is said in support/contract.js.
const assert = require('node:assert/strict')
const { describe, test } = require('node:test')
const { contracts, namedInText, namedNumbers, numberTrouble, numbersOf } = require('./support/contract.js')

const documents = contracts()
const named = namedNumbers()

for (const [name, markdown] of Object.entries(documents))
  describe(`the contract ${name}`, () => {
    test('each sentence and row has a number of its own', () => assert.deepEqual(numberTrouble(markdown), []))

    test('a test names each number', () => {
      const tested = new Set(named.filter((one) => one.name === name).map(({ number }) => number))
      assert.deepEqual(
        numbersOf(markdown).filter((number) => !tested.has(number)),
        []
      )
    })
  })

test('each number that a test names is in a contract', () => {
  const numbers = Object.fromEntries(Object.entries(documents).map(([name, text]) => [name, new Set(numbersOf(text))]))
  const unknown = named.filter(({ name, number }) => !numbers[name]?.has(number))
  assert.deepEqual(
    unknown.map(({ file, line, name, number }) => `${file}:${line}: ${name} ${number}`),
    []
  )
})

describe('the check notices', () => {
  const document = [
    '# Title',
    '',
    'One thing. [1] Another',
    'thing. [2]',
    '',
    'A list:',
    '- first [3]',
    '- second. [4]',
    '',
    '| a | b |',
    '| --- | --- |',
    '| c | d [5] |',
    ''
  ].join('\n')

  test('nothing where nothing is wrong', () => {
    assert.deepEqual(numberTrouble(document), [])
    assert.deepEqual(numbersOf(document), [1, 2, 3, 4, 5])
  })

  for (const [what, changed, trouble] of [
    ['a number twice', document.replace('[2]', '[1]'), ['1 is given twice']],
    [
      'a paragraph without a number',
      document.replace('thing. [2]', 'thing.'),
      ['no number at the end of "One thing. [1] Another thing."']
    ],
    ['a list item without a number', document.replace(' [3]', ''), ['no number at the end of "- first"']],
    ['a row without a number', document.replace(' [5]', ''), ['no number at the end of "| c | d |"']]
  ])
    test(what, () => assert.deepEqual(numberTrouble(changed), trouble))

  test('what a comment above a test names, and nothing of one above nothing', () => {
    const text = '// [node-hmr 1, 2; hot 3]\ntest()\n\n// [hot 4]\n\n// [5]\ntest()\n'
    assert.deepEqual(namedInText(text), [
      { name: 'node-hmr', number: 1, line: 1 },
      { name: 'node-hmr', number: 2, line: 1 },
      { name: 'hot', number: 3, line: 1 }
    ])
  })
})
