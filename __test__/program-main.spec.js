'use strict'
// `require.main`, `process.mainModule`, `module.id` and `module.parent` of an entry that is evaluated again.
const assert = require('node:assert/strict')
const http = require('node:http')
const { describe, test } = require('node:test')
const { once } = require('node:events')
const { makeFolder } = require('./support/files')
const { hmr, start } = require('./support/process')

/** The ways to run a program, each with what Node sets as `module.id` and `module.parent` of its entry. */
const WAYS = {
  hmr: {
    run: (t, file, options) => hmr(t, ['-l', file], options),
    says: 'true true . null'
  },
  register: {
    run: (t, file, options) =>
      start(t, [process.execPath, '--import', '@upvotr/node-hmr/register', file], {
        ...options,
        env: { HMR_LOGGING: '1' }
      }),
    says: 'true true the path undefined'
  }
}

/** Prints what an entry knows of itself, now and in a later turn. */
const SAYS = `
  const says = (when) => console.log(when, text, require.main === module, process.mainModule === module,
    module.id === __filename ? 'the path' : module.id, String(module.parent))
  says('RUN'); setTimeout(says, 50, 'THEN'); setInterval(() => {}, 1000);`

/** Starts an entry with a module `text` that it requires. */
function run(t, way, files, file = 'main.js') {
  const folder = makeFolder(t, { files: { 'package.json': '{}', 'text.js': "module.exports = 'v1'", ...files } })
  const program = WAYS[way].run(t, file, { cwd: folder.dir })
  const says = async (text) => {
    await program.printed(`RUN ${text} ${WAYS[way].says}\n`)
    await program.printed(`THEN ${text} ${WAYS[way].says}\n`)
  }
  const saves = (text) => folder.write('text.js', `module.exports = '${text}'`)
  return { ...folder, program, says, saves }
}

// [hot 8, 10]
for (const way of Object.keys(WAYS))
  describe(`the newest version of a CommonJS entry is the main module: ${way}`, () => {
    for (const file of ['main.js', 'main.cjs', 'main.cts'])
      test(`after a reload: ${file}`, async (t) => {
        const { says, saves } = run(t, way, { [file]: `const text = require('./text')\n${SAYS}` }, file)
        await says('v1')
        saves('v2')
        await says('v2')
        saves('v3')
        await says('v3')
      })

    test('in the modules that the entry requires', async (t) => {
      const { program, saves } = run(t, way, {
        'main.js': `const other = require('./other')
          console.log('RUN', other.text, other.main() === module, other.main === module); setInterval(() => {}, 1000)`,
        'other.js': `exports.text = require('./text'); exports.main = () => require.main`
      })
      await program.printed('RUN v1 true')
      saves('v2')
      await program.printed('RUN v2 true')
    })

    test('after an update that the entry accepts itself', async (t) => {
      const main = (text) => `module.hot.accept(); const text = '${text}'\n${SAYS}`
      const { says, write } = run(t, way, { 'main.js': main('v1') })
      await says('v1')
      write('main.js', main('v2'))
      await says('v2')
    })

    test('when a version has failed, the old one, which goes on', async (t) => {
      const main = `const text = require('./text')\n${SAYS}
        if (text === 'v2') throw new Error('two')
        if (text === 'v1') setInterval(says, 50, 'STILL')`
      const { program, says, saves } = run(t, way, { 'main.js': main })
      await says('v1')
      saves('v2')
      await program.printed('Error: two', 'stderr')
      await program.printed('STILL v1')
      await program.printed(`STILL v1 ${WAYS[way].says}\n`)
      saves('v3')
      await says('v3')
    })

    test('when the last good version is evaluated again', async (t) => {
      const main = `const text = require('./text')\n${SAYS}
        module.hot.dispose(() => console.log('DISPOSED'))`
      const { program, says, write, saves } = run(t, way, { 'main.js': main })
      await says('v1')
      write('text.js', "throw new Error('two')")
      await program.printed('DISPOSED')
      await says('v1')
      saves('v3')
      await says('v3')
    })

    test('in a forked child process', async (t) => {
      const { program, saves } = run(t, way, {
        'main.js': "require('node:child_process').fork(require.resolve('./child'))",
        'child.js': `const text = require('./text')\n${SAYS}`
      })
      await program.printed(`RUN v1 ${WAYS.register.says}\n`)
      await program.printed(`THEN v1 ${WAYS.register.says}\n`)
      saves('v2')
      await program.printed(`RUN v2 ${WAYS.register.says}\n`)
    })
  })

// [hot 10, 134]
test('a server that listens only as the main module keeps its port', async (t) => {
  const { program, saves } = run(t, 'hmr', {
    'main.js': `
      const server = require('node:http').createServer((_, response) => response.end(text))
      const text = require('./text')
      if (require.main === module) server.listen(0, '127.0.0.1', () => console.log('up', text, server.address().port))
      module.exports = server`
  })
  const [, port] = await program.printed(/up v1 (\d+)/)
  saves('v2')
  assert.equal((await program.printed(/up v2 (\d+)/))[1], port)
  await program.printed('reloaded in')
  const [response] = await once(http.get({ port, host: '127.0.0.1', agent: false }), 'response')
  assert.equal((await response.setEncoding('utf8').toArray()).join(''), 'v2')
})

// [hot 10, 29]
test('an entry that becomes an ES module leaves no main module, and one that becomes CommonJS again is it', async (t) => {
  const says = (text) => `console.log('RUN ${text}', String(process.mainModule?.id)); setInterval(() => {}, 1000);`
  const { program, write } = run(t, 'hmr', { 'main.js': `require('node:fs'); ${says('v1')}` })
  await program.printed('RUN v1 .')
  write('main.js', `import 'node:fs'; ${says('v2')}`)
  await program.printed('RUN v2 undefined')
  await program.printed('reloaded in')
  write('main.js', `require('node:fs'); ${says('v3')}`)
  await program.printed('RUN v3 .')
})

// [hot 10]
test('a program that takes its entry out of `require.cache` and requires it gets no main module by that, as under node', async (t) => {
  const { program, saves } = run(t, 'hmr', {
    'main.js': `const text = require('./text')
      console.log(text, require.main === module)
      if (!module.parent) { delete require.cache[__filename]; require('./main'); setInterval(() => {}, 1000) }`
  })
  await program.printed('v1 true\nv1 false\n')
  saves('v2')
  await program.printed('v2 true\nv2 false\n')
})

// [hot 10, 65]
test('TypeScript with ES syntax outside of "type": "module"', async (t) => {
  const files = {
    'main.ts': `import text from './text'\nimport { other } from './other'\nconsole.log('OTHER', other === module)\n${SAYS}`,
    'other.ts': 'export const other: unknown = require.main'
  }
  const { program, says, saves } = run(t, 'hmr', files, 'main.ts')
  await program.printed('OTHER true')
  await says('v1')
  saves('v2')
  await program.printed('OTHER true')
  await says('v2')
})

// [hot 10, 126]
test('register: an entry that a module of the program requires in a circle is evaluated in a reload', async (t) => {
  const files = {
    'main.js':
      "exports.early = true; console.log('RUN', require('./other'), require.main === module); setInterval(() => {}, 1000)",
    'other.js': "module.exports = require('./main').early + require('./text')"
  }
  const { program, saves } = run(t, 'register', files)
  await program.printed('RUN truev1 true')
  saves('v2')
  await program.printed('RUN truev2 true')
})
