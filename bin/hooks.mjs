// The hooks for Node before 22.15, which calls hooks in a thread of its own.
import { createRequire } from 'node:module'

const { openThread, resolveHook, loadHook } = createRequire(import.meta.url)('./internals.js')

export const initialize = openThread
export const resolve = resolveHook
export const load = loadHook
