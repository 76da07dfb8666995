// The entry: an ordinary file, evaluated once.
const { createRuntime } = require("@upvotr/node-hmr");

const runtime = createRuntime(require);

async function main() {
  // Hold the object, not its `exports`: each update puts new exports on it.
  const greeter = await runtime.import("./greeter.js");

  console.log(greeter.exports.greet("world"));
  runtime.on("update", (id) => {
    if (id === "./greeter.js") console.log(greeter.exports.greet("world"));
  });

  console.log("Edit examples/basics/words.js or examples/basics/greeter.js.");
}

main();
