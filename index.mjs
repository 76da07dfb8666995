export {
  createModule,
  hmr,
  createPersist,
  createRunner,
  createRuntime,
  createSyntheticRequire,
  synthetic,
  HMRRuntime,
  HMRRuntime as default,
  Watcher,
  FSWatcher,
  ContentWatcher,
  NoopWatcher,
  Runner,
  AsyncRunner,
  PersistManager
} from './index.js'
