'use strict'
// Files that a program has loaded by `import()` or `require()`, and that are deleted.
const assert = require('node:assert/strict')
const fs = require('node:fs')
const { describe, test } = require('node:test')
const { makeFolder } = require('./support/files')
const { hmr } = require('./support/process')

const IDLE = '; setInterval(() => {}, 1000)'
/** Deleting marker.txt is told of after the deletions before it. */
const say = (hot) => `${hot}?.watch('./marker.txt', () => console.log('MARKER'))
  console.log('ROUTES', Object.values(all).join())${IDLE}`

/** Entries that load what a folder contains, and a file that the entry names but asks for only if the file is there. */
const ENTRIES = {
  'import() of what a folder contains': {
    entry: 'main.ts',
    extension: '.ts',
    route: (text) => `export default '${text}'`,
    main: `import { readdirSync } from 'node:fs'
      const all: Record<string, string> = {}
      for (const f of readdirSync(new URL('./routes/', import.meta.url))) all[f] = (await import('./routes/' + f)).default
      ${say('import.meta.hot')}`
  },
  'import() of a file that is looked for': {
    entry: 'main.ts',
    extension: '.ts',
    route: (text) => `export default '${text}'`,
    main: `import { existsSync } from 'node:fs'
      const all: Record<string, string> = {}
      if (existsSync(new URL('./routes/a.ts', import.meta.url))) all.a = (await import('./routes/a.ts')).default
      all.b = (await import('./routes/b.ts')).default
      ${say('import.meta.hot')}`
  },
  'require() of what a folder contains': {
    entry: 'main.js',
    extension: '.js',
    route: (text) => `module.exports = '${text}'`,
    main: `const all = {}
      for (const f of require('node:fs').readdirSync(__dirname + '/routes').sort()) all[f] = require('./routes/' + f)
      ${say('module.hot')}`
  },
  'require() of a file that is looked for': {
    entry: 'main.js',
    extension: '.js',
    route: (text) => `module.exports = '${text}'`,
    main: `const all = {}
      if (require('node:fs').existsSync(__dirname + '/routes/a.js')) all.a = require('./routes/a')
      all.b = require('./routes/b')
      ${say('module.hot')}`
  }
}

async function run(t, { entry, extension, route, main }, files = {}) {
  const folder = makeFolder(t, {
    files: {
      'marker.txt': '',
      'package.json': extension === '.ts' ? '{ "type": "module" }' : '{}',
      [entry]: main,
      [`routes/a${extension}`]: route('a'),
      [`routes/b${extension}`]: route('b'),
      ...files
    }
  })
  const program = hmr(t, ['-l', entry], { cwd: folder.dir })
  const says = async (text) => {
    await program.printed(`ROUTES ${text}\n`)
    await program.printed('reloaded in')
  }
  await program.printed('ROUTES a,b\n')
  await program.printed('its saves are taken')
  return {
    ...folder,
    program,
    says,
    save: (name, text) => folder.write(`routes/${name}${extension}`, route(text)),
    file: (name) => folder.file(`routes/${name}${extension}`),
    saveMain: (more) => folder.write(entry, `${main}\n${more}`),
    /** Waits until the deletions so far were told of. */
    async deletionsTold() {
      fs.rmSync(folder.file('marker.txt'))
      await program.printed('MARKER')
    },
    silent() {
      assert.equal(program.text.stderr, '')
      assert.doesNotMatch(program.text.stdout, /last good/)
    }
  }
}

