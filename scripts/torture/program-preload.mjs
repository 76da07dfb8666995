// Loaded before a tortured program: its modules note that they run, and another process asks what they see.
import { updates } from '../../index.mjs'

/** How often each module has run, and how to ask what it sees. */
const runs = {}
const reads = {}

globalThis.ran = (name, read) => {
  runs[name] = (runs[name] ?? 0) + 1
  reads[name] = read
}
for (const event of ['updated', 'reloaded', 'failed'])
  updates.on(event, ({ error, ...told }) => process.send({ ...told, error: error?.message }))
process.on('message', (names) =>
  process.send({ runs, sees: Object.fromEntries(names.map((name) => [name, reads[name]?.()])) })
)
for (const event of ['uncaughtException', 'unhandledRejection'])
  process.on(event, (error) => process.send({ unhandled: String(error?.stack ?? error) }))
