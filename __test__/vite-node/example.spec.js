// The example runs in a project of its own, under the real file watcher, and is edited meanwhile: each
// file once, since that watcher drops the second of two saves within moments.
const assert = require('node:assert/strict')
const { describe, test } = require('node:test')
const { makeProject } = require('../support/project.js')

for (const { vite, viteNode } of [
  { vite: 'vite', viteNode: 'vite-node' },
  { vite: 'vite-node-5/node_modules/vite', viteNode: 'vite-node-5' },
  { vite: 'vite-node-3/node_modules/vite', viteNode: 'vite-node-3' }
])
  describe(`examples/vite-node (${viteNode})`, () => {
    const makeExample = (t) => {
      const project = makeProject(t, { vite, 'vite-node': viteNode })
      project.copy('examples/vite-node')
      const example = project.run.bind(project, ['run.mjs'], { PORT: '0' })
      return { project, run: example }
    }
    const portOf = async (example) => /:(\d+)\./.exec(await example.line('Listening on'))[1]
    const get = async (port) => (await fetch(`http://127.0.0.1:${port}/you`)).text()

    // [vite-node 1]
    test('edits of the inner and of the outer module are seen', async (t) => {
      const { project, run } = makeExample(t)
      const example = run()
      const port = await portOf(example)
      assert.equal(await get(port), 'Hello from /you (request 1)\n')

      project.edit('answer.ts', 'Hello', 'Goodbye')
      await example.line('[vite-node] hot updated: /answer.ts via /server.ts')
      assert.equal(await get(port), 'Goodbye from /you (request 2)\n')

      project.edit('server.ts', '(request ', '(number ')
      assert.equal(await portOf(example), port)
      await example.line('[vite-node] hot updated: /server.ts')
      assert.equal(await get(port), 'Goodbye from /you (number 3)\n')
    })

    // [vite-node 65]
    test('a start that fails does not end the process, and the save that mends it starts the server', async (t) => {
      const { project, run } = makeExample(t)
      project.edit('answer.ts', '`Hello', '`Hello`')
      const example = run()
      await example.line('Transform failed')
      project.edit('answer.ts', '`Hello`', '`Hello')
      assert.equal(await get(await portOf(example)), 'Hello from /you (request 1)\n')
    })

    // [vite-node 2]
    test("it is vite-node's documented usage but for one import", async (t) => {
      const { project, run } = makeExample(t)
      project.edit('run.mjs', "'@upvotr/node-hmr/vite-node'", "'vite-node/hmr'")
      assert.equal(await get(await portOf(run())), 'Hello from /you (request 1)\n')
    })
  })
