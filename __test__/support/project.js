// A user's project in a temporary folder, and the processes that run in it.
const { spawn } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')

const root = path.join(__dirname, '../..')
exports.root = root

/** How long an awaited line may take to come, in milliseconds. Generous: it ends a test that has failed. */
const PATIENCE = 30_000
exports.PATIENCE = PATIENCE

/**
 * Makes a project whose `node_modules` links to this package, and to `dependencies`: from the name the project uses
 * to the name it has in this repository. It is removed after the test. Below `parent` it finds that folder's packages.
 */
exports.makeProject = function makeProject(t, dependencies = {}, parent = os.tmpdir()) {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(parent, 'node-hmr-project-')))
  const programs = []
  t.after(async () => {
    for (const program of programs) program.kill()
    await Promise.all(programs.map((program) => program.ended))
    fs.rmSync(folder, { recursive: true, force: true })
  })
  const start = (args, env) => {
    programs.push(run(t, args, folder, env))
    return programs.at(-1)
  }
  link(root, path.join(folder, 'node_modules/@upvotr/node-hmr'))
  for (const [name, installed] of Object.entries(dependencies))
    link(path.join(root, 'node_modules', installed), path.join(folder, 'node_modules', name))
  const inProject = (file) => path.join(folder, file)
  return {
    folder,
    write(file, text) {
      fs.mkdirSync(path.dirname(inProject(file)), { recursive: true })
      fs.writeFileSync(inProject(file), text)
    },
    /** Copies a folder of this repository into the project. */
    copy: (source) => fs.cpSync(path.join(root, source), folder, { recursive: true }),
    edit: (file, before, after) => edit(inProject(file), before, after),
    run: start,
    /** Runs the package's command. */
    hmr: (args, env) => start([path.join(root, 'bin/hmr.js'), ...args], env)
  }
}

function link(target, name) {
  fs.mkdirSync(path.dirname(name), { recursive: true })
  fs.symlinkSync(target, name, 'junction')
}
exports.link = link

/** Saves a file with `before` replaced by `after`, as most editors do: by renaming a new file over it. */
function edit(file, before, after) {
  const text = fs.readFileSync(file, 'utf8')
  if (!text.includes(before)) throw new Error(`${file} does not contain ${before}`)
  fs.writeFileSync(`${file}.new`, text.replaceAll(before, after))
  fs.renameSync(`${file}.new`, file)
}
exports.edit = edit

/** Runs Node, or another runtime, and ends it after the test. */
function run(t, args, cwd, env = {}, [program, ...options] = [process.execPath]) {
  const child = spawn(program, [...options, ...args], { cwd, env: { ...process.env, NO_COLOR: '1', ...env } })
  const ended = new Promise((resolve) => child.once('close', resolve))
  t.after(() => {
    child.kill()
    return ended
  })

  const lines = []
  let taken = 0
  let wake = () => {}
  let over = false
  for (const stream of [child.stdout, child.stderr]) {
    let rest = ''
    stream.setEncoding('utf8').on('data', (chunk) => {
      const complete = (rest + chunk).split('\n')
      rest = complete.pop()
      lines.push(...complete)
      wake()
    })
  }
  ended.then(() => {
    over = true
    wake()
  })

  return {
    pid: child.pid,
    ended,
    /** Every complete line so far, of both streams. */
    lines,
    kill: (signal) => child.kill(signal),
    /** Writes to the standard input. */
    input: (text) => child.stdin.write(text),
    /** The next line, of either stream, that holds `wanted`. Those before it are passed over. */
    async line(wanted) {
      const matches = (line) => (typeof wanted === 'string' ? line.includes(wanted) : wanted.test(line))
      let isLate = false
      const timer = setTimeout(() => wake((isLate = true)), PATIENCE)
      t.after(() => clearTimeout(timer))
      for (;;) {
        while (taken < lines.length) {
          const line = lines[taken++]
          if (!matches(line)) continue
          clearTimeout(timer)
          return line
        }
        if (over || isLate)
          throw new Error(`${over ? 'The process ended' : 'Nothing came'} before ${wanted}:\n${lines.join('\n')}`)
        await new Promise((resolve) => (wake = resolve))
      }
    }
  }
}
exports.run = run
