// `Invalid hot module export` says what was found and what to do.
'use strict'

const assert = require('node:assert/strict')
const { createRequire } = require('node:module')
const path = require('node:path')
const test = require('node:test')

const { createPersist, createRunner, createRuntime, hmr, steps, synthetic, captureConsole } = require('./support')
const { makeProject } = require('./support/project')

const runner = createRunner(() => {})
const lookAlike = { execute() {}, clean() {} }
const cases = [
  [
    'an object whose `default` is a hot module',
    { default: hmr(null, runner) },
    /whose `default` is a hot module: write `export =`/
  ],
  ['a function', () => hmr(null, runner), /exports a function: write `module\.exports = hmr\(null, createRunner/],
  ['nothing', {}, /exports nothing: write `module\.exports = hmr/],
  ['undefined', undefined, /exports nothing: write/],
  ['a primitive', 7, /exports the number 7: write/],
  ['a promise', Promise.resolve(hmr(null, runner)), /exports a promise: export the hot module itself/],
  ['a runner alone', runner, /an instance of Runner alone: write `module\.exports = hmr\(persist, runner\)`/],
  [
    'a hot module of another package',
    { persist: createPersist(), runner: lookAlike },
    /`runner` was made by another package or an old copy of this one/
  ],
  ['a part that is none', { persist: 7, runner }, /whose `persist` is the number 7: make that with `createPersist`/],
  ['no part', { routes: [] }, /whose `runner` is undefined: make that with `createRunner`/]
]

for (const [name, exported, expected] of cases) {
  test(`what was found: ${name}`, async (t) => {
    const { runtime, next } = steps(t)
    next({ exported: () => exported })
    await assert.rejects(runtime.import('./module'), (error) => {
      assert.equal(error.message, 'Invalid hot module export for import ./module!')
      assert.match(
        error.stack,
        /^TypeError: Invalid hot module export for import \.\/module!\nIt exports |^TypeError: Inv.*\nIts /
      )
      assert.match(error.stack, expected)
      return true
    })
  })
}

test('what was found: the namespace of an ES module', { skip: !process.features.require_module }, async (t) => {
  const project = makeProject(t)
  project.write(
    'a.mjs',
    'import { hmr, createRunner } from "@upvotr/node-hmr"; export default hmr(null, createRunner(() => 1))'
  )
  project.write('b.mjs', 'export const b = 1')
  const runtime = createRuntime(createRequire(path.join(project.folder, 'index.js')), false)
  const found = (expected) => (error) => expected.test(error.stack)
  await assert.rejects(
    runtime.import('./a.mjs'),
    found(/an ES module.* as `default`: import it through `createRuntime\(import\.meta\)`/)
  )
  await assert.rejects(runtime.import('./b.mjs'), found(/an ES module.*: name the hot module "module\.exports"/))
})

test('what was found: what a loader made of it', async (t) => {
  const { require: own, next } = steps(t)
  const loader = (pick) =>
    createRuntime(
      synthetic((id) => pick(own(id)), own, own.cache),
      false
    )
  next({ exported: () => hmr(null, runner) })
  await assert.rejects(loader((it) => it.default).import('./module'), ({ stack }) =>
    /`require` \(-r\) made undefined of it: it should return what the file exports/.test(stack)
  )
  next({ exported: () => ({ default: hmr(null, runner) }) })
  await assert.rejects(loader((it) => ({ it })).import('./module'), ({ stack }) =>
    /made an object of it: it should return the `default`/.test(stack)
  )
})

test('two different mistakes are not the same error again', async (t) => {
  const { runtime, save } = steps(t)
  await runtime.import('./module')
  const printed = captureConsole(t)
  for (const exported of [() => {}, () => () => {}, () => () => {}]) save({ exported })
  const errors = printed.of('error').map(({ text }) => text)
  assert.match(errors[0], /exports nothing/)
  assert.match(errors[1], /exports a function/)
  assert.match(errors[2], /2 times now/)
})
