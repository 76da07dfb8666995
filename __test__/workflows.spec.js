// What the workflows must never lose: no rights by default, actions pinned by commit, every target built and tested.
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { root } = require('./support/project.js')

const folder = path.join(root, '.github/workflows')
const workflows = fs.readdirSync(folder).map((name) => [name, fs.readFileSync(path.join(folder, name), 'utf8')])

for (const [name, text] of workflows)
  test(`${name}: no rights by default, each job says its own, and actions are pinned by commit`, () => {
    assert.match(text, /^permissions: \{\}$/m)
    assert.doesNotMatch(text, /write-all|NPM_TOKEN|NODE_AUTH_TOKEN|secrets\./)
    const jobs = text
      .slice(text.indexOf('\njobs:'))
      .split(/^ {2}(?=[a-z-]+:$)/m)
      .slice(1)
    for (const job of jobs) assert.match(job, /^ {4}permissions:$/m, job.split('\n')[0])
    for (const [, action] of text.matchAll(/uses: (\S+)/g))
      if (!action.startsWith('./')) assert.match(action, /^[\w-]+\/[\w-]+@[0-9a-f]{40}$/)
  })

test('ci.yml builds each target that is published, and tests each it builds', () => {
  const { napi } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'))
  const [, text] = workflows.find(([name]) => name === 'ci.yml')
  const [, build, tests] = text.split(/^ {2}(?:build|test):$/m)
  for (const target of napi.targets) {
    assert.ok(build.includes(`target: ${target},`), `${target} is built`)
    assert.ok(tests.includes(`target: ${target}`), `${target} is tested`)
  }
})
