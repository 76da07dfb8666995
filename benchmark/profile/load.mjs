// The time of `require('@upvotr/node-hmr')` in a fresh process, and what a reload leaves on the heap.
import { fileURLToPath } from 'node:url'
import { summary } from '../support/figures.mjs'
import { start } from '../support/process.mjs'
import { makeProject } from '../support/project.mjs'

const script = fileURLToPath(new URL('load.cjs', import.meta.url))

export async function load({ starts, reloads, packages }) {
  const project = makeProject(2, undefined, packages)
  const took = []
  for (let turn = 0; turn < starts; turn++) {
    const child = start(script, [project.folder, 0])
    took.push((await child.message((message) => message.took)).took)
    await child.stop()
  }
  if (reloads === 0) {
    project.remove()
    return { took: summary(took, 2) }
  }
  const child = start(script, [project.folder, reloads], { execArgv: ['--expose-gc'] })
  const { heap } = await child.message((message) => message.took)
  await child.stop()
  project.remove()
  return { took: summary(took, 2), heapPerReload: Number(heap.toFixed(4)), reloads }
}

export function show({ took, heapPerReload, reloads }) {
  return [
    `require('@upvotr/node-hmr'): p50 ${took.p50} ms, max ${took.max} ms of ${took.count} processes`,
    `heap per reload, over ${reloads}: ${heapPerReload} KB`
  ].join('\n\n')
}
