// The parts of `npm run bench` that measure nothing, and the README's figures.
const assert = require('node:assert/strict')
const { once } = require('node:events')
const fs = require('node:fs')
const http = require('node:http')
const os = require('node:os')
const path = require('node:path')
const { before, describe, test } = require('node:test')

const root = path.join(__dirname, '..')
const read = (file) => fs.readFileSync(path.join(root, file), 'utf8')
const row = (tool, p50, more) => ({
  ...{ tool, modules: 1, value: 0, way: 'in place', p50, p95: p50 * 2, max: p50 * 4, count: 4, lost: 0, refused: 0 },
  gap: { p50: 1, p95: 1, max: 2, count: 4 },
  ...more
})
/** A run that knows every kind of outcome. */
const run = {
  command: 'npm run bench -- --quick',
  date: '2026-01-02T03:04:05.000Z',
  machine: { processor: 'abacus', cores: 2, memory: '1 GB', kernel: 'Linux 6', node: 'v20.0.0' },
  load: { before: [0, 0, 0], after: [1, 1, 1] },
  commit: 'abcdef0',
  options: { saves: 4, modules: [1, 500], value: 0, rest: 2, budget: 1000 },
  took: 7,
  servedVersions: ['2.0.21'],
  tools: {
    ours: { label: 'ours <&>', version: '3.1.0', size: 2 ** 20 },
    javascript: { label: 'the old one', version: '2.0.21', size: 2 ** 21 },
    restarter: { label: 'a restarter', version: 'Node 20.0.0' },
    failing: { label: 'a failing one', version: '1.0.0' }
  },
  saves: [
    row('ours', 2),
    row('ours', 4, { modules: 500 }),
    row('javascript', 1000, { lost: 1, end: 'ended: out of memory' }),
    { ...row('javascript', 0, { modules: 500, lost: 3, count: 0 }), p50: null, p95: null, max: null, gap: undefined },
    row('restarter', 100, { refused: 4, gap: { p50: 90, p95: 95, max: 99, count: 4 } }),
    row('ours', 2, { modules: 500, way: 'by rename' })
  ],
  rest: [
    {
      ...{ tool: 'ours', modules: 1, served: 50, processes: 1, rss: 44.5 },
      ...{ descriptors: 27, threads: 10, watches: 4, cpu: 10 }
    }
  ],
  failed: [{ tool: 'failing', modules: 1, value: 0, reason: 'ended: a | b' }],
  require: { ours: { p50: 3, max: 5 } }
}

