'use strict'

// What the facades of hot modules import (docs/implementation.md, "Doors").
module.exports = require('../load-binding.js').keepFacade
