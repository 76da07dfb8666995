import { createRunner, hmr } from "@upvotr/node-hmr";

enum Word {
  Greeting = "Hello"
}

export default hmr(
  null,
  createRunner(() => ({ greeting: (name: string): string => `${Word.Greeting}, ${name}!` }))
);
