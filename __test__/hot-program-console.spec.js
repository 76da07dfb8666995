'use strict'
// Programs that have replaced the console, or what the streams of the process write with.
const assert = require('node:assert/strict')
const { describe, test } = require('node:test')
const { makeFolder } = require('./support/files')
const { runHot } = require('./support/hot')
const { hmr } = require('./support/process')

const THROWING = {
  'console.error': 'console.error = () => { throw new Error("no console") }',
  'process.stderr.write': 'process.stderr.write = () => { throw new Error("no stream") }',
  'console.error and process.stderr.write': `console.error = (...args) => process.stderr.write(args.join(' '))
    process.stderr.write = () => { throw new Error("no stream") }`,
  'the whole console': 'globalThis.console = null'
}

describe('a program whose console throws', () => {
  for (const [name, code] of Object.entries(THROWING)) {
    // [hot 118, 125]
    test(`${name}: the report of a version that fails is not lost`, async (t) => {
      const program = await runHot(t, { 'main.mjs': 'import "./a.mjs"', 'a.mjs': 'import.meta.hot.accept()' })
      const told = await program.edit({ 'a.mjs': `import.meta.hot.accept()\n${code}\nthrow new Error('at fault')` })
      assert.equal(told.event, 'failed')
      await program.until(() => program.out.includes('Error: at fault'))
      assert.match(program.out, /^\[hmr\] a\.mjs: [^\n]*\n {2}a\.mjs:\d+:\d+\n/)
      assert.equal(program.out.split('Error: at fault').length, 2, 'once')
    })
  }

  // [hot 118]
  test('a replacement that does not throw gets the report, and stays what it is', async (t) => {
    const program = await runHot(t, { 'main.mjs': 'import "./a.mjs"', 'a.mjs': 'import.meta.hot.accept()' })
    await program.edit({
      'a.mjs': `import.meta.hot.accept()
        globalThis.texts = []
        globalThis.write = process.stderr.write = (text) => { texts.push(text); return true }
        throw new Error('at fault')`
    })
    await program.until(() => program.out.includes('kept its last good version'))
    assert.match(await program.ask('texts.join("")'), /^\[hmr\] a\.mjs: .*Error: at fault/s)
    assert.equal(await program.ask('process.stderr.write === write'), true)
    assert.doesNotMatch(program.out, /at fault/)
  })

  // [hot 118]
  test('a value that cannot be shown still has its headline', async (t) => {
    const program = await runHot(t, { 'main.mjs': 'import "./a.mjs"', 'a.mjs': 'import.meta.hot.accept()' })
    await program.edit({
      'a.mjs': `${THROWING['console.error']}
        throw { [Symbol.for('nodejs.util.inspect.custom')]() { throw new Error('inspect') } }`
    })
    await program.until(() => program.out.includes('[hmr] a.mjs:'))
  })

  test('the command leaves all the same', async (t) => {
    const { dir } = makeFolder(t, {
      files: {
        'package.json': '{ "type": "module" }',
        'main.mjs': `${THROWING['console.error']}
          import.meta.hot.dispose(() => new Promise(() => {}))
          console.log('runs')`
      }
    })
    const run = hmr(t, ['--grace=50', 'main.mjs'], { cwd: dir })
    await run.until('waiting', () => run.text.stderr.includes('[hmr] waiting for changes'))
    run.kill('SIGTERM')
    const { code, stderr } = await run.ended()
    assert.equal(code, 143)
    assert.match(stderr, /\[hmr\] the cleanups took longer than 50 ms; leaving without them/)
  })
})
