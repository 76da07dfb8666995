'use strict'

// Facades of hot modules import this (docs/implementation.md, "Doors").
module.exports = require('./internals.js').keepFacade
