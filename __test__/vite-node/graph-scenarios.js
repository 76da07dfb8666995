'use strict'

const fs = require('node:fs')
const path = require('node:path')
const { add, edit, remove } = require('./steps.js')

/** Modules that vite-node runs through the client environment: whatever does not end like a script. */
const webMode = {
  fixture: 'web-mode',
  start: [
    ['view', 'shared 1', 'part 1 of nested 1'],
    ['self', 'shared 1'],
    ['main', 'text 1']
  ],
  steps: [
    {
      title: 'one that a self-accepting module imports',
      act: edit('text.txt', 'text 1', 'text 2'),
      ours: [['main', 'text 2']],
      theirs: [
        ['view', 'shared 1', 'part 1 of nested 1'],
        ['self', 'shared 1'],
        ['main', 'text 2']
      ],
      why: '2'
    },
    {
      title: 'it is edited again',
      act: edit('text.txt', 'text 2', 'text 3'),
      ours: [['main', 'text 3']],
      theirs: [
        ['view', 'shared 1', 'part 1 of nested 1'],
        ['self', 'shared 1'],
        ['main', 'text 3']
      ],
      why: '2'
    },
    {
      title: 'what one imports, beside another boundary',
      act: edit('shared.ts', 'shared 1', 'shared 2'),
      ours: [
        ['self', 'shared 2'],
        ['view', 'shared 2', 'part 1 of nested 1'],
        ['main', 'text 3']
      ],
      theirs: [],
      why: '9'
    },
    {
      title: 'one that would accept itself in a browser',
      act: edit('view.vue', '"view"', '"new view"'),
      ours: [
        ['new view', 'shared 2', 'part 1 of nested 1'],
        ['main', 'text 3']
      ],
      theirs: [],
      why: '9'
    },
    {
      title: 'one that only such modules import',
      act: edit('part.vue', 'part 1', 'part 2'),
      ours: [
        ['new view', 'shared 2', 'part 2 of nested 1'],
        ['main', 'text 3']
      ],
      theirs: [],
      why: '9'
    },
    {
      title: 'what that imports',
      act: edit('nested.ts', 'nested 1', 'nested 2'),
      ours: [
        ['new view', 'shared 2', 'part 2 of nested 2'],
        ['main', 'text 3']
      ],
      theirs: [
        ['new view', 'shared 2', 'part 2 of nested 2'],
        ['self', 'shared 2'],
        ['main', 'text 3']
      ],
      why: '9'
    }
  ]
}

const readsData = {
  name: 'reads-data',
  transform(code, id) {
    if (!id.endsWith('/data.ts')) return
    const file = path.join(path.dirname(id), 'data.txt')
    this.addWatchFile(file)
    return code.replace('the text of data.txt', fs.readFileSync(file, 'utf8').trim())
  }
}

const started = [['main', './parts/one.ts', 'data 1']]

/** Edits whose modules come from what a module watches. */
const watching = {
  fixture: 'watching',
  plugins: [readsData],
  start: started,
  steps: [
    {
      title: 'a file that a transform reads',
      act: edit('data.txt', 'data 1', 'data 2'),
      ours: [['main', './parts/one.ts', 'data 2']]
    },
    {
      title: 'a new file that a glob matches',
      act: add('parts/two.ts', 'export const part = 2'),
      ours: [['main', './parts/one.ts,./parts/two.ts', 'data 2']]
    },
    {
      title: 'it is deleted',
      act: remove('parts/two.ts'),
      ours: [['main', './parts/one.ts', 'data 2']]
    }
  ]
}

/** The same where nobody accepts them. */
const watchingUnaccepted = {
  fixture: 'watching',
  entry: 'unaccepting.ts',
  plugins: [readsData],
  start: started,
  steps: [
    {
      title: 'a file that a transform reads',
      act: edit('data.txt', 'data 1', 'data 2'),
      ours: [['main', './parts/one.ts', 'data 2']]
    },
    {
      title: 'a new file that a glob matches',
      act: add('parts/two.ts', 'export const part = 2'),
      ours: [['main', './parts/one.ts,./parts/two.ts', 'data 2']]
    }
  ]
}

module.exports = { webMode, watching, watchingUnaccepted }
