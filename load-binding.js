'use strict'

// The addon, through the generated loader. All this file adds is an error that says what to do when there is none.

/** The platforms and architectures of `npm/`. */
const PREBUILT = { linux: ['x64', 'arm64', 'arm'], darwin: ['x64', 'arm64'], win32: ['x64', 'arm64'] }
const BUILD = 'npm explore @upvotr/node-hmr -- npx -y -p @napi-rs/cli@3 npm run build'

try {
  module.exports = require('./binding.js')
} catch (error) {
  throw noAddon(error)
}

function noAddon(cause) {
  const here = `${process.platform}-${process.arch}`
  const tried = reasons(cause)
  const broken = tried.filter((reason) => !/^(Cannot find|Unsupported|Require stack)/.test(reason))
  const lines =
    broken.length > 0
      ? [
          `@upvotr/node-hmr: the addon for ${here} is there, but does not load:`,
          ...broken.map((reason) => `  ${reason}`)
        ]
      : PREBUILT[process.platform]?.includes(process.arch)
        ? [
            `@upvotr/node-hmr: the addon for ${here} is not installed.`,
            'Optional dependencies were left out, or node_modules or the lock file came from another platform. Install it',
            'here: npm i --include=optional @upvotr/node-hmr'
          ]
        : [`@upvotr/node-hmr: there is no prebuilt addon for ${here}.`]
  lines.push(`To build it, with Rust 1.88 or later: ${BUILD}`)
  return Object.assign(new Error(lines.join('\n'), { cause }), { code: 'ERR_HMR_NO_ADDON', tried })
}

/** What the loader met with, file by file: the messages along the chain of causes, without their require stacks. */
function reasons(error) {
  const messages = []
  for (let next = error.cause; next; next = next.cause) messages.unshift(next.message.split('\n')[0])
  return messages.length > 0 ? messages : [String(error?.message ?? error).split('\n')[0]]
}
