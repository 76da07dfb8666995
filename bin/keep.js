'use strict'

// Facades of hot modules import this (docs/implementation.md, "Doors").
module.exports = require('../load-binding.js').keepFacade
