import type { Client, Dispatcher } from 'undici'
import { type Connections, FreeConnections } from './free-connections.ts'
import { proxyFor } from './proxies.ts'
import type { Environment } from './provider.ts'

/** Bytes of a reply, before and after it is decompressed. */
export const largestReply = 64 * 1024 * 1024

const connectTimeout = 10_000

const clientOptions = {
  // HTTP/2 would put up to a hundred requests on one connection, to fail together.
  allowH2: false,
  // Idle connections are kept longer than a slow model thinks, and servers' own hints count.
  keepAliveTimeout: 30_000,
  maxResponseSize: largestReply,
} satisfies Client.Options

/** The connections to one model endpoint: straight, or through the proxy the environment names. */
export async function openConnections(url: URL, environment: Environment): Promise<Connections> {
  // Loaded on first use: it costs a tenth of a second that validating a config need not wait for.
  const { Client, buildConnector } = await import('undici')
  const proxy = await openProxy(url, environment, clientOptions)
  if (proxy !== null) return proxy
  // One for all, so that they share their TLS sessions.
  const connect = buildConnector({ allowH2: false, timeout: connectTimeout })
  return new FreeConnections(() => new Client(url.origin, { ...clientOptions, connect }))
}

/** The same for files: with undici's own methods, and without a limit of a reply's bytes. */
export async function openDispatcher(url: URL, environment: Environment): Promise<Dispatcher> {
  const { Pool } = await import('undici')
  const options = { ...clientOptions, maxResponseSize: -1 }
  const proxy = await openProxy(url, environment, options)
  return proxy ?? new Pool(url.origin, { ...options, connectTimeout, connections: null })
}

async function openProxy(
  url: URL,
  environment: Environment,
  options: Client.Options,
): Promise<Dispatcher | null> {
  const proxy = proxyFor(url, environment)
  if (proxy === null) return null
  if (proxy.problem !== null) throw new TypeError(proxy.problem)
  const { ProxyAgent } = await import('undici')
  // Admission is the engine's; a limit of connections would be an invisible queue.
  return new ProxyAgent({ ...options, connectTimeout, connections: null, uri: proxy.address })
}
