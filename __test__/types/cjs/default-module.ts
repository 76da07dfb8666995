import { createRunner, hmr } from '@upvotr/node-hmr'

// For a synthetic require that returns the default export.
export default hmr(
  null,
  createRunner(() => 42)
)
