'use strict'

const { readFileSync } = require('node:fs')
const own = require('../package.json')

const BACKENDS = { linux: 'inotify', darwin: 'FSEvents', win32: 'ReadDirectoryChangesW' }
const LIMITS = ['max_user_watches', 'max_user_instances', 'max_queued_events']

/** The facts that a bug report needs. */
function information() {
  const { node, bun, deno } = process.versions
  const runtime = bun ? `bun ${bun}` : deno ? `deno ${deno}` : `node ${node}`
  return [
    `${own.name} ${own.version}`,
    `addon ${addon()}`,
    `platform ${process.platform}-${process.arch}`,
    runtime,
    `watch backend ${BACKENDS[process.platform] ?? 'kqueue or polling'}`,
    ...(process.platform === 'linux' ? LIMITS.map(limit) : []),
    ...(process.env.HMR_POLLING ? [`HMR_POLLING=${process.env.HMR_POLLING}`] : [])
  ].join('\n')
}

/** The line about the addon. A missing addon is worth reporting as well. */
function addon() {
  try {
    return require('../load-binding.js').addonVersion()
  } catch (error) {
    return `is not loaded: ${error.message.split('\n')[0].replace(/^@upvotr\/node-hmr: /, '')}`
  }
}

function limit(name) {
  try {
    return `fs.inotify.${name} ${readFileSync(`/proc/sys/fs/inotify/${name}`, 'utf8').trim()}`
  } catch {
    return `fs.inotify.${name} unknown`
  }
}

module.exports = { information }