describe('the benchmark', () => {
  let figures
  let report
  let drawing
  let readme
  before(async () => {
    figures = await import('../benchmark/support/figures.mjs')
    report = await import('../benchmark/bench/report.mjs')
    drawing = await import('../benchmark/picture.mjs')
    readme = await import('../benchmark/readme.mjs')
  })

  test('quantiles lie between the values of a row', () => {
    const hundred = Array.from({ length: 101 }, (_, index) => 100 - index)
    assert.deepEqual(figures.summary(hundred), { p50: 50, p95: 95, max: 100, count: 101 })
    assert.deepEqual(figures.summary([7]), { p50: 7, p95: 7, max: 7, count: 1 })
    assert.equal(figures.quantile([1, 2], 0.25), 1.25)
    assert.equal(figures.slope([1, 2, 3], [10, 12, 14]), 2)
    assert.deepEqual(figures.summary([]), { p50: null, p95: null, max: null, count: 0 })
  })

  test('the overview has a row for every tool, and says why a figure is missing', () => {
    const rows = report.overview(run).split('\n').slice(2)
    assert.deepEqual(rows, [
      '| **ours <&>** | 3.1.0 | 2.00 ms | 4.00 ms | 2.00 ms | none | 0 of 12 |',
      '| the old one | 2.0.21 | 1000 ms (500×) | none of 3 served | not measured | none | 4 of 8 |',
      '| a restarter | 20.0.0 | 100 ms (50×) | not measured | not measured | 90 ms | 0 of 4 |',
      '| a failing one | 1.0.0 | ended: a \\| b | not measured | not measured | – | 0 of 0 |'
    ])
  })

  test('every table of the report has as many cells in each row', () => {
    const text = report.report(run)
    const tables = text.split('\n\n').filter((part) => part.startsWith('|'))
    assert.equal(tables.length, 8)
    for (const table of tables) {
      const widths = table.split('\n').map((line) => line.split(/(?<!\\)\|/).length)
      assert.deepEqual([...new Set(widths)], [widths[0]], table)
    }
    assert.match(text, /1 of 5; ended: out of memory/)
    assert.match(text, /npm serves no 3\.0 of the JavaScript package, so 2\.0\.21 is measured/)
    assert.match(text, /2026-01-02, abcdef0: 2 × abacus/)
  })

  test('the picture draws each tool, and no more than is known', () => {
    const svg = drawing.picture(run)
    for (const label of ['ours &lt;&amp;&gt;', 'the old one', 'a restarter', 'a failing one'])
      assert.ok(svg.includes(`>${label}</text>`), label)
    // Two of the legend, one for each of the four figures; the other four are missing.
    assert.equal(svg.match(/<circle/g).length, 2 + 4)
    assert.equal(svg.match(/>not served</g).length, 4)
    assert.doesNotMatch(svg, /NaN|undefined|null/)
    const at = (text) => Number(new RegExp(`x="([\\d.]+)"[^>]*>${text}<`).exec(svg)[1])
    assert.ok(at('2.0 ms') < at('4.0 ms') && at('4.0 ms') < at('100 ms') && at('100 ms') < at('1.0 s'))
  })

  test('the probe tells what was served, the longest wait and failed requests', async (t) => {
    const { Probe } = await import('../benchmark/bench/probe.mjs')
    const { now } = await import('../benchmark/support/process.mjs')
    const asked = []
    const server = http.createServer((request, response) => {
      asked.push(request.url)
      // The second request meets a server that goes away.
      if (asked.length === 2) request.socket.destroy()
      else response.end(asked.length < 4 ? '1' : '2')
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const probe = new Probe(server.address().port)
    t.after(() => {
      probe.close()
      server.close()
    })
    const began = now()
    const outcome = await probe.until(7, 2, began, 60_000)
    assert.deepEqual(asked, ['/7', '/7', '/7', '/7'])
    assert.equal(outcome.failed, 1)
    assert.ok(outcome.at >= began + outcome.gap)
    assert.equal((await probe.until(7, 3, now(), 0)).at, undefined)
  })

  test('what is ours lies here, and what is a peer among the peers', async () => {
    const { needsPeers, place, tools } = await import('../benchmark/bench/tools.mjs')
    const name = '@upvotr/node-hmr'
    assert.equal(place(tools.ours, name, '/peers'), root)
    assert.equal(place(tools.javascript, name, '/peers'), path.join('/peers', name))
    const alone = Object.keys(tools).filter((tool) => !needsPeers(tools[tool]))
    assert.deepEqual(alone, ['ours', 'ours-program', 'control', 'node-watch'])
  })

  test('the installed size is that of a package and of what it depends on', async (t) => {
    const { installedSize } = await import('../benchmark/bench/rest.mjs')
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'node-hmr-size-'))
    t.after(() => fs.rmSync(folder, { recursive: true }))
    const packages = {
      'node_modules/a': { dependencies: { b: '1' }, optionalDependencies: { other: '1' } },
      'node_modules/a/node_modules/b': { dependencies: { c: '1', a: '1' } },
      'node_modules/b': {},
      'node_modules/c': {},
      'node_modules/other': {}
    }
    fs.writeFileSync(path.join(folder, 'package-lock.json'), JSON.stringify({ packages }))
    const sizes = {
      'node_modules/a': 1,
      'node_modules/a/node_modules/b': 10,
      'node_modules/b': 100,
      'node_modules/c': 1000
    }
    for (const [place, size] of Object.entries(sizes)) {
      fs.mkdirSync(path.join(folder, place), { recursive: true })
      fs.writeFileSync(path.join(folder, place, 'index.js'), ' '.repeat(size))
    }
    assert.equal(installedSize('a', folder), 1011)
    assert.equal(installedSize('b', folder), 100)
  })

  test("the README's figures and picture are those of the recorded run", () => {
    const markdown = read('README.md')
    assert.equal(readme.withFigures(markdown, readme.recorded()), markdown)
    assert.equal(drawing.picture(readme.recorded()), read('benchmark/results/bench.svg'))
  })
})

/** The figures of the contract, each with the script that prints it. */
const FIGURES = {
  176: 'programs.mjs',
  177: 'programs.mjs',
  178: ['bench.mjs', 'hot-updates.mjs'],
  179: 'reload-served.mjs',
  180: ['reloads.mjs', 'hot-memory.mjs'],
  181: 'profile.mjs'
}

// [hot 176, 177, 178, 179, 180, 181]
test('each figure of the contract on hot programs has a script, and what that printed is recorded', () => {
  const recorded = read('docs/performance.md')
  for (const script of Object.values(FIGURES).flat()) {
    assert.ok(fs.existsSync(path.join(root, 'benchmark', script)), script)
    const command = { 'bench.mjs': 'npm run bench' }[script] ?? `benchmark/${script}`
    assert.ok(recorded.includes(command), `docs/performance.md says nothing of ${command}`)
  }
})
