// Everything is declared in index.d.ts: a class has one type, whichever way it was loaded.
export * from './index.js'
export { HMRRuntime as default } from './index.js'
