'use strict'

// The fixtures of the classic API as other kinds of modules: the same specs run over each of them (`kinds.spec.js`).

const fs = require('node:fs')
const path = require('node:path')

/** What is no hot module, nor required by one as its own: the specs reach it by `require`. */
const SUPPORT = /(^|\/)(hot|log|plan|count|runtime|partner|main)(\.js)?$/
const IS_COMMONJS = /\b(module\.)?exports\b|\brequire\(/

/** By name: from the name of a CommonJS file to that of the kind, and its text. */
const KINDS = {
  'ES modules': { rename: (name) => name, convert: toModule },
  TypeScript: {
    rename: (name) => name.replace(/\.js$/, '.ts'),
    convert: (text) => `{ type Kind = 1 }${toModule(text)}`
  }
}

/** @type {{ rename(name: string): string, convert(text: string): string } | undefined} */
let current

/** Which kind the support makes of the fixtures that specs ask for. */
function useKind(name) {
  current = KINDS[name]
}

/** ES syntax in place of CommonJS's, each line where it was. */
function toModule(text) {
  if (!IS_COMMONJS.test(text)) return text
  const imports = []
  const imported = (specifier, isWhole) => {
    const name = `_${imports.length}`
    const full = specifier.replace(
      /^(['"])(\.\.?\/.*?)(\.\w+)?\1$/,
      (_, quote, start, end = '.js') => quote + start + end + quote
    )
    imports.push(`import ${isWhole ? name : `* as ${name}`} from ${full};`)
    return name
  }
  const body = text
    .replace(/require\(('[^']*'|"[^"]*")\)(\()?(\.\w+)?/g, (_, specifier, call = '', member = '') => {
      const isData = /\.json['"]$/.test(specifier)
      const isWhole = call !== '' || isData || SUPPORT.test(specifier.slice(1, -1))
      return `${imported(specifier, isWhole)}${call}${member}`
    })
    .replace('count(module)', 'count({ filename: import.meta.filename })')
    .replace(/\bmodule\.exports = /, 'export default ')
    .replace(/\bexports\.(\w+) = /g, 'export const $1 = ')
  return imports.join('') + body
}

const isOfPackage = (name) => name.startsWith('node_modules')

/** The kind that is in use, as the support needs it. */
function kindInUse() {
  const kind = current
  const isTaken = (name) => kind !== undefined && /\.js$/.test(name) && !SUPPORT.test(name.replaceAll('\\', '/'))
  return {
    isAnother: kind !== undefined,
    // Packages bring no TypeScript.
    rename: (name) => (isTaken(name) && !isOfPackage(name) ? kind.rename(name) : name),
    convert(name, text) {
      if (!isTaken(name) || typeof text !== 'string') return text
      return isOfPackage(name) ? toModule(text) : kind.convert(text)
    },
    /** Makes what was copied to a folder one of the kind. */
    convertFolder(dir) {
      if (kind === undefined) return
      for (const name of fs.readdirSync(dir, { recursive: true }).map(String)) {
        if (!isTaken(name)) continue
        const text = fs.readFileSync(path.join(dir, name), 'utf8')
        fs.rmSync(path.join(dir, name))
        fs.writeFileSync(path.join(dir, kind.rename(name)), kind.convert(text))
      }
    }
  }
}

module.exports = { KINDS, kindInUse, useKind }
