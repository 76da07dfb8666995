'use strict'

/** Functions of the addon for the command and `register.mjs`, which the package's index files do not name. */
module.exports = require('../load-binding.js').internals()
