// Start of a TypeScript program of many modules, whole processes, interleaved: this package without and with what it has
// kept from an earlier start, plain Node stripping the same types (`--node`, by default the newest 24), Vite's module
// runner and Bun (from .cache/bench, after `npm run bench`; left out where they are not installed).
// Usage: node benchmark/programs.mjs [--modules 1000,10000] [--turns 7] [--chain] [--only ours,node]
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { bun } from './support/bun.mjs'
import { median, ms, ratio, table } from './support/figures.mjs'
import { root } from './support/project.mjs'

const { values } = parseArgs({
  options: {
    modules: { type: 'string', default: '1000,10000' },
    turns: { type: 'string', default: '7' },
    chain: { type: 'boolean', default: false },
    node: { type: 'string', default: '24' },
    only: { type: 'string' }
  }
})
const turns = Number(values.turns)
const register = pathToFileURL(path.join(root, 'register.mjs')).href
const node = execFileSync('npx', ['-y', `--package=node@${values.node}`, '--', 'node', '-p', 'process.execPath'], {
  encoding: 'utf8'
}).trim()
const peers = path.join(root, '.cache/bench/node_modules')

const tools = {
  'ours, first start': { run: () => [node, '--import', register, 'entry.ts'], env: { HMR_CACHE: '0' } },
  'ours, later starts': { run: () => [node, '--import', register, 'entry.ts'] },
  'plain node': { run: () => [node, '--disable-warning=ExperimentalWarning', 'entry.ts'] },
  "Vite's module runner": { run: (folder) => [node, path.join(folder, 'runner.mjs')], needs: path.join(peers, 'vite') },
  bun: { run: () => [bun(peers), 'entry.ts'], needs: path.join(peers, '@oven') }
}
const asked = values.only?.split(',')
const measured = Object.entries(tools).filter(
  ([name, tool]) => (!tool.needs || existsSync(tool.needs)) && (!asked || asked.some((it) => name.includes(it)))
)

const rows = [['modules', ...measured.map(([name]) => name)]]
for (const count of values.modules.split(',').map(Number)) {
  const folder = makeProgram(count)
  const took = Object.fromEntries(measured.map(([name]) => [name, []]))
  const failed = new Map()
  for (let turn = 0; turn <= turns; turn++) {
    for (const [name, tool] of turn % 2 === 0 ? measured : (measured.toReversed?.() ?? [...measured].reverse())) {
      if (failed.has(name)) continue
      const began = process.hrtime.bigint()
      const [command, ...args] = tool.run(folder)
      const env = { ...process.env, HMR_CACHE: path.join(folder, 'cache'), ...tool.env }
      const { status, stdout, stderr } = spawnSync(command, args, { cwd: folder, env, encoding: 'utf8' })
      const time = Number(process.hrtime.bigint() - began) / 1e6
      if (status !== 0 || !stdout.includes(`sum ${count}`)) {
        // A long chain of imports is too much for some: plain Node's own loader calls itself once for each.
        if (name.startsWith('ours')) throw new Error(`${name}: ${status}\n${stdout}\n${stderr}`)
        failed.set(name, /^\w*Error: .*$/m.exec(stderr)?.[0] ?? `exit code ${status}`)
        continue
      }
      // The first turn warms the disk, and fills what later starts find.
      if (turn > 0) took[name].push(time)
    }
  }
  rmSync(folder, { recursive: true, force: true })
  const plain = took['plain node']?.length ? median(took['plain node']) : undefined
  const cell = (name) => {
    if (failed.has(name)) return failed.get(name)
    return `${ms(median(took[name]))}${plain ? ` (${ratio(median(took[name]), plain)})` : ''}`
  }
  rows.push([`${count}${values.chain ? ', a chain' : ''}`, ...measured.map(([name]) => cell(name))])
}
console.log(table(rows))

/** A program of `count` modules with types, classes and imports, in folders of twenty; or each importing the next. */
function makeProgram(count) {
  const folder = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'node-hmr-programs-')))
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }')
  const place = (index) => `part${Math.floor(index / 20)}/module${index}.ts`
  for (let index = 0; index < count; index++) {
    if (index % 20 === 0) mkdirSync(path.join(folder, `part${index / 20}`))
    const next = values.chain ? index + 1 : index % 20 === 19 ? count : index + 1
    const imports = next < count ? `import { value as next } from "../${place(next)}";` : 'const next = 0;'
    writeFileSync(path.join(folder, place(index)), moduleText(index, imports, values.chain))
  }
  const entries = values.chain ? [0] : Array.from({ length: Math.ceil(count / 20) }, (_, part) => part * 20)
  const lines = entries.map((index) => `import { value as v${index} } from "./${place(index)}";`)
  const sum = entries.map((index) => `v${index}`).join(' + ')
  writeFileSync(
    path.join(folder, 'entry.ts'),
    `${lines.join('\n')}\nconst sum: number = ${sum};\nconsole.log("sum", sum);\n`
  )
  writeFileSync(
    path.join(folder, 'runner.mjs'),
    `import { createServer, createServerModuleRunner } from ${JSON.stringify(pathToFileURL(path.join(peers, 'vite/dist/node/index.js')).href)}
const server = await createServer({ root: ${JSON.stringify(folder)}, configFile: false, logLevel: 'error', server: { middlewareMode: true, watch: null, ws: false }, appType: 'custom', optimizeDeps: { noDiscovery: true } })
await createServerModuleRunner(server.environments.ssr).import(${JSON.stringify(path.join(folder, 'entry.ts'))})
process.exit(0)\n`
  )
  return folder
}

function moduleText(index, imports) {
  return `${imports}

export interface Options${index} {
  name: string;
  retries?: number;
  handler: (input: unknown) => Promise<void>;
}

type Keys = keyof Options${index};

export class Service${index} {
  private readonly items: Map<string, Options${index}> = new Map();

  add(options: Options${index}): this {
    this.items.set(options.name, options);
    return this;
  }

  get(name: string): Options${index} | undefined {
    return this.items.get(name) as Options${index} | undefined;
  }

  async run<T extends object>(input: T, keys: Keys[] = []): Promise<number> {
    let count = 0;
    for (const [, { handler, retries = 3 }] of this.items) {
      for (let attempt = 0; attempt < retries; attempt++) {
        await handler({ ...input, keys });
        count += 1;
      }
    }
    return count;
  }
}

export function parse${index}(text: string): Record<string, number> {
  const entries = text.split(",").map((part: string): [string, number] => {
    const [key, value] = part.split("=");
    return [key!, Number(value)];
  });
  return Object.fromEntries(entries);
}

export const value: number = 1 + (next as number);
`
}
