import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { answerTo, type McpMessage, type McpPorts } from './mcp-tools.ts'

export interface McpServer extends AsyncDisposable {
  /** Of streamable HTTP. */
  readonly url: string
  /** Of the older way: a stream of events, and posts next to it. */
  readonly sseUrl: string
  /** What was called and cancelled, in its order. */
  readonly log: readonly string[]
  readonly tokens: readonly (string | undefined)[]
  /** Forgets every session, as a server that was started again does. */
  forget(): void
  /** Answers everything with a status from now on; null ends that. */
  refuseWith(status: number | null): void
}

/** A server of tools over HTTP. */
export async function createMcpServer({
  port = 0,
  tools,
}: Pick<McpPorts, 'tools'> & { port?: number } = {}): Promise<McpServer> {
  const log: string[] = []
  const tokens: (string | undefined)[] = []
  const streams = new Set<ServerResponse>()
  let session = 0
  let oldest = 1
  let refusal: number | null = null
  const ports = {
    log: (line: string) => log.push(line),
    crash: () => server.closeAllConnections(),
    tools,
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    tokens.push(request.headers.authorization)
    if (refusal !== null) {
      response.writeHead(refusal).end('refused')
      return
    }
    if (request.url === '/sse') {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('event: endpoint\ndata: /messages\n\n')
      streams.add(response)
      response.on('close', () => streams.delete(response))
      return
    }
    if (request.method !== 'POST') {
      response.writeHead(405).end()
      return
    }
    const message = JSON.parse(await text(request)) as McpMessage
    if (request.url === '/messages') {
      const answer = answerTo(message, ports)
      response.writeHead(202).end()
      if (answer !== null) {
        for (const stream of streams) {
          stream.write(`event: message\ndata: ${JSON.stringify(answer)}\n\n`)
        }
      }
      return
    }
    const known = Number(request.headers['mcp-session-id'] ?? Number.NaN)
    if (message.method !== 'initialize' && !(known >= oldest)) {
      response.writeHead(404).end('no such session')
      return
    }
    if (message.method === 'initialize') session += 1
    const answer = answerTo(message, ports)
    if (answer === null) {
      if (message.id === undefined) response.writeHead(202).end()
      return
    }
    response.writeHead(200, {
      'content-type': 'application/json',
      'mcp-session-id': String(session),
    })
    response.end(JSON.stringify(answer))
  }

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)))
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  // Listening on a port, it has an address.
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: `${base}/mcp`,
    sseUrl: `${base}/sse`,
    log,
    tokens,
    forget() {
      oldest = session + 1
    },
    refuseWith(status) {
      refusal = status
    },
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
