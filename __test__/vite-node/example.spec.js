// The example runs in a project of its own, under the real file watcher, and is edited meanwhile: each
// file once, since that watcher drops the second of two saves within moments.
const assert = require('node:assert/strict')
const { test } = require('node:test')
const { makeProject } = require('../support/project.js')

for (const { vite, viteNode } of [
  { vite: 'vite', viteNode: 'vite-node' },
  { vite: 'vite-node-5/node_modules/vite', viteNode: 'vite-node-5' },
  { vite: 'vite-node-3/node_modules/vite', viteNode: 'vite-node-3' }
])
  test(`examples/vite-node: edits of the inner and of the outer module are seen (${viteNode})`, async (t) => {
    const project = makeProject(t, { vite, 'vite-node': viteNode })
    project.copy('examples/vite-node')
    const example = project.run(['run.mjs'], { PORT: '0' })
    const port = async () => /:(\d+)\./.exec(await example.line('Listening on'))[1]
    const first = await port()
    const get = async () => (await fetch(`http://127.0.0.1:${first}/you`)).text()
    assert.equal(await get(), 'Hello from /you (request 1)\n')

    project.edit('answer.ts', 'Hello', 'Goodbye')
    await example.line('[vite-node] hot updated: /answer.ts via /server.ts')
    assert.equal(await get(), 'Goodbye from /you (request 2)\n')

    project.edit('server.ts', '(request ', '(number ')
    assert.equal(await port(), first)
    await example.line('[vite-node] hot updated: /server.ts')
    assert.equal(await get(), 'Goodbye from /you (number 3)\n')
  })
