const { createPersist, createRunner, createRuntime, hmr } = require("@upvotr/node-hmr");

module.exports = hmr(
  // A runtime of its own for what this module imports. It is a persistent value: it outlives each edit of this file.
  createPersist(
    () => ({ runtime: createRuntime(require), startedAt: new Date() }),
    ({ runtime }) => runtime.closeAll()
  ),
  createRunner(
    async ({ runtime, startedAt }, emitUpdate) => {
      const words = await runtime.import("./words.js");
      console.log(`greeter.js runs; its persistent values are from ${startedAt.toISOString()}`);

      // An update of words.js needs no code here, `words.exports` is the new one. But whoever imports this module may
      // want to know that what it does has changed.
      runtime.on("update", emitUpdate);

      return { greet: (name) => words.exports.greeting(name) };
    },
    // Undo what the run did: the next version may import other modules and listens for itself.
    ({ runtime }) => {
      runtime.removeAllListeners("update");
      runtime.unimport("./words.js");
    },
    // The runner is asynchronous.
    true
  )
);
