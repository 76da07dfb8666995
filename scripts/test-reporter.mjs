// What `npm test` prints of node:test where nobody watches: each test that failed, with its error, and the counts. On a
// terminal it is Node's own reporter, which shows what goes on.

import { spec } from 'node:test/reporters'
import { isatty } from 'node:tty'
import { inspect } from 'node:util'

export default isatty(1) ? new spec() : failures

async function* failures(events) {
  const names = []
  const counts = []
  /** By file: what its process printed on stderr, which is all there is if it did not come to a test. */
  const printed = new Map()
  /** By file: the test that began last, which is the one that hangs when the time of its file is over. */
  const begun = new Map()
  for await (const { type, data } of events) {
    if (type === 'test:dequeue') {
      if (data.name !== data.file) begun.set(data.file, data)
    } else if (type === 'test:start') {
      names[data.nesting] = data.name
    } else if (type === 'test:fail') {
      const error = data.details?.error
      // A suite fails with its tests, which have said so.
      if (error?.failureType !== 'subtestsFailed') {
        names.length = data.nesting
        const name = [...names, data.name].join(' > ')
        const place = data.file ? `${data.file}:${data.line ?? 1}` : ''
        yield `not ok - ${name}\n  ${place}\n${inspect(error?.cause ?? error).replace(/^/gm, '  ')}\n`
        const last = begun.get(data.file)
        if (error?.failureType === 'testTimeoutFailure' && last) yield `  in ${last.name}, ${last.file}:${last.line}\n`
        if (error?.cause === 'test failed') yield (printed.get(data.file) ?? '').slice(-3000)
      }
    } else if (type === 'test:diagnostic' && data.nesting === 0) {
      counts.push(data.message)
    } else if (type === 'test:stderr') {
      printed.set(data.file, (printed.get(data.file) ?? '') + data.message)
    }
  }
  yield `${counts.map((count) => `# ${count}`).join('\n')}\n`
}
