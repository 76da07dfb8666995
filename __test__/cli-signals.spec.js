'use strict'

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const { describe, test } = require('node:test')
const { makeFolder, pause } = require('./support/files')
const { bin, hmr, start } = require('./support/process')

const project = (t, files) => makeFolder(t, { fixture: 'command', files })
const LEFT = ['inner runner cleaned', 'outer runner cleaned', 'inner values cleaned', 'outer values cleaned']
const CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }

for (const [signal, expected] of Object.entries(CODES)) {
  describe(signal, () => {
    for (const slow of [0, 300]) {
      test(`cleanups of ${slow} ms: runners, then persistent values, innermost first, then ${expected}`, async (t) => {
        const run = hmr(t, ['-f', 'outer.js'], { cwd: project(t).dir, env: { SLOW: `${slow}` } })
        await run.printed('all runs')
        run.kill(signal)
        const { code, stdout, stderr } = await run.ended()
        assert.deepEqual([code, stderr], [expected, ''])
        assert.deepEqual(stdout.trim().split('\n').slice(1), LEFT)
      })
    }

    test('after an update, it is the new version that is cleaned up, once', async (t) => {
      const { dir, file } = project(t)
      const run = hmr(t, ['-f', 'server.js'], { cwd: dir })
      await run.printed('version one runs')
      fs.writeFileSync(file('server.js'), fs.readFileSync(file('server.js'), 'utf8').replaceAll('runner', 'second'))
      await run.printed('version one runs')
      run.kill(signal)
      const { code, stdout } = await run.ended()
      assert.equal(code, expected)
      const lines = ['version one runs', 'runner cleaned', 'version one runs', 'second cleaned', 'values cleaned']
      assert.equal(stdout, `${lines.join('\n')}\n`)
    })

    test('a cleanup that fails is reported, and the others run', async (t) => {
      const run = hmr(t, ['-f', 'outer.js'], { cwd: project(t).dir, env: { BREAK: '1' } })
      await run.printed('all runs')
      run.kill(signal)
      const { code, stdout, stderr } = await run.ended()
      assert.equal(code, expected)
      assert.deepEqual(stdout.trim().split('\n').slice(1), LEFT)
      assert.match(stderr, /^\[hmr\] \.\/inner: the runner's cleanup failed\n/)
      assert.match(stderr, /^Error: the cleanup breaks$/m)
    })

    test('a second one exits at once', async (t) => {
      const run = hmr(t, ['-f', 'outer.js'], { cwd: project(t).dir, env: { SLOW: '60000' } })
      await run.printed('all runs')
      run.kill(signal)
      await run.printed('inner runner cleaned')
      await pause(400)
      run.kill(signal)
      const { code, stdout, stderr } = await run.ended()
      assert.deepEqual([code, stderr], [expected, ''])
      assert.ok(!stdout.includes('outer runner cleaned'))
    })

    for (const grace of ['--grace=100', '--grace=0']) {
      test(`${grace}: cleanups that take longer are left`, async (t) => {
        const run = hmr(t, [grace, '-f', 'outer.js'], { cwd: project(t).dir, env: { SLOW: '60000' } })
        await run.printed('all runs')
        run.kill(signal)
        const { code, stderr } = await run.ended()
        assert.equal(code, expected)
        assert.match(stderr, /^\[hmr\] the cleanups took longer than \d+ ms; leaving without them\n$/)
      })
    }

    test('"If the program has its own handler for the signal, it decides"', async (t) => {
      for (const how of ['on', 'once', 'prependListener', 'prependOnceListener']) {
        const text = `
          const { createRunner, hmr } = require('@upvotr/node-hmr')
          const alive = setInterval(() => {}, 1000)
          module.exports = hmr(null, createRunner(
            () => {
              process.${how}('${signal}', () => {
                console.log('mine')
                setTimeout(() => process.exit(5), 50)
              })
              console.log('armed')
            },
            () => console.log('cleaned')
          ))`
        const { dir } = project(t, { 'own.js': text })
        const run = hmr(t, ['-f', 'own.js'], { cwd: dir })
        await run.printed('armed')
        run.kill(signal)
        const { code, stdout } = await run.ended()
        assert.deepEqual([code, stdout], [5, 'armed\nmine\n'], how)
      }
    })

    test('a program that takes its handler away again leaves it to the command', async (t) => {
      const text = `
        const { createRunner, hmr } = require('@upvotr/node-hmr')
        module.exports = hmr(null, createRunner(
          () => {
            const own = () => console.log('mine')
            process.on('${signal}', own)
            setTimeout(() => {
              process.off('${signal}', own)
              console.log('disarmed')
            }, 20)
          },
          () => console.log('cleaned')
        ))`
      const { dir } = project(t, { 'own.js': text })
      const run = hmr(t, ['-f', 'own.js'], { cwd: dir })
      await run.printed('disarmed')
      run.kill(signal)
      const { code, stdout } = await run.ended()
      assert.deepEqual([code, stdout], [expected, 'disarmed\ncleaned\n'])
    })

    test('packages that end the process if all listeners are their own still do', async (t) => {
      const text = `
        const { createRunner, hmr } = require('@upvotr/node-hmr')
        module.exports = hmr(null, createRunner(() => {
          const own = () => {
            if (process.listeners('${signal}').length !== 1) return
            process.off('${signal}', own)
            process.exit(9)
          }
          process.on('${signal}', own)
          setImmediate(() => console.log('armed'))
        }))`
      const { dir } = project(t, { 'own.js': text })
      const run = hmr(t, ['-f', 'own.js'], { cwd: dir })
      await run.printed('armed')
      run.kill(signal)
      assert.equal((await run.ended()).code, 9)
    })

    test('before the module runs: it ends as well', async (t) => {
      const text = `
        const { createRunner, hmr } = require('@upvotr/node-hmr')
        console.log('evaluated')
        module.exports = hmr(null, createRunner(() => new Promise(() => setInterval(() => {}, 1000)), undefined, true))`
      const { dir } = project(t, { 'own.js': text })
      const run = hmr(t, ['-f', 'own.js'], { cwd: dir })
      await run.printed('evaluated')
      await run.printed(/^/) // the listeners are there before
      run.kill(signal)
      assert.equal((await run.ended()).code, expected)
    })
  })
}

test('"The exit codes of a program that calls `process.exit(n)` are its own"', async (t) => {
  for (const code of [0, 1, 42]) {
    const text = `
      const { createRunner, hmr } = require('@upvotr/node-hmr')
      module.exports = hmr(null, createRunner(() => setTimeout(() => process.exit(${code}), 20)))`
    const { dir } = project(t, { 'own.js': text })
    assert.equal((await hmr(t, ['-f', 'own.js'], { cwd: dir }).ended()).code, code)
  }
})

describe('"Whatever the environment, signals within 150 ms of the first are the same wish"', () => {
  const wishes = [
    ['SIGINT', 'SIGINT'],
    ['SIGINT', 'SIGTERM'],
    ['SIGTERM', 'SIGINT'],
    ['SIGHUP', 'SIGHUP']
  ]
  for (const [first, second] of wishes) {
    test(`${first}, then ${second} while the cleanups run`, async (t) => {
      const run = hmr(t, ['-f', 'outer.js'], { cwd: project(t).dir, env: { SLOW: '250' } })
      await run.printed('all runs')
      run.kill(first)
      await run.printed('inner runner cleaned')
      run.kill(second)
      const { code, stdout, stderr } = await run.ended()
      assert.deepEqual([code, stderr], [CODES[first], ''])
      assert.deepEqual(stdout.trim().split('\n').slice(1), LEFT)
    })
  }

  test('from a wrapper on a terminal, which hands Ctrl-C on', async (t) => {
    const { dir, write } = project(t)
    write(
      'wrapper.js',
      `const { spawn } = require('node:child_process')
      const child = spawn(process.execPath, ${JSON.stringify([bin, '-f', 'outer.js'])}, { stdio: 'inherit' })
      for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => setTimeout(() => child.kill(signal), 40))
      child.on('exit', (code) => process.exit(code))`
    )
    const stdio = ['pipe', 'pipe', 'pipe']
    const command = `${process.execPath} wrapper.js`
    const run = start(t, ['script', '-qec', command, '/dev/null'], { cwd: dir, env: { SLOW: '150' }, stdio })
    await run.printed('all runs')
    run.child.stdin.write('\x03')
    for (const line of LEFT) await run.printed(line)
  })
})

test('SIGHUP: a terminal that is closed runs the cleanups', async (t) => {
  const { dir, file } = project(t)
  const stdio = ['pipe', 'pipe', 'pipe']
  const text = fs.readFileSync(file('outer.js'), 'utf8').replace('console.log(text)', "fs.appendFileSync('left', text)")
  fs.writeFileSync(file('outer.js'), `const fs = require('node:fs')\n${text}`)
  const command = `exec ${process.execPath} ${bin} -f outer.js`
  const run = start(t, ['script', '-qec', command, '/dev/null'], { cwd: dir, stdio })
  await run.printed('all runs')
  run.kill('SIGKILL')
  await run.ended()
  while (!fs.existsSync(file('left')) || !fs.readFileSync(file('left'), 'utf8').includes('outer values cleaned'))
    await pause(20)
})

test('a Ctrl-C that an npm script gets on a terminal, twice at once, is one', async (t) => {
  const scripts = { dev: `"${process.execPath}" "${bin}" -f outer.js` }
  const { dir } = project(t, { 'package.json': JSON.stringify({ scripts }) })
  // A shell that makes way for the program, as /bin/sh is on many systems.
  const env = { SLOW: '150', npm_config_script_shell: '/bin/bash' }
  const run = start(t, ['script', '-qec', 'npm run dev', '/dev/null'], {
    cwd: dir,
    env,
    stdio: ['pipe', 'pipe', 'pipe']
  })
  await run.printed('all runs')
  run.child.stdin.write('\x03')
  for (const line of LEFT) await run.printed(line)
})

if (canUnshare()) {
  describe('as PID 1, where a signal without a handler is lost', () => {
    for (const [signal, expected] of Object.entries(CODES)) {
      test(signal, async (t) => {
        const run = start(
          t,
          ['unshare', '-r', '--pid', '--fork', '--kill-child', process.execPath, bin, '-f', 'outer.js'],
          { cwd: project(t).dir }
        )
        await run.printed('all runs')
        const inner = fs.readFileSync(`/proc/${run.child.pid}/task/${run.child.pid}/children`, 'utf8').trim()
        assert.match(fs.readFileSync(`/proc/${inner}/status`, 'utf8'), /^NSpid:\t\d+\t1$/m)
        process.kill(Number(inner), signal)
        for (const line of LEFT) await run.printed(line)
        assert.equal((await run.ended()).code, expected)
      })
    }
  })
}

function canUnshare() {
  try {
    execFileSync('unshare', ['-r', '--pid', '--fork', 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
