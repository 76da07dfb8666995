import { createRunner, hmr } from '@upvotr/node-hmr'

export default hmr(
  null,
  createRunner(async () => ({ name: 'esm' }), undefined, true)
)
