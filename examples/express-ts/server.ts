// Run it by `hmr -f server.ts`: this module is hot as well. Works with Express 4 and Express 5.
import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createPersist, createRunner, createRuntime, hmr } from "@upvotr/node-hmr";
import express, { type Router } from "express";

export default hmr(
  // What outlives an edit: the app, the port, the connections, and the runtime that watches the routes.
  createPersist(
    async () => {
      const runtime = createRuntime(import.meta);
      const app = express();
      const values = { routes: express.Router() as Router, runtime, server: undefined as unknown as Server };
      // The app's own router holds this one middleware, which asks for the routes of the last run.
      app.use((request, response, next) => values.routes(request, response, next));

      values.server = app.listen(Number(process.env.PORT ?? 3000));
      await once(values.server, "listening");
      console.log(`Listening on http://localhost:${(values.server.address() as AddressInfo).port}`);
      console.log(`Open /hello and /time, then edit ${import.meta.dirname}/routes/hello.ts`);
      return values;
    },
    ({ runtime, server }) => {
      runtime.closeAll();
      server.close();
      server.closeAllConnections();
    }
  ),
  createRunner(
    async (values) => {
      const { runtime } = values;
      const hello = await runtime.import<typeof import("./routes/hello.ts")>("./routes/hello.ts");
      const time = await runtime.import<typeof import("./routes/time.ts")>("./routes/time.ts");

      // `exports` is looked up for each request, so a request after an edit meets the new router.
      const routes = express.Router();
      routes.use("/hello", (request, response, next) => hello.exports(request, response, next));
      routes.use("/time", (request, response, next) => time.exports(request, response, next));
      values.routes = routes;
    },
    // Undo what the run did. The routes stay until the next run has made its own: no request falls between the two.
    ({ runtime }) => {
      runtime.unimport("./routes/hello.ts");
      runtime.unimport("./routes/time.ts");
    },
    // The runner is asynchronous.
    true
  )
);
