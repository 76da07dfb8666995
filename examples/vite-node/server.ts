import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answer } from './answer'

// What a version leaves to the next one. Vite finds `import.meta.hot.accept` by this very spelling.
const data = import.meta.hot?.data ?? {}
data.requests ??= 0
let respond = answer

const server = createServer((request, response) => {
  data.requests++
  response.end(`${respond(request.url ?? '/')} (request ${data.requests})\n`)
})
const port = data.port ?? Number(process.env.PORT ?? 3000)
await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
data.port = (server.address() as AddressInfo).port
console.log(`Listening on http://127.0.0.1:${data.port}. Edit examples/vite-node/answer.ts or server.ts.`)

if (import.meta.hot) {
  // An edit of this file: the old version gives the port back before the new one takes it.
  import.meta.hot.accept()
  import.meta.hot.dispose(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  // An edit of answer.ts: the server stays as it is, open connections too.
  import.meta.hot.accept('./answer', (module) => {
    if (module) respond = module.answer
  })
}
