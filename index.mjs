import hmrPackage from './index.js'

export const {
  createModule,
  hmr,
  createPersist,
  createRunner,
  createRuntime,
  createSyntheticRequire,
  synthetic,
  HMRRuntime,
  Watcher,
  FSWatcher,
  ContentWatcher,
  NoopWatcher,
  Runner,
  AsyncRunner,
  PersistManager
} = hmrPackage

export default HMRRuntime
