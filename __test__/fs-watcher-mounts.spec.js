'use strict'

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const { test } = require('node:test')
const { hotText, makeFolder } = require('./support/files')
const { start } = require('./support/process')

const inNamespace = ['unshare', '-Urm', 'sh', 'without-events.sh']

function project(t) {
  const folder = makeFolder(t, { fixture: 'mounts', files: { 'lower/a.js': hotText('one') } })
  for (const name of ['empty', 'merged']) fs.mkdirSync(folder.file(name))
  return folder
}

function canMount() {
  const clean = []
  const { dir } = project({ after: (end) => clean.push(end) })
  const [file, ...args] = inNamespace
  const { status } = spawnSync(file, [...args, 'true'], { cwd: dir })
  for (const end of clean) end()
  return status === 0
}

if (process.platform === 'linux' && canMount()) {
  for (const log of ['log', 'silent']) {
    test(`a file system without events is polled by itself; ${log === 'log' ? 'said once, with logging on' : 'nothing is said without logging'}`, async (t) => {
      const { dir, file } = project(t)
      const run = start(t, [...inNamespace, process.execPath, 'app.js', log], { cwd: dir })
      await run.printed('watching')
      for (const version of ['two', 'three', 'four']) {
        fs.writeFileSync(file('lower/a.js'), hotText(version))
        await run.printed(`exports ${version}\n`)
      }
      run.kill('SIGTERM')
      const { stdout, stderr } = await run.ended()
      assert.equal(stderr, '')
      const notices = stdout.match(/^.*polled.*$/gm) ?? []
      assert.equal(notices.length, log === 'log' ? 1 : 0, stdout)
      if (log === 'log')
        assert.ok(
          notices[0].endsWith(
            `[hmr] ${dir}/merged is a 9p file system, which does not report changes, so its files are polled.`
          )
        )
    })
  }
}
