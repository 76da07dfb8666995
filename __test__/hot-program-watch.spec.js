// `hot.watch`: what need not exist yet, what comes and goes, and that one save is told of once.
const assert = require('node:assert/strict')
const fs = require('node:fs')
const { describe, test } = require('node:test')
const { runHot } = require('./support/hot')

/** A program that says what it is told of: `[path]` of its callback. */
const watching = (t, paths, files) =>
  runHot(t, { 'main.mjs': `import.meta.hot.watch(${JSON.stringify(paths)}, (path) => say(path))`, ...files })

// [hot 88]
describe('"directories, with what is below them, and globs too" need not exist when they are asked for', () => {
  for (const [what, wish] of [
    ['a folder', 'a/views'],
    ['a glob', 'a/views/**/*.html']
  ])
    test(what, async (t) => {
      const program = await watching(t, wish)
      for (const turn of ['comes', 'comes back']) {
        program.said.length = 0
        program.write('a/views/deep/x.html', turn)
        await program.hears(program.path('a/views/deep/x.html'))
        program.said.length = 0
        program.write('a/views/deep/x.html', `${turn} and changes`)
        await program.hears(program.path('a/views/deep/x.html'))
        program.said.length = 0
        fs.rmSync(program.path('a'), { recursive: true })
        await program.hears(program.path('a/views/deep/x.html'))
      }
    })

  test('a file, in a folder that is not there either', async (t) => {
    const program = await watching(t, 'sql/query.sql')
    for (const text of ['1', '22', undefined, '333']) {
      program.said.length = 0
      if (text) program.write('sql/query.sql', text)
      else program.remove('sql/query.sql')
      await program.hears(program.path('sql/query.sql'))
    }
  })
})

// [hot 88, 100]
test('one save is told of once, however many ways lead to it; the same content is no change', async (t) => {
  const program = await watching(t, ['.', 'q.sql', '*.sql'], { 'q.sql': '1' })
  const q = program.path('q.sql')
  const saves = {
    'in place': (text) => program.write('q.sql', text),
    'by rename': (text) => {
      program.write('.q.swp', text)
      fs.renameSync(program.path('.q.swp'), q)
    }
  }
  for (const [name, save] of Object.entries(saves)) {
    program.said.length = 0
    save(name)
    save(name)
    fs.utimesSync(q, new Date(), new Date())
    // A file that was saved later may be told of first, while the burst of this one goes on.
    await program.hears(q)
    program.write('end.txt', name)
    await program.hears(program.path('end.txt'))
    assert.equal(program.said.filter((said) => said === q).length, 3, `${name}: once for each registration`)
  }
})

// [hot 88]
test('a file below a watched folder that is emptied is told of, too', async (t) => {
  const program = await watching(t, 'views', { 'views/a.html': '1' })
  program.write('views/a.html', '')
  await program.hears(program.path('views/a.html'))
})

// [hot 88]
test('a new file below a watched folder makes one update', async (t) => {
  const program = await runHot(t, {
    'main.mjs': 'import.meta.hot.accept(); import.meta.hot.watch("views"); say("runs")',
    'views/a.html': '1'
  })
  await program.edit({ 'views/b.html': '2' })
  await program.edit({ 'views/c.html': '3' })
  assert.deepEqual(program.said, ['runs'])
  assert.equal(program.events.length, 2)
})
