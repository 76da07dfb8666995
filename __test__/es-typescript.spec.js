// TypeScript as tsc has it: what tsc emits, run by plain node, and the sources, run by us, print the same.
const assert = require('node:assert/strict')
const { execFile } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { pathToFileURL } = require('node:url')
const ts = require('typescript-5')
const { makeFolder } = require('./support/files')

const fixtures = path.join(__dirname, 'fixtures/typescript')
const register = pathToFileURL(path.join(__dirname, '../register.mjs')).href

// [hot 65, 66, 67, 68, 72]
for (const name of fs.readdirSync(fixtures)) {
  test(`"all of it that has a meaning at run time" (${name})`, async (t) => {
    const folder = path.join(fixtures, name)
    const emitted = makeFolder(t).dir
    fs.cpSync(folder, emitted, { recursive: true })
    emit(emitted)
    const main = fs.readdirSync(folder).find((file) => file.startsWith('main.'))
    const output = main.replace(/\.([cm]?)tsx?$/, '.$1js')
    const [tsc, ours] = await Promise.all([
      run(['--import', 'data:text/javascript,', path.join(emitted, output)]),
      run(['--import', register, path.join(folder, main)])
    ])
    assert.equal(tsc.code, 0, tsc.stderr)
    assert.equal(ours.stdout, tsc.stdout)
    assert.equal(ours.code, 0, ours.stderr)
  })
}

function emit(folder) {
  const { config = {} } = ts.readConfigFile(path.join(folder, 'tsconfig.json'), ts.sys.readFile)
  const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, folder)
  const isModule = /"type": "module"/.test(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'))
  const program = ts.createProgram(fileNames, {
    target: ts.ScriptTarget.ES2022,
    ...options,
    module: isModule ? ts.ModuleKind.ESNext : ts.ModuleKind.CommonJS,
    moduleResolution: isModule ? ts.ModuleResolutionKind.Bundler : ts.ModuleResolutionKind.Node10,
    esModuleInterop: true,
    rewriteRelativeImportExtensions: true,
    noLib: true,
    types: []
  })
  program.emit()
}

function run(args) {
  return new Promise((resolve) => {
    const env = { ...process.env, NODE_OPTIONS: undefined, NODE_TEST_CONTEXT: undefined, NO_COLOR: '1', HMR_CACHE: '0' }
    execFile(process.execPath, args, { env }, (error, stdout, stderr) => {
      resolve({ code: error?.code ?? 0, stdout, stderr })
    })
  })
}
