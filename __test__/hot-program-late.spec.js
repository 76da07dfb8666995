// Errors that come when a version's evaluation is over: whose they are, and that the process outlives them.
const assert = require('node:assert/strict')
const path = require('node:path')
const { describe, test } = require('node:test')
const { pathToFileURL } = require('node:url')
const { makeFolder } = require('./support/files')
const { hmr, root, start } = require('./support/process')

const register = pathToFileURL(path.join(root, 'register.mjs')).href
const WAYS = {
  'hmr -l': (t, cwd) => hmr(t, ['-l', 'main.mjs'], { cwd }),
  register: (t, cwd) =>
    start(t, [process.execPath, '--import', register, 'main.mjs'], { cwd, env: { HMR_LOGGING: '1' } })
}
/** Which module is saved, and who takes its versions. */
const SHAPES = {
  'an entry that nobody accepts': {
    saved: 'main.mjs',
    files: (text) => ({ 'main.mjs': text })
  },
  'an accepted dependency': {
    saved: 'app.mjs',
    files: (text) => ({
      'main.mjs': "import './app.mjs'; import.meta.hot.accept('./app.mjs')",
      'app.mjs': text
    })
  }
}

const version = (n, code = '') => `export {}; console.log('now ${n}'); setInterval(() => {}, 1000); ${code}`

/** For each way and shape, a program whose first version has `code`; `save(n, code)` saves a version. */
function each(name, body) {
  for (const [way, run] of Object.entries(WAYS))
    for (const [shape, { saved, files }] of Object.entries(SHAPES))
      test(`${name}; ${shape}, ${way}`, (t) =>
        body(async (code) => {
          const { dir, write } = makeFolder(t, { files: files(version(1, code)) })
          const program = run(t, dir)
          await program.printed('now 1')
          return { program, save: (n, more) => write(saved, version(n, more)) }
        }))
}

const THROWS = "{ throw new Error('late') }"

describe('an error that a disposer or a listener of the old version leaves is no failure of the new one', () => {
  const left = {
    'a microtask of a disposer': `import.meta.hot.dispose(() => { queueMicrotask(() => ${THROWS}) })`,
    'a rejection of a disposer': `import.meta.hot.dispose(() => { (async () => ${THROWS})() })`,
    'a tick of a disposer': `import.meta.hot.dispose(() => { process.nextTick(() => ${THROWS}) })`,
    'a microtask of vite:beforeUpdate and vite:beforeFullReload': `
      for (const event of ['vite:beforeUpdate', 'vite:beforeFullReload'])
        import.meta.hot.on(event, () => queueMicrotask(() => ${THROWS}))`
  }
  for (const [name, code] of Object.entries(left))
    each(name, async (begin) => {
      const { program, save } = await begin(code)
      save(2, code)
      await program.printed('Error: late', 'stderr')
      await program.printed(/(updated|reloaded) in/)
      save(3)
      await program.printed('now 3')
      await program.printed(/(updated|reloaded) in/)
      assert.doesNotMatch(program.text.stderr, /the new version failed/)
    })
})

describe('what a failed version throws or exits with afterwards is left out', () => {
  const failing = {
    'an exit in a microtask': 'queueMicrotask(() => process.exit(1))',
    'two exceptions of microtasks': `queueMicrotask(() => ${THROWS}); queueMicrotask(() => ${THROWS})`,
    'an exception of a microtask and one of the evaluation': `queueMicrotask(() => ${THROWS}); ${THROWS}`,
    'likewise, by globalThis': `globalThis.queueMicrotask(() => ${THROWS}); ${THROWS}`
  }
  for (const [name, code] of Object.entries(failing))
    each(name, async (begin) => {
      const { program, save } = await begin()
      save(2, code)
      await program.printed('kept its last good version')
      save(3)
      await program.printed('now 3')
      await program.printed(/(updated|reloaded) in/)
    })
})

describe('a listener of the program that exits on an error of a new version fails that version, and not the process', () => {
  const EXITS = '() => { process.exit(1) }'
  const onException = `process.on('uncaughtException', ${EXITS})`
  const onRejection = `process.on('unhandledRejection', ${EXITS})`
  const inNextTurn = `setImmediate(() => ${THROWS})`
  const rejects = "Promise.reject(new Error('late'))"
  /** What the first version does, and the second. */
  const failing = {
    'the new version listens for exceptions': ['', `${onException}; ${inNextTurn}`],
    'the old version listens for exceptions': [onException, inNextTurn],
    'both listen for both events': [`${onException}; ${onRejection}`, `${onException}; ${onRejection}; ${rejects}`],
    'the new version listens for rejections': ['', `${onRejection}; ${rejects}`],
    'the new version exits in what catches, and listens': ['', `${onException}; ${rejects}.catch(${EXITS})`]
  }
  for (const [name, [first, second]] of Object.entries(failing))
    each(name, async (begin) => {
      const { program, save } = await begin(first)
      save(2, second)
      await program.printed('kept its last good version')
      save(3)
      await program.printed('now 3')
      await program.printed(/(updated|reloaded) in/)
      assert.equal(program.text.stderr.match(/before the new version had come up/g).length, 1, program.text.stderr)
      assert.doesNotMatch(program.text.stderr, /the process goes on/)
    })
})

