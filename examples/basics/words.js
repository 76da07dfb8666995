const { createRunner, hmr } = require("@upvotr/node-hmr");

module.exports = hmr(
  null,
  createRunner(() => ({ greeting: (name) => `Hello, ${name}!` }))
);
