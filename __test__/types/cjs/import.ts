// What `import()` infers.
// [node-hmr 2]
import { createRuntime, type ExportType, type HotModule } from '@upvotr/node-hmr'

const runtime = createRuntime(require)

export async function main() {
  // [node-hmr 31]
  const sync = await runtime.import<typeof import('./hot-module')>('./hot-module')
  same<typeof sync.exports, { count: () => number; name: string }>(true)
  sync.exports.count()

  const waited = await runtime.import<typeof import('./async-module.cjs')>('./async-module.cjs')
  same<typeof waited.exports, { twice: () => number }>(true)

  const byDefault = await runtime.import<typeof import('./default-module')>('./default-module')
  same<typeof byDefault.exports, number>(true)

  // [node-hmr 31]
  const explicit = await runtime.import<ExportType<typeof import('./hot-module')>>('./hot-module')
  same<typeof explicit.exports, typeof sync.exports | undefined>(true)

  const plain = await runtime.import<{ handler(path: string): boolean }>('./plain')
  // [node-hmr 31]
  same<typeof plain.exports, { handler(path: string): boolean } | undefined>(true)
  // [node-hmr 31]
  // @ts-expect-error: what is only claimed of a module may be undefined
  plain.exports.handler('/')

  const text = await runtime.import<string | number>('./text')
  same<typeof text.exports, string | number | undefined>(true)

  const hotModule = await runtime.import<HotModule<{}, Date>>('./date')
  same<typeof hotModule.exports, Date>(true)

  const anything = await runtime.import('./anything')
  same<typeof anything.exports, any>(true)

  same<ExportType<HotModule<{ a: 1 }, 'e'>>, 'e'>(true)

  // @ts-expect-error: an id is a string
  await runtime.import(42)
  // @ts-expect-error: an id is required
  await runtime.import()
  // @ts-expect-error: only one parameter
  runtime.unimport('./a', './b')
  same<ReturnType<typeof runtime.unimport>, void>(true)
  same<ReturnType<typeof runtime.closeAll>, void>(true)
}
