/** What a client of the WebSocket is answered. */
export function reply(text: string): string {
  return `You said ${text}.`;
}
