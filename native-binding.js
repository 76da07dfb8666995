'use strict'

// The addon for this platform, where it usually is. `binding.js`, which the build writes, knows every place and explains
// what is missing, but to compile and run it takes longer than loading the addon itself.
const targets = {
  'darwin arm64': 'darwin-arm64',
  'darwin x64': 'darwin-x64',
  'linux arm64': 'linux-arm64-gnu',
  'linux x64': 'linux-x64-gnu',
  'win32 arm64': 'win32-arm64-msvc',
  'win32 x64': 'win32-x64-msvc'
}

function find() {
  const target = targets[`${process.platform} ${process.arch}`]
  const isAskedElsewhere = Object.keys(process.env).some((name) => name.startsWith('NAPI_RS_'))
  if (target && !isAskedElsewhere) {
    for (const place of [`./node-hmr.${target}.node`, `@upvotr/node-hmr-${target}`]) {
      try {
        return require(place)
      } catch {
        // `binding.js` says why.
      }
    }
  }
  return require('./binding.js')
}

module.exports = find()
