// The entry: an ordinary file, evaluated once. It could be TypeScript: `npx hmr index.ts`.
import { createRuntime } from "@upvotr/node-hmr";

const runtime = createRuntime(import.meta);

// Hold the object, not its `exports`: each update puts new exports on it.
const greeter = await runtime.import("./greeter.ts");

console.log(greeter.exports.greet("world"));
runtime.on("update", (id) => {
  if (id === "./greeter.ts") console.log(greeter.exports.greet("world"));
});

console.log("Edit examples/basics-ts/words.ts or examples/basics-ts/greeter.ts.");
