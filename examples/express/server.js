// Run it by `hmr -f server.js`: this module is hot as well. Works with Express 4 and Express 5.
const { once } = require("node:events");
const express = require("express");
const { createPersist, createRunner, createRuntime, hmr } = require("@upvotr/node-hmr");
const { WebSocketServer } = require("ws");

module.exports = hmr(
  // What outlives an edit: the app, the port, the connections, and the runtime that watches the routes.
  createPersist(
    async () => {
      // An edit of what a route requires plainly, such as lib/clock.js, updates the route.
      const runtime = createRuntime(require, undefined, { dependencies: true });
      const values = { routes: express.Router(), runtime };
      // The app's own router holds this one middleware, which asks for the routes of the last run. So there is nothing
      // to take out of the app before the next run; Express has no function for that.
      const app = express();
      app.use((...args) => values.routes(...args));

      values.server = app.listen(Number(process.env.PORT ?? 3000));
      await once(values.server, "listening");
      values.sockets = new WebSocketServer({ server: values.server });

      console.log(`Listening on http://localhost:${values.server.address().port}`);
      console.log(`Open /hello and /time, then edit ${require.resolve("./routes/hello.js")}`);
      return values;
    },
    ({ runtime, server, sockets }) => {
      runtime.closeAll();
      for (const socket of sockets.clients) socket.terminate();
      server.close();
      server.closeAllConnections();
    }
  ),
  createRunner(
    async (values) => {
      const { runtime, sockets } = values;
      const hello = await runtime.import("./routes/hello.js");
      const time = await runtime.import("./routes/time.js");

      // `exports` is looked up for each request, so a request after an edit meets the new router.
      const routes = express.Router();
      routes.use("/hello", (...args) => hello.exports(...args));
      routes.use("/time", (...args) => time.exports(...args));
      routes.get("/", (_request, response) => {
        const edit = require.resolve("./routes/hello.js");
        response.type("text").send(`Open /hello and /time, edit ${edit}, save it, and open them again.\n`);
      });
      values.routes = routes;

      // WebSocket clients stay connected across every edit, and hear of it.
      const greet = (socket) => socket.send("connected");
      const tell = (id) => sockets.clients.forEach((socket) => socket.send(`updated ${id}`));
      sockets.on("connection", greet);
      runtime.on("update", tell);
      return { greet, tell };
    },
    // Undo what the run did. The routes stay until the next run has made its own: no request falls between the two.
    ({ runtime, sockets }, { greet, tell }) => {
      sockets.off("connection", greet);
      runtime.off("update", tell);
      runtime.unimport("./routes/hello.js");
      runtime.unimport("./routes/time.js");
    },
    // The runner is asynchronous.
    true
  )
);
