import { createRunner, hmr } from "@upvotr/node-hmr";
import { Router } from "express";
import { now } from "../lib/clock.ts";

export default hmr(
  null,
  createRunner(() => {
    const router = Router();
    router.get("/", (_request, response) => {
      response.json({ time: now() });
    });
    return router;
  })
);
