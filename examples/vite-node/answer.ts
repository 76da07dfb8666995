export function answer(path: string): string {
  return `Hello from ${path}`
}
