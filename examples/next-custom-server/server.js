// @ts-check
// Run it by `hmr -f server.js`, and in production by `hmr -n -f server.js`. This module is hot as well.
const { once } = require("node:events");
const http = require("node:http");
const { createPersist, createRunner, createRuntime, hmr } = require("@upvotr/node-hmr");
const { WebSocketServer } = require("ws");
// The cast is for Next's types, which know `export default` only.
const next = /** @type {typeof import("next").default} */ (/** @type {unknown} */ (require("next")));

/** @typedef {(request: http.IncomingMessage, response: http.ServerResponse) => unknown} Answer */

module.exports = hmr(
  // What outlives an edit: Next, which takes seconds to prepare, the port, the connections, and the runtime that
  // watches the routes.
  createPersist(
    async () => {
      const port = Number(process.env.PORT ?? 3000);
      const app = next({ dev: process.env.NODE_ENV !== "production", dir: __dirname, port });
      await app.prepare();

      const server = http.createServer();
      const sockets = new WebSocketServer({ noServer: true });
      /** @type {{ answer?: Answer }} */
      const current = {};
      // A request is answered by the version that is there when it begins.
      server.on("request", (request, response) => current.answer?.(request, response));
      // Next adds a listener of its own for its fast refresh, so this one must leave other paths alone.
      server.on("upgrade", (request, socket, head) => {
        if (new URL(request.url ?? "/", "http://localhost").pathname !== "/socket") return;
        sockets.handleUpgrade(request, socket, head, (client) => sockets.emit("connection", client, request));
      });

      await once(server.listen(port), "listening");
      const address = /** @type {import("node:net").AddressInfo} */ (server.address());
      console.log(`Listening on http://localhost:${address.port}`);
      return { app, server, sockets, current, answerPage: app.getRequestHandler(), runtime: createRuntime(require) };
    },
    async ({ app, server, sockets, runtime }) => {
      runtime.closeAll();
      for (const client of sockets.clients) client.terminate();
      server.close();
      server.closeAllConnections();
      await app.close();
    }
  ),
  createRunner(
    async ({ sockets, current, answerPage, runtime }) => {
      /** @type {{ exports?: Answer }} */
      const time = await runtime.import("./routes/time.js");
      /** @type {{ exports?: Answer }} */
      const upload = await runtime.import("./routes/upload.js");

      // `exports` is looked up for each request, so a request after an edit meets the new route.
      current.answer = (request, response) => {
        response.setHeader("X-Served-By", "server, first version");
        if (request.url === "/api/time") return time.exports?.(request, response);
        if (request.url === "/api/upload") return upload.exports?.(request, response);
        return answerPage(request, response);
      };

      // WebSocket clients stay connected across every edit, and hear of it.
      const greet = (/** @type {import("ws").WebSocket} */ client) => client.send("connected");
      const tell = (/** @type {string} */ id) => sockets.clients.forEach((client) => client.send(`updated ${id}`));
      sockets.on("connection", greet);
      runtime.on("update", tell);
      return { greet, tell };
    },
    // Undo what the run did. Requests go on to its handler until the next run has made its own.
    ({ sockets, runtime }, { greet, tell }) => {
      sockets.off("connection", greet);
      runtime.off("update", tell);
      runtime.unimport("./routes/time.js");
      runtime.unimport("./routes/upload.js");
    },
    // The runner is asynchronous.
    true
  )
);
