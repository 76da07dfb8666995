'use strict'
// Links on the way of an import: files are known by their real path, and an import leads where the link leads now.
const assert = require('node:assert/strict')
const fs = require('node:fs')
const { describe, test } = require('node:test')
const { runHot } = require('./support/hot')

/** Ways to let a link lead elsewhere. */
const RETARGET = {
  'a rename over it': (program, link, target) => {
    fs.symlinkSync(target, program.path('next'))
    fs.renameSync(program.path('next'), program.path(link))
  },
  'unlink and symlink': (program, link, target) => {
    fs.unlinkSync(program.path(link))
    fs.symlinkSync(target, program.path(link))
  }
}

const IMPORTERS = {
  'a static import': ['main.mjs', (path) => `import { k } from '${path}'; say('runs', k)`],
  'a static import without the extension': [
    'main.mjs',
    (path) => `import { k } from '${path.replace('.mjs', '')}'; say('runs', k)`
  ],
  'import()': ['main.mjs', (path) => `const { k } = await import('${path}'); say('runs', k)`]
}

const RELEASES = {
  'r1/x.mjs': "export { k } from './value.mjs'",
  'r1/value.mjs': 'export const k = 1',
  'r2/x.mjs': "export { k } from './value.mjs'",
  'r2/value.mjs': 'export const k = 2'
}

/** Starts a program that imports through the link `link`, which is made to lead to `target` before. */
async function through(t, [entry, text], path, link, target) {
  return runHot(
    t,
    { 'package.json': '{ "type": "module" }', ...RELEASES, [entry]: text(path) },
    { entry, before: (dir) => fs.symlinkSync(target, `${dir}/${link}`) }
  )
}

for (const [way, retarget] of Object.entries(RETARGET)) {
  describe(`a link leads elsewhere by ${way}`, () => {
    for (const [what, importer] of Object.entries(IMPORTERS)) {
      // [hot 174]
      test(`a link to a folder: ${what} follows`, async (t) => {
        const program = await through(t, importer, './cur/x.mjs', 'cur', 'r1')
        assert.deepEqual(program.said, ['runs 1'])
        retarget(program, 'cur', 'r2')
        const told = await program.next()
        assert.equal(told.event, 'reloaded', program.out)
        assert.deepEqual(program.said, ['runs 1', 'runs 2'])
        await program.edit({ 'r2/value.mjs': 'export const k = 3' })
        assert.equal(program.said.at(-1), 'runs 3')
        retarget(program, 'cur', 'r1')
        await program.next()
        assert.equal(program.said.at(-1), 'runs 1')
      })
    }

    // [hot 174]
    test('a link to a file', async (t) => {
      const program = await through(t, IMPORTERS['a static import'], './link.mjs', 'link.mjs', 'r1/x.mjs')
      retarget(program, 'link.mjs', 'r2/x.mjs')
      assert.equal((await program.next()).event, 'reloaded')
      assert.deepEqual(program.said, ['runs 1', 'runs 2'])
    })

    // [hot 174]
    test('an importer that accepts itself takes it', async (t) => {
      const program = await runHot(
        t,
        {
          ...RELEASES,
          'main.mjs': "import './a.mjs'; say('main')",
          'a.mjs': "import { k } from './cur/x.mjs'; say('runs', k); import.meta.hot.accept()"
        },
        { before: (dir) => fs.symlinkSync('r1', `${dir}/cur`) }
      )
      retarget(program, 'cur', 'r2')
      const told = await program.next()
      assert.equal(told.event, 'updated')
      assert.deepEqual(program.said, ['runs 1', 'main', 'runs 2'])
      // One save behind the link is one update.
      for (const k of [4, 5]) {
        await program.edit({ 'r2/value.mjs': `export const k = ${k}` })
        assert.deepEqual(program.said, [`runs ${k}`])
      }
      assert.equal(program.events.length, 3)
    })
  })
}

// [hot 124, 174]
test('a link that is gone fails the update, and its return mends it', async (t) => {
  const program = await through(t, IMPORTERS['a static import'], './cur/x.mjs', 'cur', 'r1')
  fs.unlinkSync(program.path('cur'))
  assert.equal((await program.next()).event, 'failed')
  fs.symlinkSync('r2', program.path('cur'))
  await program.next()
  assert.deepEqual(program.said, ['runs 1', 'runs 2'])
})
