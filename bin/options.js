'use strict'

const { parseArgs } = require('node:util')

const { nearest } = require('./nearest.js')

/**
 * Every option: its letter, its type and its line in `--help`. The types: `number?` is a number of milliseconds or
 * nothing; `address?` is a value after an equals sign, or nothing; a `list` may be given several times; `list?` is a list
 * whose values stand after an equals sign.
 */
const OPTIONS = {
  file: { short: 'f', type: 'string', help: 'the program to run; `-f` may be left out', group: 'Run' },
  require: { short: 'r', type: 'string', help: 'module that exports the require function to use', group: 'Run' },
  watcher: { short: 'w', type: 'string', help: 'module that exports a Watcher class to use', group: 'Watch' },
  noWatch: { short: 'n', type: 'boolean', help: 'watch nothing: for production', group: 'Watch' },
  dependencies: {
    type: 'boolean',
    help: 'edits of plainly required files update hot modules, of all runtimes',
    group: 'Watch'
  },
  ignore: { type: 'list', help: 'files (a glob) that are loaded once and stay (repeatable)', group: 'Watch' },
  include: { type: 'list', help: 'further files (a glob) whose change reloads (repeatable)', group: 'Watch' },
  restart: { type: 'list?', help: 'restart instead of reload; =GLOB: files whose change restarts', group: 'Watch' },
  ignoreUnchanged: { type: 'boolean', help: 'a save that changes no byte updates nothing', group: 'Watch' },
  poll: { type: 'number?', help: 'look at the files every so many ms (=300) instead of asking the OS', group: 'Watch' },
  envFile: { type: 'list', help: 'read variables from a file, as node does (repeatable)', group: 'Run' },
  inspect: { type: 'address?', help: 'let a debugger connect (=127.0.0.1:9229)', group: 'Run' },
  inspectBrk: { type: 'address?', help: 'the same, and wait for it before the program starts', group: 'Run' },
  enableLogging: { short: 'l', type: 'boolean', help: 'one line for each update', group: 'Output' },
  suppressWarnings: { short: 's', type: 'boolean', help: 'no warnings; errors are still shown', group: 'Output' },
  grace: { type: 'number', help: 'how long cleanups may take after Ctrl-C, in ms (=5000)', group: 'Leave' },
  exitOnError: { type: 'boolean', help: 'an uncaught error ends the process, as under node', group: 'Leave' },
  help: { short: 'h', type: 'boolean', help: 'show this', group: 'Other' },
  version: { type: 'boolean', help: "print the package's version", group: 'Other' },
  info: { type: 'boolean', help: 'print what a bug report needs', group: 'Other' }
}

const BY_LETTER = Object.fromEntries(
  Object.entries(OPTIONS).flatMap(([name, { short }]) => (short ? [[short, name]] : []))
)

const camel = (name) => name.replace(/-+(.)/g, (_, letter) => letter.toUpperCase())
const kebab = (name) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

/**
 * Reads the command line. Unknown options and further files are ignored, with a warning.
 *
 * @param {string[]} argv arguments without Node and script
 * @returns {{ options: Record<string, any>, rest: string[] | undefined, warnings: string[] }} `rest`: the
 *   program's arguments, after `--`
 */
function parse(argv) {
  const end = argv.indexOf('--')
  const warnings = []
  const { values, positionals } = parseArgs({
    args: canonical(end === -1 ? argv : argv.slice(0, end), warnings),
    options: Object.fromEntries(Object.keys(OPTIONS).map((name) => [name, { type: 'string', multiple: isList(name) }])),
    strict: false,
    allowPositionals: true
  })
  const options = { grace: 5000 }
  for (const [name, value] of Object.entries(values)) {
    const type = OPTIONS[name]?.type
    if (type === 'boolean') options[name] = value !== 'false'
    else if (type === 'string' && typeof value === 'string' && value !== '') options[name] = value
    else if (type === 'address?') options[name] = value
    else if (isList(name)) options[name] = value.filter((it) => it !== '' || type === 'list?')
    else if (type?.startsWith('number')) options[name] = milliseconds(name, value)
  }
  const files = positionals.filter((it) => it !== '')
  options.file ??= files[0]
  options.lacksFile = options.file === undefined && values.file !== undefined
  const further = files.filter((it) => it !== options.file)
  if (further.length > 0) {
    const advice = 'arguments of the program come after `--`'
    warnings.push(`${options.file} is run; ignored: ${further.join(', ')} (${advice})`)
  }
  return { options, rest: end === -1 ? undefined : argv.slice(end + 1), warnings }
}

/** Whether an option may be given several times. */
function isList(name) {
  return OPTIONS[name]?.type.startsWith('list') ?? false
}

