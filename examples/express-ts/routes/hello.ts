import { createRunner, hmr } from "@upvotr/node-hmr";
import { Router } from "express";

export default hmr(
  null,
  createRunner(() => {
    const router = Router();
    router.get("/", (_request, response) => {
      response.send("Hello!");
    });
    return router;
  })
);
