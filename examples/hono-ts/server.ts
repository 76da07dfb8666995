// Run it by `npx hmr server.ts`. It is evaluated once: an edit of what it imports is an update, which leaves the port, the
// connections and the WebSockets alone.
import { serve } from "@hono/node-server";
import { WebSocketServer } from "ws";
import app from "./app.ts";
import { reply } from "./chat.ts";

const port = Number(process.env.PORT ?? 3000);
// `app` and `reply` are looked up when a request or a message comes: they are those of the last edit.
const server = serve({ fetch: (request, env) => app.fetch(request, env), port }, (address) => {
  console.log(`Listening on http://localhost:${address.port}`);
  console.log(`Open /hello and /time, then edit ${import.meta.dirname}/app.ts`);
});
const sockets = new WebSocketServer({ server: server as import("node:http").Server });
sockets.on("connection", (socket) => {
  socket.on("message", (data) => socket.send(reply(String(data))));
});

import.meta.hot?.accept(["./app.ts", "./chat.ts"]);
