import Fastify from "fastify";
import { now } from "./lib/clock.ts";

const app = Fastify();
app.get("/hello", async () => "Hello!");
app.get("/time", async () => ({ time: now() }));
// Plugins are loaded before the first request comes. A version that fails here is reported, and the last one goes on.
await app.ready();

export default app;
