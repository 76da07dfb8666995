'use strict'

// Source maps of ES modules: Node is given them when a stack names the file, which nobody sees.
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { describe, test } = require('node:test')
const { pathToFileURL } = require('node:url')
const { makeFolder } = require('./support/files')
const { root, start } = require('./support/process')

const register = pathToFileURL(path.join(root, 'register.mjs')).href

const FILES = {
  'package.json': '{ "type": "module" }',
  'other.ts':
    'export const other = (n: number) => n\nexport const fail = () => { other(1); throw new Error("of other") }\n'
}

async function run(t, text, node = []) {
  const { dir } = makeFolder(t, { files: { ...FILES, 'main.ts': `import { fail, other } from './other.ts'\n${text}` } })
  const env = { HMR_NO_WATCH: '1' }
  const ended = await start(t, [process.execPath, ...node, '--import', register, 'main.ts'], { cwd: dir, env }).ended()
  return { ...ended, dir: fs.realpathSync(dir) }
}

// [hot 73]
describe('"Stack traces name the source\'s own file, line and column"', () => {
  const stackOf = `(error: Error) => error.stack!.split("\\n").slice(1).map((line) => /\\w+\\.ts:\\d+:\\d+/.exec(line)?.[0])`

  test('of what follows a use of an import in its line', async (t) => {
    const { stdout } = await run(t, `const at = ${stackOf}\nother(1); other(2); console.log(at(new Error())[0])\n`)
    assert.equal(stdout, 'main.ts:3:36\n')
  })

  test('of several files at once, and of a file that is named again', async (t) => {
    const text = `const at = ${stackOf}
      for (const _ of [1, 2]) try { other(1); fail() } catch (error) { console.log(at(error).slice(0, 2).join()) }`
    const { stdout } = await run(t, text)
    assert.equal(stdout, 'other.ts:2:45,main.ts:3:47\n'.repeat(2))
  })

  test("after a function of the user's has made stacks, and by way of it", async (t) => {
    const text = `const at = ${stackOf}
      const before = Error.prepareStackTrace
      Error.prepareStackTrace = (_, sites) => sites.length > 0
      console.log(new Error().stack, before!.name, before!.length)
      Error.prepareStackTrace = (error, sites) => before!(error, sites)
      other(1); console.log(at(new Error())[0])
      Error.prepareStackTrace = before
      other(1); console.log(at(new Error())[0])`
    const { stdout } = await run(t, text)
    assert.equal(stdout, 'true ErrorPrepareStackTrace 2\nmain.ts:7:32\nmain.ts:9:32\n')
  })

  test('of modules that are loaded when nobody prepares stacks', async (t) => {
    const text = `Error.prepareStackTrace = undefined
      const at = ${stackOf}
      try { (await import('./late.ts')).late() } catch (error) { console.log(at(error)[0]) }`
    const { dir } = makeFolder(t, {
      files: {
        ...FILES,
        'late.ts': "import { other } from './other.ts'\nexport const late = () => { other(1); throw new Error() }\n",
        'main.ts': text
      }
    })
    const { stdout } = await start(t, [process.execPath, '--import', register, 'main.ts'], { cwd: dir }).ended()
    assert.equal(stdout, 'late.ts:2:45\n')
  })

  const UNCAUGHT = {
    'an error': ['setTimeout(() => { other(1); throw new Error("uncaught") })', 30],
    'no error': ['setTimeout(() => { other(1); throw 5 })', 30],
    'a rejection': ['other(1); Promise.reject(new Error("uncaught"))', 10]
  }
  for (const [what, [line, column]] of Object.entries(UNCAUGHT)) {
    test(`of an uncaught one that Node shows with its line: ${what}`, async (t) => {
      const { code, stderr, dir } = await run(t, `${line}\n`)
      assert.equal(code, 1)
      assert.match(stderr.replaceAll('\r', ''), /^\n?(.*)\n(.*)\n( *\^)\n/)
      const [, place, shown, caret] = /^\n?(.*)\n(.*)\n( *\^)\n/.exec(stderr)
      assert.deepEqual([place, shown], [`${path.join(dir, 'main.ts')}:2`, line])
      assert.ok(caret.length >= column, stderr)
    })
  }
})

// [hot 74]
test('"A debugger … sees the source files under their own paths", with their maps', async (t) => {
  const text = `import inspector from 'node:inspector'
    const session = new inspector.Session()
    session.connect()
    session.on('Debugger.scriptParsed', ({ params: { url, sourceMapURL } }) => {
      if (!url.endsWith('other.ts')) return
      const map = JSON.parse(Buffer.from(sourceMapURL!.split(',')[1]!, 'base64').toString())
      console.log(JSON.stringify([url === new URL('other.ts', import.meta.url).href, map.sources[0] === url, map.mappings.length > 20]))
    })
    session.post('Debugger.enable')
    other(1)`
  const { stdout } = await run(t, text, ['--inspect=127.0.0.1:0'])
  assert.equal(stdout, '[true,true,true]\n')
})

// [hot 75]
test('`NODE_V8_COVERAGE` has the maps', async (t) => {
  const { dir } = makeFolder(t, { files: { ...FILES, 'main.ts': "import { other } from './other.ts'\nother(1)\n" } })
  const env = { NODE_V8_COVERAGE: path.join(dir, 'coverage'), HMR_NO_WATCH: '1' }
  const { code } = await start(t, [process.execPath, '--import', register, 'main.ts'], { cwd: dir, env }).ended()
  assert.equal(code, 0)
  const [file] = fs.readdirSync(env.NODE_V8_COVERAGE)
  const report = JSON.parse(fs.readFileSync(path.join(env.NODE_V8_COVERAGE, file), 'utf8'))
  const url = pathToFileURL(path.join(fs.realpathSync(dir), 'other.ts')).href
  assert.ok(report.result.some((script) => script.url === url))
  assert.deepEqual(report['source-map-cache'][url].data.sources, [url])
})
