// Runs each JavaScript and TypeScript block of the README and of docs/*.md: the blocks of a section are laid out as the
// files they say they are, and the one that says `run` is run. What its comments say it prints has to be printed, before
// and after each edit.
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { describe, test } = require('node:test')
const binding = require('../bin/internals.js')
const { makeProject, root } = require('./support/project.js')
const { documents, isHotProgram, readmeBlocks, textOf } = require('./support/readme.js')

/** Where hot programs run, and why they do not run here. */
const skip = whyNot()
const packages = { jiti: 'jiti', express: 'express' }

for (const document of documents)
  for (const [section, files] of sectionsOf(document)) {
    if (isTypesOnly(files)) continue // type-checked in __test__/types
    describe(`${document}, "${section}"`, () => {
      for (const entry of files.filter((block) => block.run))
        test(entry.run, { skip: (isHotProgram(files) && skip) || lacks(files) }, async (t) => {
          const project = makeProject(t, packages)
          for (const { file, code } of files) project.write(file, code)
          const program = start(project, entry.run.split(' '))
          for (const step of entry.steps)
            if (step.edit) project.edit(step.edit, step.before, step.after)
            else await program.line(step.prints)
        })
    })
  }

test('docs/hot.md: `hot.data` keeps the pool of a package over reloads', { skip }, async (t) => {
  const [, part] = /```ts part\n\/\/ db\.ts\n([\s\S]*?)```/.exec(textOf('docs/hot.md'))
  const project = makeProject(t)
  const pg = 'let opened = 0; exports.Pool = class { constructor() { this.number = ++opened } }'
  project.write('node_modules/pg/index.js', pg)
  project.write('db.ts', part)
  project.write('program.mts', 'import { pool } from "./db.ts"\nconsole.log("first version, pool", pool.number)')
  const program = project.hmr(['-l', 'program.mts'])
  await program.line('first version, pool 1')
  project.edit('program.mts', 'first', 'second')
  await program.line('second version, pool 1')
})

test('every section with JavaScript is run, and says what it prints', () => {
  for (const document of documents)
    for (const [section, files] of sectionsOf(document)) {
      if (isTypesOnly(files)) continue
      const entries = files.filter((block) => block.run)
      assert.notEqual(entries.length, 0, `${document}: ${section}`)
      for (const entry of entries) assert.notEqual(entry.steps.length, 0, `${document}, ${section}: ${entry.run}`)
    }
})

test('a block that another test runs is the whole of its file', () => {
  const copies = documents.flatMap((document) => readmeBlocks(textOf(document))).filter(({ as }) => as !== undefined)
  assert.notEqual(copies.length, 0)
  for (const { as, code } of copies)
    assert.equal(code.slice(code.indexOf('\n') + 1), fs.readFileSync(path.join(root, as), 'utf8'), as)
})

test('links within the documents, and to files of this repository, lead somewhere', () => {
  const contracts = fs.readdirSync(path.join(root, 'docs/contract')).map((file) => `docs/contract/${file}`)
  for (const document of [...documents, ...contracts, 'CONTRIBUTING.md'])
    for (const [, target] of textOf(document).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (target.startsWith('http')) continue
      const [file, fragment] = target.split('#')
      const place = file === '' ? document : path.join(path.dirname(document), file)
      assert.ok(fs.existsSync(path.join(root, place)), `${document}: ${target}`)
      if (fragment !== undefined) assert.ok(anchorsOf(place).has(fragment), `${document}: ${target}`)
    }
})

test('files of this repository that the documents name are there', () => {
  for (const document of [...documents, 'CONTRIBUTING.md'])
    for (const [, file] of textOf(document).matchAll(/`((?:src|bin|__test__|benchmark|scripts)\/[\w/.-]+)`/g))
      assert.ok(fs.existsSync(path.join(root, file)), `${document}: ${file}`)
})

test('the README fits on a few screens', () => {
  const lines = textOf('README.md').trimEnd().split('\n').length
  assert.ok(lines <= 300, `${lines} lines`)
})

/** The blocks to run, by their section. */
function sectionsOf(document) {
  const blocks = readmeBlocks(textOf(document)).filter(({ as }) => as === undefined)
  const sections = new Map()
  for (const block of blocks) sections.set(block.section, [...(sections.get(block.section) ?? []), block])
  return sections
}

function isTypesOnly(files) {
  return files.every((block) => block.language === 'ts' && block.run === undefined)
}

function start(project, words) {
  const env = { PORT: '0', NODE_ENV: 'test' }
  if (words[0] === 'npx') return project.hmr(['-l', ...words.slice(2)], env)
  return words[0] === 'hmr' ? project.hmr(words.slice(1), env) : project.run(words, { ...env, HMR_LOGGING: '1' })
}

/** Whether blocks ask for a runtime that this build does not make. */
function lacks(files) {
  if (!files.some(({ code }) => code.includes('createRuntime(import.meta)'))) return false
  try {
    require('..').createRuntime(__filename, false)
    return false
  } catch {
    return 'this build makes runtimes by `require` only'
  }
}

function whyNot() {
  const { refusal } = require('../bin/doors.js')
  return refusal() ?? (binding.disposeProgram === undefined && 'this build takes no edits of hot programs')
}

/** As the sites that show a document make them. */
function anchorsOf(file) {
  const headings = textOf(file).matchAll(/^#+ (.*)$/gm)
  return new Set(Array.from(headings, ([, heading]) => anchor(heading)))
}

function anchor(heading) {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')
}
