// Worker threads that are ended at any moment while they watch, under valgrind: fails on any error it finds, and on
// memory that was lost by the addon. Needs valgrind. Usage: node scripts/valgrind.mjs [workers], 60 by default.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const workers = process.argv[2] ?? '60'
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'node-hmr-valgrind-'))
const log = path.join(folder, 'valgrind.log')
try {
  fs.cpSync(path.join(root, '__test__/fixtures/exit'), folder, { recursive: true })
  fs.mkdirSync(path.join(folder, 'node_modules/@upvotr'), { recursive: true })
  fs.symlinkSync(root, path.join(folder, 'node_modules/@upvotr/node-hmr'))
  const args = ['--leak-check=full', '--num-callers=40', `--log-file=${log}`, process.execPath, 'workers.js', workers]
  const { status, error } = spawnSync('valgrind', args, { cwd: folder, stdio: 'inherit' })
  if (error) throw error
  const records = fs.readFileSync(log, 'utf8').split(/^==\d+== \n/m)
  const isLeak = (record) => / (?:definitely|indirectly|possibly) lost in loss record /.test(record)
  const errors = records.filter((record) => /^==\d+== {4}(?:at|by) /m.test(record) && !isLeak(record))
  const leaks = records.filter((record) => isLeak(record) && /node-hmr\..*\.node\)/.test(record))
  for (const record of [...errors, ...leaks]) console.error(record)
  console.log(`exit code ${status}, errors ${errors.length}, losses of the addon ${leaks.length}`)
  if (status !== 0 || errors.length > 0 || leaks.length > 0) process.exitCode = 1
} finally {
  fs.rmSync(folder, { recursive: true, force: true })
}
