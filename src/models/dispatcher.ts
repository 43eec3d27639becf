import type { Dispatcher } from 'undici'
import type { Environment } from './provider.ts'

/** The connections to one endpoint: straight, or through the proxy the environment names. */
export async function openDispatcher(url: URL, environment: Environment): Promise<Dispatcher> {
  // Loaded on first use: it costs a tenth of a second that validating a config need not wait for.
  const { EnvHttpProxyAgent, Pool } = await import('undici')
  const options = {
    // Admission is the engine's; a second limit here would be an invisible queue.
    connections: null,
    // HTTP/2 would put up to a hundred requests on one connection, to fail together.
    allowH2: false,
    // Idle connections are kept longer than a slow model thinks, and servers' own hints count.
    keepAliveTimeout: 30_000,
    connectTimeout: 10_000,
    maxResponseSize: 64 * 1024 * 1024,
  }
  const httpProxy = environment['http_proxy'] ?? environment['HTTP_PROXY'] ?? ''
  const httpsProxy = environment['https_proxy'] ?? environment['HTTPS_PROXY'] ?? ''
  if (httpProxy === '' && httpsProxy === '') return new Pool(url.origin, options)
  const noProxy = environment['no_proxy'] ?? environment['NO_PROXY'] ?? ''
  return new EnvHttpProxyAgent({ ...options, httpProxy, httpsProxy, noProxy })
}