/** The longest time that Node's timers take, in milliseconds. */
const LONGEST = 2 ** 31 - 1

function milliseconds(name, value) {
  if (value === '' && OPTIONS[name].type === 'number?') return true
  const number = Number(value)
  const isOne = value.trim() !== '' && Number.isFinite(number) && number <= LONGEST
  if (isOne && number >= (name === 'poll' ? 1 : 0)) return name === 'poll' ? { interval: number } : number
  throw new RangeError(`--${name} takes a number of milliseconds, as in --${name}=500; got "${value}"`)
}

/** Rewrites every accepted form to `--name=value`. */
function canonical(argv, warnings) {
  const args = []
  for (let index = 0; index < argv.length; index++) {
    const arg = argv[index]
    const isOption = arg.startsWith('-') && arg !== '-'
    if (!isOption) {
      args.push(arg)
      continue
    }
    const [, dashes, spelled, value] = /^(--?)([^=]*)(?:=(.*))?$/s.exec(arg)
    const attached = dashes === '-' && attachedValue(spelled, value)
    if (attached) {
      args.push(...attached)
      continue
    }
    const names =
      dashes === '--' ? [longName(spelled, warnings)] : [...spelled].map((letter) => shortName(letter, warnings))
    names.forEach((name, place) => {
      if (name === undefined) return
      const [base, negated] = typeof name === 'string' ? [name, false] : [name.not, true]
      let given = place === names.length - 1 ? value : undefined
      if (given === undefined && place === names.length - 1 && takesNext(OPTIONS[base].type, argv[index + 1])) {
        given = argv[++index]
      }
      given ??= OPTIONS[base].type === 'boolean' ? 'true' : ''
      if (negated) given = given === 'false' ? 'true' : 'false'
      args.push(`--${base}=${given}`)
    })
  }
  return args
}

/** The option that `-fserver.js` stands for: a letter with its value attached. `undefined` if all are letters of options. */
function attachedValue(spelled, afterEquals) {
  const [letter] = spelled
  const rest = spelled.slice(1)
  const takesValue = OPTIONS[BY_LETTER[letter]]?.type === 'string'
  if (!takesValue || rest === '' || [...rest].every((other) => other in BY_LETTER)) return undefined
  return [`--${BY_LETTER[letter]}=${afterEquals === undefined ? rest : `${rest}=${afterEquals}`}`]
}

function takesNext(type, next) {
  if (next === undefined) return false
  if (type === 'boolean') return next === 'true' || next === 'false'
  if (type === 'number?') return /^\d+$/.test(next)
  if (type === 'address?' || type === 'list?') return false
  return !next.startsWith('-') || next === '-'
}

function longName(spelled, warnings) {
  const name = camel(spelled)
  if (Object.hasOwn(OPTIONS, name)) return name
  if (Object.hasOwn(BY_LETTER, name)) return BY_LETTER[name]
  const positive = camel(spelled.replace(/^no-/, ''))
  if (spelled.startsWith('no-') && OPTIONS[positive]?.type === 'boolean') return { not: positive }
  const near = nearest(name, Object.keys(OPTIONS), (length) => Math.min(3, Math.floor(length / 2)))
  warnings.push(near ? `unknown option --${spelled}; did you mean --${near}?` : unknown(`--${spelled}`))
  return undefined
}

function shortName(letter, warnings) {
  if (!Object.hasOwn(BY_LETTER, letter)) warnings.push(unknown(`-${letter}`))
  return BY_LETTER[letter]
}

const unknown = (option) => `unknown option ${option} is ignored; \`hmr --help\` names them all`

/** @param {string} version */
function helpText(version) {
  const lines = [`hmr ${version}: runs a program, and takes its edits while it runs`, '']
  lines.push('Usage: hmr [-f] FILE [options] [-- arguments of the program]')
  for (const group of new Set(Object.values(OPTIONS).map((option) => option.group))) {
    lines.push('', `${group}:`)
    for (const [name, option] of Object.entries(OPTIONS)) {
      if (option.group !== group) continue
      const letter = option.short ? `-${option.short}, ` : '    '
      const long = `--${name}`
      const other = kebab(name) === name ? '' : ` (--${kebab(name)})`
      lines.push(`  ${letter}${long.padEnd(20)} ${option.help}${other}`)
    }
  }
  lines.push('', 'Examples:')
  lines.push('  hmr -f server.js -l                   run server.js hot and log each update')
  lines.push('  hmr -f server.ts -r ./jiti-require.js run TypeScript through a require of your own')
  lines.push('  NODE_ENV=production hmr -nf server.js run it without watching')
  return lines.join('\n')
}

module.exports = { parse, helpText }
