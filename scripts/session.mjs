// Runs the command on a small server in TypeScript, edits it, and draws what the terminal showed: docs/session.svg, the
// picture of the README. The port and the folder alone are written otherwise than they were.
//
//   node scripts/session.mjs [--print]    writes the picture; or prints its text
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { drawTerminal } from './session/terminal.mjs'

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..')
const PICTURE = path.join(root, 'docs/session.svg')
/** How long an awaited line may take, in milliseconds. */
const PATIENCE = 20_000

const FILES = {
  'package.json': '{ "type": "module" }\n',
  'server.ts': `import express from "express";
import { routes } from "./routes.ts";

const app = express();
app.use((request, response, next) => routes(request, response, next));
app.get("/", (_request, response) => response.send("Welcome!"));

app.listen(Number(process.env.PORT), function () {
  console.log(\`listening on http://localhost:\${this.address().port}\`);
});
import.meta.hot?.accept("./routes.ts");
`,
  'routes.ts': `import { Router } from "express";

interface Price {
  currency: string;
  amount: number;
}

const price: Price = { currency: "EUR", amount: 12 };
export const routes = Router();
routes.get("/price", (_request, response) => response.send(\`It costs \${price.amount} \${price.currency}.\`));
`
}

/** What is done, in order: a save with what it is called, and the line that says that it was taken. */
const SAVES = [
  {
    note: 'routes.ts is saved: another price',
    file: 'routes.ts',
    edit: ['12', '15'],
    until: /updated in/,
    get: '/price'
  },
  {
    note: 'server.ts is saved: nobody accepts this one',
    file: 'server.ts',
    edit: ['"Welcome!"', '"Good evening!"'],
    until: /reloaded in/,
    get: '/'
  },
  {
    note: 'routes.ts is saved, with a brace too few',
    file: 'routes.ts',
    edit: ['amount: 15 };', 'amount: 18 ;'],
    until: /routes\.ts:\d+:\d+|SyntaxError/,
    quiet: true,
    get: '/price'
  },
  {
    note: 'and mended',
    file: 'routes.ts',
    edit: ['amount: 18 ;', 'amount: 18 };'],
    until: /updated in|recovered/,
    get: '/price'
  }
]

/** Plays the session; resolves with its lines: `{ kind: 'typed' | 'note' | 'printed', text }`, the last with colours. */
export async function play() {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'hmr-session-')))
  const lines = [{ kind: 'typed', text: 'npx hmr server.ts' }]
  const program = run(layOut(folder), lines)
  try {
    const port = /localhost:(\d+)/.exec(await program.printed(/localhost:\d+/))[1]
    for (const save of SAVES) {
      lines.push({ kind: 'note', text: save.note })
      const printed = program.printed(save.until)
      edit(path.join(folder, save.file), ...save.edit)
      await printed
      if (save.quiet) await program.quiet()
      const body = await (await fetch(`http://localhost:${port}${save.get}`)).text()
      lines.push({ kind: 'note', text: `GET ${save.get} gives: ${body}` })
    }
    await program.end()
    return lines.map((line) => ({
      ...line,
      text: line.text.replaceAll(folder, '/app').replaceAll(`:${port}`, ':3000')
    }))
  } finally {
    await program.end()
    fs.rmSync(folder, { recursive: true, force: true })
  }
}

function layOut(folder) {
  for (const [file, text] of Object.entries(FILES)) fs.writeFileSync(path.join(folder, file), text)
  const modules = path.join(folder, 'node_modules')
  fs.mkdirSync(path.join(modules, '@upvotr'), { recursive: true })
  fs.symlinkSync(root, path.join(modules, '@upvotr/node-hmr'), 'junction')
  fs.symlinkSync(path.join(root, 'node_modules/express'), path.join(modules, 'express'), 'junction')
  return folder
}

/** Starts the command as on a terminal: with log lines and colours. */
function run(folder, lines) {
  const { NODE_TEST_CONTEXT: _, NO_COLOR: __, ...variables } = process.env
  const env = { ...variables, PORT: '0', FORCE_COLOR: '1', HMR_LOG: '' }
  const child = spawn(process.execPath, [path.join(root, 'bin/hmr.js'), '-l', 'server.ts'], { cwd: folder, env })
  const ended = new Promise((resolve) => child.once('close', resolve))
  let wake = () => {}
  for (const stream of [child.stdout, child.stderr]) {
    let rest = ''
    stream.setEncoding('utf8').on('data', (chunk) => {
      const complete = (rest + chunk).split('\n')
      rest = complete.pop()
      for (const text of complete) lines.push({ kind: 'printed', text })
      wake()
    })
  }
  const within = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds).unref())
  return {
    /** The next line that matches. */
    async printed(wanted) {
      let place = lines.length
      const late = within(PATIENCE).then(() => 'late')
      for (;;) {
        for (; place < lines.length; place++) if (wanted.test(lines[place].text)) return lines[place].text
        const outcome = await Promise.race([
          new Promise((resolve) => {
            wake = resolve
          }),
          late,
          ended.then(() => 'ended')
        ])
        if (outcome !== undefined && place === lines.length)
          throw new Error(`${outcome} before ${wanted}:\n${lines.map(({ text }) => text).join('\n')}`)
      }
    },
    /** Until nothing was printed for half a second: a report has several lines. */
    async quiet() {
      for (let before = -1; before !== lines.length; await within(500)) before = lines.length
    },
    async end() {
      child.kill('SIGINT')
      await Promise.race([ended, within(PATIENCE)])
    }
  }
}

/** Saves as most editors do: by renaming a new file over the old one. */
function edit(file, before, after) {
  const text = fs.readFileSync(file, 'utf8')
  if (!text.includes(before)) throw new Error(`${file} does not contain ${before}`)
  fs.writeFileSync(`${file}.new`, text.replace(before, after))
  fs.renameSync(`${file}.new`, file)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const lines = await play()
  if (process.argv.includes('--print')) for (const { kind, text } of lines) console.log(kind.padEnd(8), text)
  else fs.writeFileSync(PICTURE, drawTerminal('A server in TypeScript takes edits while it runs', lines))
}
