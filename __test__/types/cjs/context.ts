// The persistent values reach an unannotated runner.
import { createPersist, createRunner, createRuntime, type HMRRuntime, type HotModule, hmr } from '@upvotr/node-hmr'

const sync = hmr(
  createPersist(
    () => ({ port: 3000 }),
    ({ port }) => void port.toFixed()
  ),
  createRunner(
    ({ port }) => ({ port }),
    ({ port }) => port
  )
)
same<typeof sync, HotModule<{ port: number }, { port: number }>>(true)

const asynchronous = hmr(
  createPersist(
    () => ({ runtime: createRuntime(require) }),
    ({ runtime }) => runtime.closeAll()
  ),
  createRunner(
    async ({ runtime }, emitUpdate) => {
      const b = await runtime.import<{ bar(): void }>('./b.js')
      runtime.on('update', (id) => {
        if (id === './b.js') emitUpdate()
      })
      return { foo: () => b.exports?.bar() }
    },
    ({ runtime }) => runtime.unimport('./b.js'),
    true
  )
)
same<typeof asynchronous, HotModule<{ runtime: HMRRuntime }, { foo: () => void | undefined }>>(true)
