'use strict'

const fs = require('node:fs')
const { describe, test } = require('node:test')
const { makeFolder } = require('./support/files')
const { hmr } = require('./support/process')

const project = (t, files) => makeFolder(t, { fixture: 'command', files })

describe('"symlinked files and folders" of the command are followed where they lead next', () => {
  const ways = {
    'a link that is led elsewhere': ({ file, version }) => {
      version('releases/two/server.js', 'two')
      fs.symlinkSync('releases/two/server.js', file('next.js'))
      fs.renameSync(file('next.js'), file('linked.js'))
      return 'releases/two/server.js'
    },
    'a link that a file replaces': ({ file, version }) => {
      version('next.js', 'two')
      fs.renameSync(file('next.js'), file('linked.js'))
      return 'linked.js'
    }
  }
  const forms = [
    ['-f', 'linked.js'],
    ['-f', './linked.js'],
    ['-f', 'linked'],
    ['-r', 'loader.js', '-f', 'linked.js']
  ]
  for (const [way, lead] of Object.entries(ways))
    for (const args of forms)
      test(`${args.join(' ')}: ${way}`, async (t) => {
        const it = linked(t)
        fs.symlinkSync('releases/one/server.js', it.file('linked.js'))
        await follows(it, hmr(t, args, { cwd: it.dir }), lead)
      })

  for (const id of ['current/server.js', './current/server'])
    test(`-f ${id}: a folder that is led elsewhere`, async (t) => {
      const it = linked(t)
      fs.symlinkSync('releases/one', it.file('current'), 'junction')
      await follows(it, hmr(t, ['-f', id], { cwd: it.dir }), ({ file, version }) => {
        version('releases/two/server.js', 'two')
        fs.symlinkSync('releases/two', file('next'), 'junction')
        fs.renameSync(file('next'), file('current'))
        return 'releases/two/server.js'
      })
    })
})

describe('"relative to the working directory" is relative to the one that the command was started in', () => {
  for (const id of ['server.js', './server.js', 'server'])
    test(`-f ${id}: a program that changes it is updated`, async (t) => {
      const { dir, file } = project(t)
      const text = `process.chdir('/')\n${fs.readFileSync(file('server.js'), 'utf8')}`
      fs.writeFileSync(file('server.js'), text)
      const run = hmr(t, ['-f', id], { cwd: dir })
      await run.printed('version one runs')
      for (const word of ['two', 'three']) {
        fs.writeFileSync(file('server.js'), text.replace('one', word))
        await run.printed(`version ${word} runs`)
      }
    })

  test('-r and -w: the watcher is found after the require function has changed it', async (t) => {
    const loader =
      "process.chdir('/')\nmodule.exports = Object.assign((file) => require(file), { cache: require.cache })"
    const { dir } = project(t, { 'leaves.js': loader })
    const run = hmr(t, ['-r', 'leaves.js', '-w', 'watcher.js', '-f', 'server.js'], { cwd: dir })
    await run.printed('watches server.js')
    await run.printed('version one runs')
  })
})

/** A project with a first release, and what writes the version of a word. */
function linked(t) {
  const it = project(t)
  const text = fs.readFileSync(it.file('server.js'), 'utf8')
  const version = (name, word) => it.write(name, text.replace('one', word))
  version('releases/one/server.js', 'one')
  return { ...it, version }
}

/** The next version is run, and so are the ones that are saved where the link leads then. */
async function follows(it, run, lead) {
  await run.printed('version one runs')
  const place = lead(it)
  await run.printed('version two runs')
  it.version(place, 'three')
  await run.printed('version three runs')
}
