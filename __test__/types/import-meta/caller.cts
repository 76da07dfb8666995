module.hot?.accept()
module.hot?.accept(
  './a.cjs',
  () => {},
  (error, { moduleId }) => console.log(error, moduleId)
)
const disposer = (data: { n: number }) => void data.n
module.hot?.addDisposeHandler(disposer)
module.hot?.removeDisposeHandler(disposer)
// @ts-expect-error a program that does not run hot has none
module.hot.accept()
