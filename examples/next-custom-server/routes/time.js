const { createRunner, hmr } = require("@upvotr/node-hmr");

module.exports = hmr(
  null,
  createRunner(() => (request, response) => {
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify({ time: new Date(), version: "first" }));
  })
);
