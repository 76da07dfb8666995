'use strict'

// A workspace of packages in TypeScript, as tsc's project references have it: nothing is built.
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { makeFolder } = require('./support/files')
const { hmr } = require('./support/process')

const FILES = {
  'package.json': '{ "private": true, "workspaces": ["packages/*"] }',
  'tsconfig.json': '{ "files": [], "references": [{ "path": "packages/app" }, { "path": "packages/lib" }] }',
  'tsconfig.base.json': `{
    "compilerOptions": {
      "composite": true,
      "module": "NodeNext",
      "baseUrl": ".",
      "paths": { "@org/*": ["packages/*/src/index.ts"], "~/*": ["./packages/app/src/*"] }, // of the base's own folder
      "experimentalDecorators": true,
    },
  }`,
  'packages/app/package.json':
    '{ "name": "@org/app", "type": "module", "imports": { "#intern/*": "./src/intern/*.js" } }',
  'packages/app/tsconfig.json':
    '{ "extends": "../../tsconfig.base.json", "include": ["src"], "references": [{ "path": "../lib" }] }',
  'packages/app/src/main.ts': `
    import { Kind, lib } from '@org/lib'
    import { local } from '~/local'
    import { intern } from '#intern/x'
    console.log('runs', lib(), Kind.One, local, intern)
    setInterval(() => {}, 1000)`,
  'packages/app/src/local.ts': 'export const local: string = "local"',
  'packages/app/src/intern/x.ts': 'export const intern: string = "intern"',
  'packages/lib/package.json': '{ "name": "@org/lib", "type": "module", "exports": "./dist/index.js" }',
  'packages/lib/tsconfig.json': `{
    "extends": "../../tsconfig.base.json",
    "compilerOptions": { "rootDir": "src", "outDir": "dist" },
    "include": ["src"]
  }`,
  'packages/lib/src/index.ts': 'export * from "./lib.js"; export enum Kind { One = "kind" }',
  'packages/lib/src/lib.ts': `
    const twice = (target: any, key: string) => Object.defineProperty(target, key, { get: () => 'decorated' })
    class Name { @twice declare text: string }
    export const lib = () => new Name().text`
}

// [hot 22, 33]
test('`paths`, `extends` and `references` of a workspace whose packages are not built; saves of each package are taken', async (t) => {
  const { dir, write } = makeFolder(t, { files: FILES })
  for (const name of ['app', 'lib']) {
    fs.mkdirSync(path.join(dir, 'node_modules/@org'), { recursive: true })
    fs.symlinkSync(path.join(dir, 'packages', name), path.join(dir, 'node_modules/@org', name), 'junction')
  }
  for (const [cwd, entry] of [
    [dir, 'packages/app/src/main.ts'],
    [path.join(dir, 'packages/app'), 'src/main.ts']
  ]) {
    write('packages/lib/src/lib.ts', FILES['packages/lib/src/lib.ts'])
    const run = hmr(t, ['-l', entry], { cwd })
    await run.printed('runs decorated kind local intern')
    await run.printed('its saves are taken')
    write('packages/lib/src/lib.ts', 'export const lib = (): string => "edited"')
    await run.printed('runs edited kind local intern')
    await run.printed('reloaded in')
    run.kill('SIGTERM')
    assert.equal((await run.ended()).stderr, '')
  }
})
