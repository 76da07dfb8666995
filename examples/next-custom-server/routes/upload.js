const { createRunner, hmr } = require("@upvotr/node-hmr");

// A request whose body is still coming when this file is edited is answered by the version that it began with.
module.exports = hmr(
  null,
  createRunner(() => async (request, response) => {
    let bytes = 0;
    for await (const chunk of request) bytes += chunk.length;
    response.end(`${bytes} bytes, counted by the first version`);
  })
);
