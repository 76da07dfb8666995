import { createRunner, hmr } from "@upvotr/node-hmr";

export default hmr(
  null,
  createRunner(() => () => "Hello from an ES module!")
);
