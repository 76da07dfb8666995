'use strict'

const { edit, send } = require('./steps.js')

const failure = {
  fixture: 'failure',
  start: [['part', 'value 1'], 'main'],
  steps: [
    {
      title: 'a syntax error: the callback gets `undefined`',
      act: edit('value.ts', '"value 1"', '"value 1'),
      ours: [['accepted', undefined]],
      theirs: [],
      why: '1'
    },
    {
      title: 'what the last good version registered still works',
      act: send({ type: 'custom', event: 'event' }),
      ours: [['heard', 'value 1']]
    },
    {
      title: 'the next save recovers',
      act: edit('value.ts', '"value 1', '"value 2"'),
      ours: [
        ['part', 'value 2'],
        ['accepted', 'value 2']
      ],
      theirs: [],
      why: '1'
    },
    {
      title: 'an error at run time',
      act: edit('value.ts', 'export', 'throw new Error("at run time"); export'),
      ours: [['accepted', undefined]],
      theirs: [],
      why: '1'
    },
    {
      title: 'the next save recovers from that, too',
      act: edit('value.ts', 'throw new Error("at run time"); export', 'export'),
      ours: [
        ['part', 'value 2'],
        ['accepted', 'value 2']
      ],
      theirs: [],
      why: '1'
    },
    {
      title: 'a failing full reload rejects',
      act: edit('main.ts', 'log(', 'throw new Error("broken"); log('),
      ours: [
        ['part', 'value 2'],
        ['rejected', 'broken']
      ]
    },
    {
      title: 'what was registered before is kept, once',
      act: send({ type: 'custom', event: 'event' }),
      ours: [['heard', 'value 2']],
      theirs: [
        ['heard', 'value 1'],
        ['heard', 'value 2']
      ],
      why: '3'
    },
    {
      title: 'the next save recovers from it',
      act: edit('main.ts', 'throw new Error("broken"); ', ''),
      ours: [['part', 'value 2'], 'main']
    }
  ]
}

const restarted = [['part', 'value 1'], 'main']

/** An application whose start fails because a module does not parse, in the order of the import chain. */
const brokenImport = {
  fixture: 'failure',
  breaks: ['value.ts', '"value 1"', '"value 1'],
  start: [['rejected', 'Transform failed with 1 error:']],
  steps: [
    { title: 'a save that does not mend it', act: edit('value.ts', '"value 1', '"value'), ours: [] },
    {
      title: 'a save that mends it starts the application',
      act: edit('value.ts', '"value', '"value 1"'),
      ours: restarted,
      theirs: [],
      why: '11'
    },
    { title: 'an importer is saved', act: edit('main.ts', 'log(', ' log('), ours: restarted },
    {
      title: 'later edits are updates',
      act: edit('value.ts', 'value 1', 'value 2'),
      ours: [
        ['part', 'value 2'],
        ['accepted', 'value 2']
      ],
      theirs: [],
      why: '1'
    }
  ]
}

const brokenBoundary = {
  fixture: 'failure',
  breaks: ['part.ts', 'log("part", value)', 'log("part", value'],
  start: [['rejected', 'Transform failed with 1 error:']],
  steps: [
    {
      title: 'an importer is saved while it is still broken',
      act: edit('main.ts', 'log(', ' log('),
      ours: [['rejected', 'Transform failed with 1 error:']]
    },
    {
      title: 'a save that mends it starts the application',
      act: edit('part.ts', 'log("part", value', 'log("part", value)'),
      ours: restarted,
      theirs: [],
      why: '11'
    },
    { title: 'an importer is saved', act: edit('main.ts', ' log(', 'log('), ours: restarted }
  ]
}

const brokenEntry = {
  fixture: 'failure',
  breaks: ['main.ts', 'log("main")', 'log("main"'],
  start: [['rejected', 'Transform failed with 1 error:']],
  steps: [
    {
      title: 'a save that does not mend it',
      act: edit('main.ts', 'log("main"', 'log("main'),
      ours: [['rejected', 'Transform failed with 1 error:']]
    },
    {
      title: 'a save that mends it starts the application',
      act: edit('main.ts', 'log("main', 'log("main")'),
      ours: restarted
    }
  ]
}

/** An application whose start fails because a module that the entry accepts does not parse. */
const brokenDependency = {
  fixture: 'accepting',
  breaks: ['dependency.ts', '"dependency 1"', '"dependency 1'],
  start: [['rejected', 'Transform failed with 1 error:']],
  steps: [
    {
      title: 'a save that mends it starts the application',
      act: edit('dependency.ts', '"dependency 1', '"dependency 2"'),
      ours: [['main', 'dependency 2']],
      theirs: [],
      why: '11'
    },
    {
      title: 'later edits are updates',
      act: edit('dependency.ts', 'dependency 2', 'dependency 3'),
      ours: [['accepted', 'dependency 3']],
      theirs: [],
      why: '1'
    }
  ]
}

/** An application whose start fails because a module throws, below one that would accept the mended version. */
const throwingImport = {
  fixture: 'failure',
  breaks: ['value.ts', 'export', 'throw new Error("at run time"); export'],
  start: [['rejected', 'at run time']],
  steps: [
    {
      title: 'a save that does not mend it',
      act: edit('value.ts', '"at run time"', '"still"'),
      ours: []
    },
    {
      title: 'a save that mends it starts the application',
      act: edit('value.ts', 'throw new Error("still"); export', 'export'),
      ours: restarted,
      theirs: [],
      why: '11'
    }
  ]
}

/** A running application gets an import that does not parse. */
const brokenAddition = {
  fixture: 'failure',
  breaks: ['addition.ts', '"addition")', '"addition"'],
  start: [['part', 'value 1'], 'main'],
  steps: [
    {
      title: 'a boundary imports it: the callback gets `undefined`',
      act: edit('part.ts', 'import', 'import "./addition"; import'),
      ours: [['accepted', undefined]],
      theirs: [],
      why: '1'
    },
    {
      title: 'a save that mends it is an update of the boundary',
      act: edit('addition.ts', '"addition"', '"addition")'),
      ours: ['addition', ['part', 'value 1'], ['accepted', 'value 1']],
      theirs: [],
      why: '11'
    }
  ]
}

/** A running application gets an import that does not parse, and accepts it. */
const brokenAcceptance = {
  fixture: 'failure',
  breaks: ['addition.ts', '"addition")', '"addition"'],
  start: [['part', 'value 1'], 'main'],
  steps: [
    {
      title: 'the callback gets `undefined`',
      act: edit('part.ts', 'import.meta', 'import "./addition"; import.meta.hot!.accept("./addition"); import.meta'),
      ours: [['accepted', undefined]],
      theirs: [],
      why: '1'
    },
    {
      title: 'a save that mends it runs the boundary, whose last good version does not accept it',
      act: edit('addition.ts', '"addition"', '"addition")'),
      ours: ['addition', ['part', 'value 1'], ['accepted', 'value 1']],
      theirs: [],
      why: '11'
    },
    {
      title: 'later edits of it are updates of its own',
      act: edit('addition.ts', '"addition"', '"another"'),
      ours: ['another'],
      theirs: [],
      why: '1'
    }
  ]
}

module.exports = {
  failure,
  brokenImport,
  brokenBoundary,
  brokenEntry,
  brokenDependency,
  throwingImport,
  brokenAddition,
  brokenAcceptance
}
