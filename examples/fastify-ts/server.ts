// Run it by `npx hmr server.ts`. It is evaluated once: an edit of the application is an update, which leaves the port and the
// connections alone.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import app from "./app.ts";

// `app` is looked up for each request: it is that of the last edit.
const server = createServer((request, response) => app.routing(request, response));
server.listen(Number(process.env.PORT ?? 3000), () => {
  console.log(`Listening on http://localhost:${(server.address() as AddressInfo).port}`);
  console.log(`Open /hello and /time, then edit ${import.meta.dirname}/app.ts`);
});

import.meta.hot?.accept("./app.ts");
