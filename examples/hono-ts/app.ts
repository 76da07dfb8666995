import { Hono } from "hono";
import { now } from "./lib/clock.ts";

const app = new Hono();
app.get("/hello", (context) => context.text("Hello!"));
app.get("/time", (context) => context.json({ time: now() }));

export default app;
