// Where Node has no hooks in the thread (before 22.15), a thread of its own asks these.
import { createRequire } from 'node:module'

const { openThread, resolveHook, loadHook } = createRequire(import.meta.url)('../load-binding.js')

export const initialize = openThread
export const resolve = resolveHook
export const load = loadHook
