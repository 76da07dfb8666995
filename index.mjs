export {
  AsyncRunner,
  ContentWatcher,
  createModule,
  createPersist,
  createRunner,
  createRuntime,
  createSyntheticRequire,
  FSWatcher,
  HMRRuntime,
  HMRRuntime as default,
  hmr,
  NoopWatcher,
  PersistManager,
  Runner,
  synthetic,
  updates,
  Watcher
} from './index.js'
