import type { Dispatcher } from 'undici'
import type { Environment } from './provider.ts'

/** Bytes of a reply, before and after it is decompressed. */
export const largestReply = 64 * 1024 * 1024

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
    maxResponseSize: largestReply,
  }
  const { text, variable } = proxyOf(url, environment)
  if (text === '') return new Pool(url.origin, options)
  const problem = problemOf(text, variable)
  if (problem !== null) throw new TypeError(problem)
  const proxy = withScheme(text)
  const noProxy = variableOf('no_proxy', environment).text
  return new EnvHttpProxyAgent({ ...options, httpProxy: proxy, httpsProxy: proxy, noProxy })
}

interface Variable {
  text: string
  name: string
}

/** What is wrong with the proxy an address would be asked through; null when nothing is. */
export function proxyProblem(
  url: URL,
  environment: Environment,
): { variable: string; message: string } | null {
  const { text, variable } = proxyOf(url, environment)
  const message = text === '' ? null : problemOf(text, variable)
  return message === null ? null : { variable, message }
}

function proxyOf(url: URL, environment: Environment): { text: string; variable: string } {
  const own = url.protocol === 'https:' ? variableOf('https_proxy', environment) : null
  const { text, name } = own?.text ? own : variableOf('http_proxy', environment)
  return { text, variable: name }
}

/** The lower case name counts first, as for curl. */
function variableOf(name: string, environment: Environment): Variable {
  const set = environment[name] === undefined ? name.toUpperCase() : name
  return { text: (environment[set] ?? '').trim(), name: set }
}

/** `host:port` is a proxy that speaks HTTP, as it is for curl, Go and Python. */
function withScheme(text: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`
}

function problemOf(text: string, variable: string): string | null {
  const url = withScheme(text)
  const expected = `expected ${variable} to be a proxy such as http://proxy.example.com:3128`
  if (!URL.canParse(url)) return `${expected}, and it is no address`
  const { protocol } = new URL(url)
  if (['http:', 'https:'].includes(protocol)) return null
  return `${expected}, and it is one of ${protocol.slice(0, -1)}, which is not spoken here`
}
