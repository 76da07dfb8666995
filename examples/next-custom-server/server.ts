// The same in TypeScript: `hmr -f server.ts`, without a loader. server.js says what each part is for.
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { createPersist, createRunner, createRuntime, hmr } from "@upvotr/node-hmr";
import next from "next";
import { WebSocketServer, type WebSocket } from "ws";

type Answer = (request: http.IncomingMessage, response: http.ServerResponse) => unknown;

export default hmr(
  createPersist(
    async () => {
      const port = Number(process.env.PORT ?? 3000);
      const app = next({ dev: process.env.NODE_ENV !== "production", dir: __dirname, port });
      await app.prepare();

      const server = http.createServer();
      const sockets = new WebSocketServer({ noServer: true });
      const current: { answer?: Answer } = {};
      server.on("request", (request, response) => current.answer?.(request, response));
      server.on("upgrade", (request, socket, head) => {
        if (new URL(request.url ?? "/", "http://localhost").pathname !== "/socket") return;
        sockets.handleUpgrade(request, socket, head, (client) => sockets.emit("connection", client, request));
      });

      await once(server.listen(port), "listening");
      console.log(`Listening on http://localhost:${(server.address() as AddressInfo).port}`);
      // The routes are found relative to this file, whatever they are written in.
      return { app, server, sockets, current, answerPage: app.getRequestHandler(), runtime: createRuntime(__filename) };
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
      const time = await runtime.import<Answer>("./routes/time.js");
      const upload = await runtime.import<Answer>("./routes/upload.js");

      current.answer = (request, response) => {
        response.setHeader("X-Served-By", "server, first version");
        if (request.url === "/api/time") return time.exports?.(request, response);
        if (request.url === "/api/upload") return upload.exports?.(request, response);
        return answerPage(request, response);
      };

      const greet = (client: WebSocket) => client.send("connected");
      const tell = (id: string) => sockets.clients.forEach((client) => client.send(`updated ${id}`));
      sockets.on("connection", greet);
      runtime.on("update", tell);
      return { greet, tell };
    },
    ({ sockets, runtime }, { greet, tell }) => {
      sockets.off("connection", greet);
      runtime.off("update", tell);
      runtime.unimport("./routes/time.js");
      runtime.unimport("./routes/upload.js");
    },
    true
  )
);
