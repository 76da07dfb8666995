/**
 * Text of a CommonJS program that keeps `modules` up to date by as little as it takes, with nothing for all that can go
 * wrong. It uses `fs`, `path` and the absolute paths `files`, in the order in which they are loaded.
 */
export const floor = `const modules = new Map(files.map((file) => [file, require(file)]))
for (const folder of new Set(files.map((file) => path.dirname(file)))) {
  fs.watch(folder, (_, name) => {
    const file = path.join(folder, name)
    if (!modules.has(file)) return
    delete require.cache[file]
    try {
      modules.set(file, require(file))
    } catch {}
  })
}
`
