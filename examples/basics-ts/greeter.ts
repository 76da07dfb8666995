import { createPersist, createRunner, createRuntime, hmr } from "@upvotr/node-hmr";
import { title } from "./titles.ts";

export default hmr(
  // A runtime of its own for what this module imports. It is a persistent value: it outlives each edit of this file.
  createPersist(
    () => ({ runtime: createRuntime(import.meta), startedAt: new Date() }),
    ({ runtime }) => runtime.closeAll()
  ),
  createRunner(
    async ({ runtime, startedAt }, emitUpdate) => {
      const words = await runtime.import<typeof import("./words.ts")>("./words.ts");
      console.log(`greeter.ts runs; its persistent values are from ${startedAt.toISOString()}`);

      // An update of words.ts needs no code here, `words.exports` is the new one. But whoever imports this module may
      // want to know that what it does has changed.
      runtime.on("update", emitUpdate);

      return { greet: (name: string): string => words.exports.greeting(title(name)) };
    },
    // Undo what the run did: the next version may import other modules and listens for itself.
    ({ runtime }) => {
      runtime.removeAllListeners("update");
      runtime.unimport("./words.ts");
    },
    // The runner is asynchronous.
    true
  )
);
