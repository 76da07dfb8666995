'use strict'

// Loads the addon from its usual place, or else through the generated loader, which knows every place but takes longer to
// compile and run than the addon itself. If there is no addon, throws an error that says what to do.

/** The platforms and architectures of `npm/`. */
const PREBUILT = { linux: ['x64', 'arm64', 'arm'], darwin: ['x64', 'arm64'], win32: ['x64', 'arm64'] }
/** The usual systems, with their addons. The generated loader serves all others, for example those with musl. */
const USUAL = {
  'darwin arm64': 'darwin-arm64',
  'darwin x64': 'darwin-x64',
  'linux arm64': 'linux-arm64-gnu',
  'linux x64': 'linux-x64-gnu',
  'win32 arm64': 'win32-arm64-msvc',
  'win32 x64': 'win32-x64-msvc'
}
const BUILD = 'npm explore @upvotr/node-hmr -- npx -y -p @napi-rs/cli@3 npm run build'

try {
  module.exports = usual() ?? require('./binding.js')
} catch (error) {
  throw noAddon(error)
}

/** From beside this file or from its own package, unless the environment names another place. */
function usual() {
  const target = USUAL[`${process.platform} ${process.arch}`]
  const isAskedElsewhere = Object.keys(process.env).some((name) => name.startsWith('NAPI_RS_'))
  if (!target || isAskedElsewhere) return undefined
  for (const place of [`./node-hmr.${target}.node`, `@upvotr/node-hmr-${target}`]) {
    try {
      return require(place)
    } catch {
      // The generated loader tries again and says why.
    }
  }
  return undefined
}

function noAddon(cause) {
  const here = `${process.platform}-${process.arch}`
  const tried = reasons(cause)
  const broken = tried.filter((reason) => !/^(Cannot find|Unsupported|Require stack)/.test(reason))
  const isPrebuilt = PREBUILT[process.platform]?.includes(process.arch)
  const isForbidden = broken.some((reason) => reason.includes('loading addons is disabled'))
  const build = isForbidden
    ? 'Run Node without --no-addons, and with --allow-addons beside --permission or --experimental-permission.'
    : `To build it, with Rust 1.95 or later: ${BUILD}`
  const lines =
    broken.length > 0
      ? [
          `@upvotr/node-hmr: the addon for ${here} is there, but does not load:`,
          ...broken.map((reason) => `  ${reason}`),
          build
        ]
      : isPrebuilt
        ? [
            `@upvotr/node-hmr: the addon for ${here} is not installed.`,
            'Optional dependencies were left out, or node_modules or the lock file came from another platform. Install it',
            'here: npm i --include=optional @upvotr/node-hmr'
          ]
        : [`@upvotr/node-hmr: there is no prebuilt addon for ${here}.`, build]
  // The loader's error is not the cause of this one: its advice contradicts ours.
  return Object.assign(new Error(lines.join('\n')), { code: 'ERR_HMR_NO_ADDON', tried })
}

/** The errors that the loader met, file by file: messages along the chain of causes, without their require stacks. */
function reasons(error) {
  const messages = []
  for (let next = error.cause; next; next = next.cause) messages.unshift(next.message.split('\n')[0])
  return messages.length > 0 ? messages : [String(error?.message ?? error).split('\n')[0]]
}