// [hot 124, 128]
for (const [name, entry] of Object.entries(ENTRIES))
  describe(`a deleted file that nothing imports statically is needed only if it is asked for: ${name}`, () => {
    test('saves that follow the deletion reload, and the file is taken when it is back', async (t) => {
      const { program, says, save, saveMain, file, silent } = await run(t, entry)
      fs.rmSync(file('a'))
      save('b', 'b2')
      await says('b2')
      saveMain('//')
      await says('b2')
      save('b', 'b3')
      await says('b3')
      save('a', 'a')
      await says('a,b3')
      save('a', 'a2')
      await says('a2,b3')
      silent()
      assert.equal(program.text.stdout.match(/reloaded in/g).length, 5)
    })

    test('a deletion that was told of long before the save', async (t) => {
      const { says, save, file, deletionsTold, program } = await run(t, entry)
      fs.rmSync(file('a'))
      await deletionsTold()
      assert.doesNotMatch(program.text.stdout, /reloaded/)
      save('b', 'b2')
      await says('b2')
      // It is told of once, if the text of an importer names the file.
      const count = name.includes('looked for') ? 1 : 0
      assert.equal(program.text.stderr.split('cannot be loaded').length - 1, count)
      assert.equal(program.text.stdout.split('last good').length - 1, count)
    })

    test('a renamed file and saves at once', async (t) => {
      const { says, save, saveMain, file, silent, deletionsTold, program } = await run(t, entry)
      fs.renameSync(file('a'), file('z'))
      save('b', 'b2')
      saveMain('//')
      const all = name.includes('folder') ? 'b2,a' : 'b2'
      await program.printed(`ROUTES ${all}\n`)
      await deletionsTold()
      save('b', 'b3')
      await says(all.replace('b2', 'b3'))
      silent()
    })
  })

const LITERAL = {
  'import()': {
    entry: 'main.ts',
    extension: '.ts',
    route: (text) => `export default '${text}'`,
    main: `const all = { a: (await import('./routes/a.ts')).default, b: (await import('./routes/b.ts')).default }
      import.meta.hot?.dispose(() => console.log('DISPOSED'))
      ${say('import.meta.hot')}`,
    code: 'ERR_MODULE_NOT_FOUND'
  },
  'require()': {
    entry: 'main.js',
    extension: '.js',
    route: (text) => `module.exports = '${text}'`,
    main: `const all = { a: require('./routes/a'), b: require('./routes/b') }
      module.hot?.dispose(() => console.log('DISPOSED'))
      ${say('module.hot')}`,
    code: 'MODULE_NOT_FOUND'
  }
}

// [hot 117, 119, 124]
for (const [name, entry] of Object.entries(LITERAL))
  test(`a deleted file that the new version asks for by ${name}: Node's error, and the last good version goes on until the file is back`, async (t) => {
    const { program, says, save, file } = await run(t, entry)
    fs.rmSync(file('a'))
    save('b', 'b2')
    await program.printed(`code: '${entry.code}'`, 'stderr')
    // The last good version is evaluated again, since its disposer has run.
    await program.printed('DISPOSED')
    await program.printed('ROUTES a,b\n')
    save('a', 'a')
    await says('a,b2')
    assert.doesNotMatch(program.text.stderr, /failed as well/)
  })

// [hot 1, 124]
test('a deleted file that the text of an importer names keeps no module from accepting its update', async (t) => {
  const { program, save, file, deletionsTold } = await run(t, {
    ...LITERAL['require()'],
    route: (text) => `module.exports = '${text}'; module.hot?.accept(() => console.log('TAKEN ${text}'))`
  })
  fs.rmSync(file('a'))
  await deletionsTold()
  save('b', 'b2')
  await program.printed('TAKEN b\n')
  await program.printed('updated in')
  assert.equal(program.text.stderr.split('cannot be loaded').length, 2)
})

// [hot 1, 108, 124]
test('accepted updates beside a deleted file, and a deleted module whose importer is evaluated again is pruned', async (t) => {
  const { program, save, file, deletionsTold, silent } = await run(
    t,
    {
      entry: 'main.ts',
      extension: '.ts',
      route: (text) => `export default '${text}'; import.meta.hot?.prune(() => console.log('PRUNED ${text}'))`,
      main: `import { all, list } from './list.ts'
      import.meta.hot?.accept('./list.ts', (now) => console.log('LIST', now!.list()))
      ${say('import.meta.hot')}; void list`
    },
    {
      'list.ts': `import { readdirSync } from 'node:fs'
      export const all: Record<string, string> = {}
      for (const f of readdirSync(new URL('./routes/', import.meta.url))) all[f] = (await import('./routes/' + f)).default
      export const list = () => Object.values(all).join()`
    }
  )
  fs.rmSync(file('a'))
  await deletionsTold()
  save('b', 'b2')
  await program.printed('PRUNED a')
  await program.printed('LIST b2')
  await program.printed('updated in')
  save('a', 'a2')
  await program.printed('LIST a2,b2')
  silent()
})
