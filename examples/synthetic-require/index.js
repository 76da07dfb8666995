// Hot modules in TypeScript and as ES modules. jiti evaluates them; this file is CommonJS.
const { createRuntime, synthetic } = require("@upvotr/node-hmr");
const createJiti = require("jiti"); // 2.x and 1.x alike

const jiti = createJiti(__filename);

const runtime = createRuntime(
  synthetic(
    (path) => jiti(path).default, // the modules say `export default hmr(…)`
    require,
    jiti.cache, // where jiti keeps its modules, and the runtime evicts them
    jiti.resolve // finds `./typescript` without its extension, too
  )
);

async function main() {
  const esm = await runtime.import("./esm.mjs");
  const typescript = await runtime.import("./typescript.ts");

  console.log(esm.exports());
  console.log(typescript.exports());
  runtime.on("update", (id) => console.log((id === "./esm.mjs" ? esm : typescript).exports()));

  console.log("Edit examples/synthetic-require/esm.mjs or examples/synthetic-require/typescript.ts.");
}

main();
