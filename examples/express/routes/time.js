const clock = require("../lib/clock.js");
const { Router } = require("express");
const { createRunner, hmr } = require("@upvotr/node-hmr");

module.exports = hmr(
  null,
  createRunner(() => {
    const router = Router();
    router.get("/", (request, response) => response.json({ time: clock.now() }));
    return router;
  })
);
