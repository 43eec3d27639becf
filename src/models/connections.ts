import type { Dispatcher } from 'undici'
import { proxyFor } from './proxies.ts'
import type { Environment } from './provider.ts'

/** Bytes of a reply, before and after it is decompressed. */
export const largestReply = 64 * 1024 * 1024

/**
 * The connections to one endpoint: straight, or through the proxy the environment names. Replies
 * that are files have no limit: -1.
 */
export async function openDispatcher(
  url: URL,
  environment: Environment,
  { maxResponseSize = largestReply }: { maxResponseSize?: number } = {},
): Promise<Dispatcher> {
  // Loaded on first use: it costs a tenth of a second that validating a config need not wait for.
  const { Pool, ProxyAgent } = await import('undici')
  const options = {
    // Admission is the engine's; a second limit here would be an invisible queue.
    connections: null,
    // HTTP/2 would put up to a hundred requests on one connection, to fail together.
    allowH2: false,
    // Idle connections are kept longer than a slow model thinks, and servers' own hints count.
    keepAliveTimeout: 30_000,
    connectTimeout: 10_000,
    maxResponseSize,
  }
  const proxy = proxyFor(url, environment)
  if (proxy === null) return new Pool(url.origin, options)
  if (proxy.problem !== null) throw new TypeError(proxy.problem)
  return new ProxyAgent({ ...options, uri: proxy.address })
}
