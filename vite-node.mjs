// Names only; required, so that `import` and `require` share one state.
import viteNode from './vite-node.js'

export const {
  createHmrEmitter,
  viteNodeHmrPlugin,
  getCache,
  sendMessageBuffer,
  reload,
  handleMessage,
  createHotContext
} = viteNode
