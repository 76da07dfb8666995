import { createRunner, hmr } from "@upvotr/node-hmr";

interface Greeting {
  (): string;
}

export default hmr(
  null,
  createRunner((): Greeting => () => "Hello from TypeScript!")
);
