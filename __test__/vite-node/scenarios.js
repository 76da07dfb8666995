'use strict'

const { edit, editAndCount, send } = require('./steps.js')

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
      title: 'the modules that read `import.meta.hot` have a context, by their absolute paths',
      async act(app) {
        for (const owner of app.cache().ctxToListenersMap.keys()) app.log.push(owner.replace(app.root, '<root>'))
      },
      ours: ['<root>/src/self.ts', '<root>/src/partial.ts', '<root>/src/deps.ts']
    },
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
    },
    {
      title: 'after a restart of the server, a listener of the emitter gets each message once',
      async act(app) {
        app.server.emitter.on('message', ({ type, event }) => app.log.push(['message', event ?? type]))
        await app.server.restart()
        await app.settle()
        await app.settle()
        await send({ type: 'custom', event: 'nobody listens' })(app)
      },
      ours: [
        ['message', 'full-reload'],
        ['dispose', 1, 1],
        ['counter', 2, 'version 2'],
        'main',
        ['message', 'nobody listens']
      ],
      theirs: [['message', 'nobody listens']],
      why: '12: the application is reloaded'
    }
  ]
}

const entry = {
  fixture: 'entry',
  start: ['other', ['main', 1]],
  steps: [
    {
      title: 'a listener that throws does not hide the next one',
      act: send({ type: 'custom', event: 'event' }),
      ours: ['heard'],
      theirs: [['rejected', 'a listener']],
      why: '6'
    },
    {
      title: 'an entry that accepts itself: what it imports stays',
      act: editAndCount('main.ts', '"main", 1', '"main", 2'),
      ours: [
        ['main', 2],
        ['accepted', true],
        ['announced', 1]
      ],
      theirs: ['other', ['main', 2], ['accepted', true], ['announced', 1]],
      why: '2'
    },
    {
      title: 'a version that fails is not announced',
      act: editAndCount('main.ts', '"main", 2)', '"main", 2'),
      ours: [
        ['accepted', false],
        ['announced', 0]
      ],
      theirs: [
        ['accepted', false],
        ['announced', 1]
      ],
      why: '10'
    },
    {
      title: 'the next save recovers',
      act: editAndCount('main.ts', '"main", 2', '"main", 3)'),
      ours: [
        ['main', 3],
        ['accepted', true],
        ['announced', 1]
      ],
      theirs: ['other', ['main', 3], ['accepted', true], ['announced', 1]],
      why: '2'
    },
    {
      title: 'two messages at once: one after the other',
      async act(app) {
        const path = `${app.root}/main.ts`
        const updates = [{ type: 'js-update', path, acceptedPath: path, timestamp: 1 }]
        // By hand: what the module registers differs already.
        app.cache().customListenersMap.set('vite:beforeUpdate', [
          async () => {
            app.log.push('before')
            await new Promise(setImmediate)
          }
        ])
        app.server.environments.ssr.hot.send({ type: 'update', updates })
        app.server.environments.ssr.hot.send({ type: 'update', updates })
        await app.settle()
        app.cache().customListenersMap.delete('vite:beforeUpdate')
        // Where the two overlap, which module of which comes first is not said.
        app.log.push(...app.takeLog().filter((line) => line === 'before' || line[0] === 'accepted'))
      },
      ours: ['before', ['accepted', true], 'before', ['accepted', true]],
      theirs: ['before', 'before', ['accepted', true], ['accepted', true]],
      why: '4'
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

module.exports = { boundaries, lifecycle, entry, server }
