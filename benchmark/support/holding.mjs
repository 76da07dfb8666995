/** The text of a version that holds so many bytes. */
export function textOf(n, bytes) {
  return `const big = new Uint8Array(${bytes}).fill(1); export const n = ${n}; export const read = () => big.length + n
;(globalThis.versions ??= []).push(new WeakRef(read)); import.meta.hot.accept(() => {})\n`
}
