import nodeHmr = require('@upvotr/node-hmr')

const { hmr, createPersist, createRunner } = nodeHmr

export = hmr(
  createPersist(() => ({ hits: 0 })),
  createRunner(({ hits }: { hits: number }) => ({ count: () => hits, name: 'sync' }))
)
