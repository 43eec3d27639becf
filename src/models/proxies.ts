import { needsNoProxy } from './no-proxy.ts'
import type { Environment } from './provider.ts'

/** The proxy that the environment names for an address. */
export interface Proxy {
  /** With its protocol, and credentials where it has some. */
  address: string
  /** The variable that names it. */
  variable: string
  /** What is wrong with it; null when nothing is. */
  problem: string | null
}

/** Null for an address that is asked straight. */
export function proxyFor(url: URL, environment: Environment): Proxy | null {
  const own = url.protocol === 'https:' ? variableOf('https_proxy', environment) : null
  const { text, name } = own?.text ? own : variableOf('http_proxy', environment)
  if (text === '' || needsNoProxy(url, variableOf('no_proxy', environment).text)) return null
  const address = withScheme(text)
  return { address, variable: name, problem: problemOf(address, name) }
}

/** The lower case name counts first, as for curl. */
function variableOf(name: string, environment: Environment): { text: string; name: string } {
  const set = environment[name] === undefined ? name.toUpperCase() : name
  return { text: (environment[set] ?? '').trim(), name: set }
}

/** `host:port` is a proxy that speaks HTTP, as it is for curl, Go and Python. */
function withScheme(text: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`
}

function problemOf(address: string, variable: string): string | null {
  const expected = `expected ${variable} to be a proxy such as http://proxy.example.com:3128`
  if (!URL.canParse(address)) return `${expected}, and it is not an address`
  const { protocol } = new URL(address)
  if (['http:', 'https:'].includes(protocol)) return null
  return `${expected}, and it is one of ${protocol.slice(0, -1)}, which is not spoken here`
}
