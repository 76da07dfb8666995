// [hot 168]
import.meta.hot?.accept()
import.meta.hot?.accept((module) => {
  same<typeof module, NodeHmr.ModuleNamespace | undefined>(true)
})
// @ts-expect-error a program that does not run hot has none
import.meta.hot.accept()

const hot = import.meta.hot
if (hot) {
  hot.accept('./a.js', (module) => console.log(module?.default))
  hot.accept('./a.js', async (module) => void module)
  hot.accept(['./a.js', './b.js'], ([a, b]) => console.log(a?.x, b?.y))
  hot.accept('./a.js')
  hot.acceptExports(['x'], (module) => void module)
  hot.acceptExports('x')
  hot.decline()
  hot.dispose(async (data) => {
    data.timer = 1
  })
  hot.prune((data) => void data)
  hot.data.count = (hot.data.count ?? 0) + 1
  // @ts-expect-error the object stays the same one
  hot.data = {}
  hot.invalidate()
  hot.invalidate('why')
  hot.on('vite:beforeUpdate', ({ updates }) => {
    same<(typeof updates)[number]['acceptedPath'], string>(true)
  })
  hot.on('vite:error', ({ err }) => {
    same<typeof err, unknown>(true)
  })
  const listener = (data: { n: number }) => void data.n
  hot.on('my:event', listener)
  hot.off('my:event', listener)
  hot.send('my:event', { n: 1 })
  hot.watch('./query.sql')
  hot.watch([new URL('./a.txt', import.meta.url), '*.graphql'], (path) => {
    same<typeof path, string>(true)
  })
  // @ts-expect-error a callback is a function
  hot.dispose(1)
}
