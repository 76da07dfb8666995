'use strict'

/**
 * What happens to a running application, per edit or message: what the fixture logs with our entry, and with
 * vite-node's own where that differs. Each difference names its item of the list in docs/vite-node.md.
 *
 * @typedef {object} Step
 * @property {string} title
 * @property {(app: object) => Promise<unknown>} act
 * @property {unknown[]} ours
 * @property {unknown[]} [theirs] What vite-node's own module does instead.
 * @property {string} [why]
 */

const edit =
  (...args) =>
  (app) =>
    app.edit(...args)
const send =
  (...args) =>
  async (app) => {
    app.server.environments.ssr.hot.send(...args)
    await app.settle()
  }

const boundaries = {
  fixture: 'boundaries',
  start: [
    'leaf',
    'singleton',
    ['self', 'leaf 1', 1],
    'one',
    'two',
    'three',
    'partial',
    ['deps', 'one 1', 'two 1'],
    ['main', 1]
  ],
  steps: [
    {
      title: 'an import of a self-accepting module: both run again, the shared singleton stays single',
      act: edit('src/leaf.ts', 'leaf 1', 'leaf 2'),
      ours: ['leaf', ['self', 'leaf 2', 1], ['accepted self', 'leaf 2']],
      theirs: [],
      why: '1: nested modules never update'
    },
    {
      title: 'an accepted dependency: its importer stays',
      act: edit('src/one.ts', 'one 1', 'one 2'),
      ours: ['one', ['accepted one', 'one 2']],
      theirs: [],
      why: '1'
    },
    {
      title: 'one of an array of accepted dependencies: the changed one in its slot',
      act: edit('src/three.ts', 'three 1', 'three 2'),
      ours: ['three', ['accepted array', [undefined, 'three 2']]],
      theirs: [],
      why: '1'
    },
    {
      title: 'acceptExports',
      act: edit('src/partial.ts', 'partial 1', 'partial 2'),
      ours: ['partial', ['accepted exports', 'partial 2']],
      theirs: [],
      why: '1'
    },
    {
      title: 'a module that only the browser has loaded is ignored',
      async act(app) {
        await app.server.environments.client.transformRequest('/src/browser.ts')
        await app.edit('src/browser.ts', 'browser 1', 'browser 2')
      },
      ours: [],
      theirs: [
        'leaf',
        'singleton',
        ['self', 'leaf 2', 2],
        'one',
        'two',
        'three',
        'partial',
        ['deps', 'one 2', 'two 1'],
        ['main', 2]
      ],
      why: '9'
    },
    {
      title: 'a module that browser and runner both have: one update, as the SSR environment says',
      async act(app) {
        await app.server.environments.client.transformRequest('/src/two.ts')
        await app.edit('src/two.ts', 'two 1', 'two 2')
      },
      ours: ['two', ['accepted array', ['two 2', undefined]]],
      theirs: [
        'leaf',
        'singleton',
        ['self', 'leaf 2', 3],
        'one',
        'two',
        'three',
        'partial',
        ['deps', 'one 2', 'two 2'],
        ['main', 3]
      ],
      why: '2, 9: the browser knows no importer, which is a full reload'
    },
    {
      title: 'a module that nobody accepts: everything runs again',
      act: edit('main.ts', '"main"', '"new main"'),
      ours: [
        'leaf',
        'singleton',
        ['self', 'leaf 2', 2],
        'one',
        'two',
        'three',
        'partial',
        ['deps', 'one 2', 'two 2'],
        ['new main', 2]
      ],
      theirs: [
        'leaf',
        'singleton',
        ['self', 'leaf 2', 4],
        'one',
        'two',
        'three',
        'partial',
        ['deps', 'one 2', 'two 2'],
        ['new main', 4]
      ],
      why: '9: the count of the reload before'
    }
  ]
}

const lifecycle = {
  fixture: 'lifecycle',
  start: [['counter', 1, 'version 1'], 'main'],
  steps: [
    {
      title: 'a disposer hands `data` over to the next version',
      act: edit('src/counter.ts', 'version 1', 'version 2'),
      ours: [
        ['dispose', 1, 1],
        ['counter', 2, 'version 2']
      ],
      theirs: [],
      why: '1'
    },
    {
      title: 'a payload from the server reaches its listeners',
      act: send({ type: 'custom', event: 'greet', data: { name: 'you' } }),
      ours: [['greeted', 'you']]
    },
    {
      title: '`send(event, data)` from the server does, too',
      act: send('greet', { name: 'you' }),
      ours: [['greeted', 'you']],
      theirs: [],
      why: '7: the data is lost, and a text is no payload'
    },
    {
      title: "`hot.send` reaches the server's listeners",
      async act(app) {
        app.server.environments.ssr.hot.on('answer', (data) => app.log.push(['answer', data.run]))
        await send({ type: 'custom', event: 'ask' })(app)
      },
      ours: [
        ['asked', 2],
        ['answer', 2]
      ],
      theirs: [['asked', 1]],
      why: '8'
    },
    {
      title: 'an error of the server reaches `vite:error`',
      act: send({ type: 'error', err: { message: 'broken', stack: '' } }),
      ours: [['error', 'broken']]
    },
    {
      title: '`invalidate` tells its message, disposes, and runs the entries again',
      act: send({ type: 'custom', event: 'stale' }),
      ours: [['invalidate', 'too old'], ['dispose', 2, 2], ['counter', 3, 'version 2'], 'main'],
      theirs: [['invalidate', undefined], ['counter', 2, 'version 2'], 'main'],
      why: '10, 5'
    },
    {
      title: 'replaced listeners are gone',
      act: send({ type: 'custom', event: 'greet', data: { name: 'once' } }),
      ours: [['greeted', 'once']],
      theirs: [
        ['greeted', 'once'],
        ['greeted', 'once']
      ],
      why: '3'
    },
    {
      title: 'a module that is no longer imported is disposed and pruned',
      act: edit('main.ts', 'import "./src/counter";', ''),
      ours: [['dispose', 3, 3], 'main', ['prune', 3, 3]],
      theirs: ['main'],
      why: '1, 5'
    },
    {
      title: 'it starts anew when it is imported again',
      act: edit('main.ts', '\nimport.meta', 'import "./src/counter";\nimport.meta'),
      ours: [['counter', 1, 'version 2'], 'main'],
      theirs: [['counter', 3, 'version 2'], 'main'],
      why: '10'
    }
  ]
}

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

const fetchText = async (app) => {
  const { port } = app.dataOf('main.ts')
  app.log.push(await (await fetch(`http://127.0.0.1:${port}`)).text())
}

const server = {
  fixture: 'server',
  // The port is the system's choice.
  start: ['listening'],
  steps: [
    { title: 'a server listens', act: fetchText, ours: ['hello 1'] },
    {
      title: 'a full reload closes it and listens again on its port',
      act: edit('greeting.ts', 'hello 1', 'hello 2'),
      ours: ['listening'],
      theirs: ['EADDRINUSE'],
      why: '5'
    },
    { title: 'the new version answers', act: fetchText, ours: ['hello 2'], theirs: ['hello 1'], why: '5' }
  ]
}

module.exports = { boundaries, lifecycle, failure, server }
