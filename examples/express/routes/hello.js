const { Router } = require("express");
const { createRunner, hmr } = require("@upvotr/node-hmr");

module.exports = hmr(
  null,
  createRunner(() => {
    const router = Router();
    router.get("/", (request, response) => response.send("Hello!"));
    return router;
  })
);
