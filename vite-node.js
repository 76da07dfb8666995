'use strict'
// Names only; everything is native.
const {
  createHmrEmitter,
  viteNodeHmrPlugin,
  getCache,
  sendMessageBuffer,
  reload,
  handleMessage,
  createHotContext
} = require('./load-binding.js')

module.exports = {
  __esModule: true,
  createHmrEmitter,
  viteNodeHmrPlugin,
  getCache,
  sendMessageBuffer,
  reload,
  handleMessage,
  createHotContext
}
