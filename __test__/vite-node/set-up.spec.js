// The set-up and the snippets of docs/vite-node.md, run as they stand there in a project of their own, under Vite's real
// file watcher: each file is edited once, since that watcher drops the second of two saves within moments.
const assert = require('node:assert/strict')
const fs = require('node:fs')
const http = require('node:http')
const net = require('node:net')
const path = require('node:path')
const { once } = require('node:events')
const { describe, test } = require('node:test')
const { makeProject, root } = require('../support/project.js')

const document = fs.readFileSync(path.join(root, 'docs/vite-node.md'), 'utf8')
const snippet = (heading, language) => {
  const [, section] = document.split(`## ${heading}\n`)
  return section.split(`\`\`\`${language} part\n`)[1].split('```')[0]
}
const setUp = snippet('Usage', 'js')
const handOver = snippet('What a module can say', 'ts')
const runner = snippet('Stack traces', 'js')

async function freePort() {
  const server = net.createServer().listen(0)
  await once(server, 'listening')
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Saves once more where Vite has reported nothing: its watcher drops a save that comes within 50 ms of another, or too early. */
async function saved(project, program, [before, after], line) {
  project.edit('src/main.ts', before, after)
  const again = setInterval(() => project.edit('src/main.ts', after, after), 2000)
  try {
    await program.line(line)
  } finally {
    clearInterval(again)
  }
}

for (const { vite, viteNode } of [
  { vite: 'vite', viteNode: 'vite-node' },
  { vite: 'vite-node-5/node_modules/vite', viteNode: 'vite-node-5' },
  { vite: 'vite-node-3/node_modules/vite', viteNode: 'vite-node-3' }
])
  describe(`the documented set-up (${viteNode})`, () => {
    const makeApp = (t, main, text = setUp) => {
      const project = makeProject(t, { vite, 'vite-node': viteNode })
      project.write('package.json', '{ "type": "module" }')
      project.write('run.mjs', text)
      project.write('src/main.ts', main)
      return project
    }

    // [vite-node 50]
    test('a save during a slow start: the version under way is disposed, the next one gets the port', async (t) => {
      const port = await freePort()
      const project = makeApp(
        t,
        `import { createServer } from 'node:http'
        const app = (_, response) => response.end('one')
        console.log('starting one')
        while (!(globalThis as any).isOpen) await new Promise((resolve) => setTimeout(resolve, 20))
        ${handOver.replace('3000', `${port}, () => console.log('listening as one')`)}`,
        `process.stdin.on('data', () => (globalThis.isOpen = true))\n${setUp}`.replace(
          /(server\.emitter\.on\('message', \(payload\) => \{)/,
          '$1 if (payload.type !== "connected") console.log("message")'
        )
      )
      const program = project.run(['run.mjs'])
      await program.line('starting one')
      await saved(project, program, ['one', 'two'], 'message')
      program.input('go\n')
      await program.line('listening as two')
      // A connection that is kept open does not keep the old version.
      const agent = new http.Agent({ keepAlive: true })
      t.after(() => agent.destroy())
      const [response] = await once(http.get({ port, agent }), 'response')
      response.setEncoding('utf8')
      assert.equal((await once(response, 'data'))[0], 'two')
      await saved(project, program, ['two', 'three'], 'listening as three')
      assert.ok(!program.lines.some((line) => line.includes('EADDRINUSE') || line.includes('left behind')))
    })

    // [vite-node 69]
    test('Vite restarts itself for `.env`: the application is reloaded, with the new `import.meta.env`', async (t) => {
      const project = makeApp(
        t,
        `import { name } from './name'
        console.log(\`hello \${import.meta.env.VITE_NAME} and \${name}\`)
        import.meta.hot?.accept()
        import.meta.hot?.dispose(() => console.log('disposed'))`
      )
      project.write('src/name.ts', 'export const name: string = import.meta.env.VITE_OTHER')
      project.write('.env', 'VITE_NAME=one\nVITE_OTHER=uno\n')
      const program = project.run(['run.mjs'])
      await program.line('hello one and uno')
      project.edit('.env', 'one\nVITE_OTHER=uno', 'two\nVITE_OTHER=due')
      await program.line('the Vite server has restarted: the application is reloaded')
      await program.line('disposed')
      await program.line('hello two and due')
      // Updates go on, by the new server's graph, and once.
      project.edit('src/name.ts', 'import.meta.env.VITE_OTHER', '"tre"')
      await program.line('disposed')
      await program.line('hello two and tre')
      await program.line('hot updated: /src/main.ts')
      assert.equal(program.lines.filter((line) => line.includes('hello two')).length, 2)
    })

    test('stack traces have the lines of TypeScript, through updates, also in what an old version runs', async (t) => {
      const main = `interface Unused { gone: true }


        export const fail = () => {
          throw new Error('line 5')
        }
        const old = import.meta.hot!.data.fail
        import.meta.hot!.data.fail = fail
        for (const each of [fail, old]) {
          try {
            each?.()
          } catch (error) {
            console.log(error.message, /main\\.ts:\\d+/.exec(error.stack)[0])
          }
        }
        console.log('done')
        import.meta.hot?.accept()`
      const text = setUp
        .replace('const node =', `${runner}\nconst node =`)
        .replace('new ViteNodeRunner(', 'new Runner(')
      const project = makeApp(t, main, text)
      const program = project.run(['run.mjs'])
      await program.line('line 5 main.ts:5')
      await program.line('done')
      const more = ['interface Unused { gone: true }', 'interface More {\n gone: true\n}\n']
      await saved(project, program, more, 'line 5 main.ts:8')
      await program.line('line 5 main.ts:5')
      await program.line('done')
    })
  })
