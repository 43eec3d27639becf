import type { FetchLike, Transport } from '@modelcontextprotocol/client'
import type { Dispatcher } from 'undici'
import type { McpProvider } from '../config/dataset.ts'
import { largestReply } from '../models/connections.ts'
import type { Environment } from '../models/provider.ts'
import { proxyFor } from '../models/proxies.ts'
import { endAtExit } from './end-at-exit.ts'

export interface TransportContext {
  /** The bearer token; null for none. */
  readonly token: string | null
  readonly environment: Environment
  /** The folder a process works in. */
  readonly directory: string
}

export interface OpenedTransport {
  readonly transport: Transport
  /** What the server's process wrote to its error output last; empty for one at an address. */
  readonly lastWords: () => string
}

/** Characters kept of what a server's process writes to its error output. */
const keptWords = 600

/** The way to a server; nothing is sent and no process started yet. */
export async function openTransport(
  provider: McpProvider,
  context: TransportContext,
): Promise<OpenedTransport> {
  if (provider.provider_type === 'stdio') return stdioTransport(provider, context)
  const { SSEClientTransport, StreamableHTTPClientTransport } =
    await import('@modelcontextprotocol/client')
  const url = new URL(provider.endpoint)
  const { token } = context
  const options = {
    fetch: await fetchFor(url, context),
    requestInit: token === null ? {} : { headers: { Authorization: `Bearer ${token}` } },
  }
  const transport =
    provider.provider_type === 'sse'
      ? new SSEClientTransport(url, options)
      : new StreamableHTTPClientTransport(url, options)
  return { transport, lastWords: () => '' }
}

async function stdioTransport(
  { command, args, env }: Extract<McpProvider, { provider_type: 'stdio' }>,
  { directory }: TransportContext,
): Promise<OpenedTransport> {
  const { getDefaultEnvironment, StdioClientTransport } =
    await import('@modelcontextprotocol/client/stdio')
  const transport = new StdioClientTransport({
    command,
    args: [...args],
    cwd: directory,
    env: { ...getDefaultEnvironment(), ...env },
    stderr: 'pipe',
  })
  endAtExit(transport)
  let words = ''
  transport.stderr?.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString('utf8')).slice(-keptWords)
  })
  return { transport, lastWords: () => words.trim() }
}

/**
 * Straight or through the proxy of the environment; a stream may be silent for as long as it likes, and
 * the one that is opened by a GET may continue for as long as the session does.
 */
async function fetchFor(url: URL, { environment }: TransportContext): Promise<FetchLike> {
  const { Agent, fetch, ProxyAgent } = await import('undici')
  const timeouts = { bodyTimeout: 0, headersTimeout: 0, connectTimeout: 10_000 }
  const proxy = proxyFor(url, environment)
  const connections = (limits: { maxResponseSize?: number }): Dispatcher =>
    proxy === null
      ? new Agent({ ...timeouts, ...limits })
      : new ProxyAgent({ ...timeouts, ...limits, uri: proxy.address, proxyTunnel: true })
  const streams = connections({})
  const answers = connections({ maxResponseSize: largestReply })
  const own = (address: string | URL, init?: { method?: string }): unknown =>
    fetch(address, { ...init, dispatcher: init?.method === 'POST' ? answers : streams })
  // undici's own types of what Node calls by the same names.
  return own as FetchLike
}
