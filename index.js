'use strict'

const binding = require('./load-binding.js')

Object.defineProperty(exports, '__esModule', { value: true })
exports.createModule = binding.createModule
exports.hmr = binding.hmr
exports.createPersist = binding.createPersist
exports.createRunner = binding.createRunner
exports.createRuntime = binding.createRuntime
exports.createSyntheticRequire = binding.createSyntheticRequire
exports.synthetic = binding.synthetic
exports.HMRRuntime = binding.HMRRuntime
exports.default = binding.HMRRuntime
exports.Watcher = binding.Watcher
exports.FSWatcher = binding.FSWatcher
exports.ContentWatcher = binding.ContentWatcher
exports.NoopWatcher = binding.NoopWatcher
exports.Runner = binding.Runner
exports.AsyncRunner = binding.AsyncRunner
exports.PersistManager = binding.PersistManager
exports.updates = binding.updates
