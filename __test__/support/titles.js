// Which tests the spec files hold: each is required with a `node:test` that notes titles and runs no test, so that titles
// built in loops are known as they will be. It happens in a child process, since a spec may change what it loads.
const { execFileSync } = require('node:child_process')
const Module = require('node:module')
const path = require('node:path')

/** `{ [spec]: [path] }` of spec files named relative to `folder`; a path is the titles of suites and test, joined by " > ". */
exports.titlesOf = function titlesOf(folder, specs) {
  const output = execFileSync(process.execPath, [__filename, folder, ...specs], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, NODE_OPTIONS: '', NODE_TEST_CONTEXT: '' }
  })
  return JSON.parse(output.slice(output.lastIndexOf('\n', output.length - 2) + 1))
}

/** A `node:test` that notes into `paths`. What is skipped or to be done is no test. */
function notingTest(paths) {
  let suites = []
  const test = (title, ...rest) => {
    if (rest[0]?.skip !== true && !rest[0]?.todo) paths.push([...suites, title].join(' > '))
  }
  const suite = (title, ...rest) => {
    const outer = suites
    suites = [...suites, title]
    rest.at(-1)()
    suites = outer
  }
  const nothing = () => {}
  const hooks = { before: nothing, after: nothing, beforeEach: nothing, afterEach: nothing }
  for (const each of [test, suite]) Object.assign(each, { only: each, skip: nothing, todo: nothing })
  return Object.assign(test, { test, it: test, describe: suite, suite, ...hooks })
}

if (require.main === module) {
  const [folder, ...specs] = process.argv.slice(2)
  const load = Module._load
  let noting
  Module._load = function (request, ...rest) {
    return request === 'node:test' ? noting : load.call(this, request, ...rest)
  }
  const titles = {}
  for (const spec of specs) {
    titles[spec] = []
    noting = notingTest(titles[spec])
    require(path.join(folder, spec))
  }
  process.stdout.write(`\n${JSON.stringify(titles)}\n`, () => process.exit())
}
