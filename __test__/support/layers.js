'use strict'

// Reads the `use` lines of src/: which file needs which, and whether every arrow points down.
const fs = require('node:fs')
const path = require('node:path')

/** Each line of folders and files may use those of the lines below it only; `lib.rs` knows all of them. */
const LAYERS = [
  ['lib'],
  ['classic', 'program', 'vite_node'],
  ['es', 'hot', 'files'],
  ['graph', 'watch', 'report'],
  ['js', 'paths', 'error']
]

/** `[file, file it uses][]`, both relative to `src`, without tests. */
function arrows(src) {
  const files = fs
    .readdirSync(src, { recursive: true })
    .map((file) => file.split(path.sep).join('/'))
    .filter((file) => file.endsWith('.rs') && !/(^|\/)tests?(\/|\.rs$)/.test(file))
  const modules = new Map(files.map((file) => [moduleOf(file), file]))
  const found = []
  for (const file of files) {
    const text = withoutTests(fs.readFileSync(path.join(src, file), 'utf8'))
    for (const used of uses(text, moduleOf(file))) {
      const target = fileOf(used, modules)
      if (target !== undefined && target !== file) found.push([file, target])
    }
  }
  return found
}

const moduleOf = (file) => file.replace(/\.rs$/, '').replace(/(^|\/)(mod|lib)$/, '')

function withoutTests(text) {
  const at = text.search(/#\[cfg\(test\)\]\s*mod \w+ \{/)
  return (at === -1 ? text : text.slice(0, at)).replace(/\/\/.*$/gm, '')
}

/** Every path that begins with `crate`, `super` or `self`, from the root, with the groups of `use` spelled out. */
function* uses(text, own) {
  for (const [, tree] of text.matchAll(/^\s*(?:pub(?:\([^)]*\))? )?use ([^;]+);/gm)) {
    for (const used of spelledOut(tree.replace(/\s+/g, ''))) yield rooted(used, own)
  }
  for (const [used] of text.matchAll(/\b(?:crate|super)(?:::\w+)+/g)) yield rooted(used, own)
}

function spelledOut(tree) {
  const open = tree.indexOf('{')
  if (open === -1) return [tree.replace(/as\w+$/, '')]
  const start = tree.slice(0, open)
  return parts(tree.slice(open + 1, tree.lastIndexOf('}'))).flatMap((part) => spelledOut(start + part))
}

function parts(list) {
  const found = ['']
  let depth = 0
  for (const character of list) {
    if (character === ',' && depth === 0) found.push('')
    else found[found.length - 1] += character
    depth += { '{': 1, '}': -1 }[character] ?? 0
  }
  return found.filter((part) => part !== '')
}

function rooted(used, own) {
  const names = used.split('::')
  if (names[0] === 'crate') return names.slice(1)
  let place = own === '' ? [] : own.split('/')
  if (names[0] !== 'super' && names[0] !== 'self') return [...place, ...names]
  while (names[0] === 'super' || names[0] === 'self') {
    if (names.shift() === 'super') place = place.slice(0, -1)
  }
  return [...place, ...names]
}

/** The file of the longest module that the path begins with. */
function fileOf(names, modules) {
  for (let length = names.length; length > 0; length--) {
    const file = modules.get(names.slice(0, length).join('/'))
    if (file !== undefined) return file
  }
  return undefined
}

/** What is wrong with the arrows, in words. */
function faults(found, layers = LAYERS) {
  const layerOf = new Map(layers.flatMap((names, layer) => names.map((name) => [name, layer])))
  const place = (file) => file.split('/')[0].replace(/\.rs$/, '')
  const wrong = new Set()
  for (const [from, to] of found) {
    const [a, b] = [place(from), place(to)]
    if (a === b) continue
    if (!layerOf.has(a)) wrong.add(`src/${a} stands in no layer`)
    else if (layerOf.get(b) === undefined) wrong.add(`src/${b} stands in no layer`)
    else if (layerOf.get(a) > layerOf.get(b)) wrong.add(`src/${from} uses src/${to}, which is above it`)
    else if (layerOf.get(a) === layerOf.get(b) && a !== b && layerOf.get(a) < 3)
      wrong.add(`src/${from} uses src/${to}, which is beside it`)
  }
  const folders = found.map(([from, to]) => [place(from), place(to)])
  for (const circle of circles(folders)) wrong.add(`a circle of folders: ${circle.join(', ')}`)
  // A folder's mod.rs names its files: that is no use of them.
  const names = (from, to) => /(^|\/)(mod|lib)\.rs$/.test(from) && to.startsWith(from.replace(/(mod|lib)\.rs$/, ''))
  const files = found.filter(([from, to]) => !names(from, to))
  for (const circle of circles(files))
    if (circle.length > 3) wrong.add(`a circle of ${circle.length} files: ${circle.join(', ')}`)
  return [...wrong]
}

/** Strongly connected components of more than one member. */
function circles(found) {
  const next = new Map()
  for (const [from, to] of found) {
    if (!next.has(from)) next.set(from, new Set())
    if (!next.has(to)) next.set(to, new Set())
    if (from !== to) next.get(from).add(to)
  }
  const [order, low, stack, result] = [new Map(), new Map(), [], []]
  const visit = (node) => {
    order.set(node, order.size)
    low.set(node, order.get(node))
    stack.push(node)
    for (const other of next.get(node)) {
      if (!order.has(other)) visit(other)
      if (stack.includes(other)) low.set(node, Math.min(low.get(node), low.get(other)))
    }
    if (low.get(node) !== order.get(node)) return
    const members = stack.splice(stack.indexOf(node))
    if (members.length > 1) result.push(members.sort())
  }
  for (const node of next.keys()) if (!order.has(node)) visit(node)
  return result
}

module.exports = { LAYERS, arrows, faults }
