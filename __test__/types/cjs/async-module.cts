import { AsyncRunner, createRuntime, type HMRRuntime, hmr, PersistManager } from '@upvotr/node-hmr'

export = hmr(
  new PersistManager(
    async () => ({ runtime: createRuntime(require) }),
    ({ runtime }) => runtime.closeAll()
  ),
  new AsyncRunner(
    async ({ runtime }: { runtime: HMRRuntime }, emitUpdate) => {
      const other = await runtime.import<typeof import('./hot-module')>('./hot-module')
      runtime.on('update', () => emitUpdate())
      return { twice: () => (other.exports?.count() ?? 0) * 2 }
    },
    ({ runtime }) => runtime.unimport('./hot-module')
  ),
  true
)