describe('what the program has for uncaught errors throws itself on an error of a new version, which has failed then', () => {
  const LATER = `setImmediate(() => ${THROWS})`
  const BUGGY = "() => { throw new Error('of the listener') }"
  const failing = {
    'a listener for uncaughtException': `process.on('uncaughtException', ${BUGGY}); ${LATER}`,
    'two listeners': `process.on('uncaughtException', () => {}); process.on('uncaughtException', ${BUGGY}); ${LATER}`,
    'process.setUncaughtExceptionCaptureCallback': `process.setUncaughtExceptionCaptureCallback(${BUGGY}); ${LATER}`,
    'a listener of a domain': `const d = (await import('node:domain')).create(); d.on('error', ${BUGGY})
      d.run(() => ${LATER})`,
    'a listener of a domain, which exits': `const d = (await import('node:domain')).create()
      d.on('error', () => process.exit(1)); d.run(() => ${LATER})`,
    'a listener of an inner domain': `const { create } = await import('node:domain'); const [c, d] = [create(), create()]
      for (const it of [c, d]) it.on('error', ${BUGGY})
      c.run(() => d.run(() => ${LATER}))`
  }
  for (const [name, code] of Object.entries(failing))
    each(name, async (begin) => {
      const { program, save } = await begin()
      save(2, code)
      await program.printed(/^Error: (of the listener|process\.exit\(1\) before)/m, 'stderr')
      await program.printed('kept its last good version')
      save(3, "console.log('captures', process.hasUncaughtExceptionCaptureCallback())")
      await program.printed('now 3\ncaptures false')
      await program.printed(/(updated|reloaded) in/)
    })

  each('a listener of the old version for uncaughtExceptionMonitor', async (begin) => {
    const { program, save } = await begin(`process.on('uncaughtExceptionMonitor', ${BUGGY})`)
    save(2, LATER)
    await program.printed('kept its last good version')
    save(3)
    await program.printed('now 3')
    await program.printed(/(updated|reloaded) in/)
  })
})

describe('a version fails at once although its evaluation waits for what never comes', () => {
  const HANGS = 'await new Promise(() => {})'
  const failing = {
    'an exception': `setTimeout(() => ${THROWS}, 5); ${HANGS}`,
    'a rejection': `Promise.reject(new Error('late')); ${HANGS}`,
    'an exit': `setTimeout(() => process.exit(1), 5); ${HANGS}`,
    'an exception of a listener for the end of a worker': `const { Worker } = await import('node:worker_threads')
      new Worker('', { eval: true }).on('exit', () => ${THROWS}); ${HANGS}`,
    'an exit that is caught': `try { process.exit(1) } catch {} ${HANGS}`,
    'an exception, and what it waits for comes later': `setTimeout(() => ${THROWS}, 5)
      await new Promise((resolve) => (globalThis.go = resolve)); console.log('went on'); throw new Error('too late')`
  }
  for (const [name, code] of Object.entries(failing))
    each(name, async (begin) => {
      const { program, save } = await begin()
      save(2, code)
      await program.printed('kept its last good version')
      save(3, 'globalThis.go?.()')
      await program.printed('now 3')
      await program.printed(/(updated|reloaded) in/)
      save(4)
      await program.printed('now 4')
      await program.printed(/(updated|reloaded) in/)
      assert.equal(program.text.stderr.match(/the new version failed/g).length, 1, program.text.stderr)
    })
})

describe('with `node:domain` in use, a late error of a new version fails its update as well', () => {
  const LOADS = "await import('node:domain')"
  const failing = {
    'a tick': `${LOADS}; process.nextTick(() => ${THROWS})`,
    'an immediate': `${LOADS}; setImmediate(() => ${THROWS})`,
    'a rejection': `${LOADS}; Promise.reject(new Error('late'))`,
    'a tick in a domain': `const { create } = ${LOADS}; create().run(() => process.nextTick(() => ${THROWS}))`
  }
  for (const [name, code] of Object.entries(failing))
    each(name, async (begin) => {
      const { program, save } = await begin()
      save(2, code)
      await program.printed('kept its last good version')
      // The domain is in use from now on.
      save(3, code)
      await program.printed('kept its last good version')
      save(4, "console.log('in', process.domain)")
      await program.printed(/now 4\nin (null|undefined)\n/)
      await program.printed(/(updated|reloaded) in/)
    })
})

describe('the command reports what nobody catches also after', () => {
  const removing = {
    '`process.removeAllListeners()`': 'process.removeAllListeners()',
    "the program's own listener has gone, with `node:domain` in use": `await import('node:domain')
      const own = () => {}
      process.on('uncaughtException', own)
      await new Promise(setImmediate)
      process.off('uncaughtException', own)`
  }
  for (const [name, code] of Object.entries(removing))
    test(name, async (t) => {
      const { dir, write } = makeFolder(t, { files: { 'main.mjs': version(1), 'go.txt': '' } })
      const program = WAYS['hmr -l'](t, dir)
      await program.printed('now 1')
      write('main.mjs', version(2, `${code}; import.meta.hot.watch('./go.txt', () => setImmediate(() => ${THROWS}))`))
      await program.printed('reloaded in')
      write('go.txt', 'go')
      await program.printed('Error: late', 'stderr')
      write('main.mjs', version(3))
      await program.printed('now 3')
      await program.printed('reloaded in')
    })
})
