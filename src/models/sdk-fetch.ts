import type { Dispatcher } from 'undici'
import type { Clock } from '../util/clock.ts'
import { openConnections } from './connections.ts'
import { exchangeBytes, type RawBytes } from './exchange.ts'
import type { Connections } from './free-connections.ts'
import type { Environment } from './provider.ts'
import { isObject } from './provider-text.ts'
import { createRedactor } from './secrets.ts'

/** A request that got no reply, in whatever a package wraps it. */
export class NoReply extends Error {
  constructor(cause: unknown) {
    super('no reply', { cause })
    this.name = 'NoReply'
  }
}

/** A request whose body is signed, so that `extra_body` can't be put into it. */
export class SignedBody extends Error {
  constructor() {
    super('the body of the request is signed')
    this.name = 'SignedBody'
  }
}

/** The connections of one provider, by the origins that its package asks. */
export interface SdkConnections {
  exchange(
    request: SdkRequest,
    options: { signal: AbortSignal; timeoutMs: number },
  ): Promise<RawBytes>
  /** Takes keys that were sent out of a text. */
  readonly redact: (text: string) => string
  close(): Promise<void>
}

interface SdkRequest {
  url: URL
  method: Dispatcher.HttpMethod
  headers: Record<string, string>
  body: string | Uint8Array | null
}

/** Tokens that are renewed now and then: the last ones are enough. */
const mostKeys = 8
const namesOfKeys = /authorization|key|token|secret|cookie/i

export function createSdkConnections(environment: Environment, clock: Clock): SdkConnections {
  const dispatchers = new Map<string, Promise<Connections>>()
  const keys = new Set<string>()
  let redact: (text: string) => string = (text) => text

  /** A package may find a key by itself, in a separate variable. */
  function learnKeys({ headers, url }: SdkRequest): void {
    const before = keys.size
    for (const [name, value] of Object.entries(headers)) {
      if (namesOfKeys.test(name)) keys.add(value.replace(/^\w+ +/, ''))
    }
    for (const [name, value] of url.searchParams) if (namesOfKeys.test(name)) keys.add(value)
    if (keys.size === before) return
    for (const key of keys) if (keys.size > mostKeys) keys.delete(key)
    redact = createRedactor(keys)
  }

  function dispatcherFor(url: URL): Promise<Connections> {
    let opened = dispatchers.get(url.origin)
    if (opened === undefined)
      dispatchers.set(url.origin, (opened = openConnections(url, environment)))
    return opened
  }

  return {
    async exchange(request, { signal, timeoutMs }) {
      const { url, method, headers, body } = request
      learnKeys(request)
      const path = url.pathname + url.search
      const message = { origin: url.origin, path, method, headers, body, timeoutMs }
      return exchangeBytes(await dispatcherFor(url), message, { clock, signal })
    },
    redact: (text) => redact(text),
    async close() {
      const opened = [...dispatchers.values()]
      dispatchers.clear()
      // Where one could not be opened, the request has said so.
      const settled = await Promise.allSettled(opened)
      const usable = settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
      await Promise.all(usable.map((dispatcher) => dispatcher.destroy()))
    },
  }
}

export interface FetchOptions {
  timeoutMs: number
  /** Fields over those of every JSON body. */
  fields: Readonly<Record<string, unknown>>
}

/** What a package asks instead of the global `fetch`: the same limits and proxies as for any provider. */
export function createFetch(
  connections: SdkConnections,
  { timeoutMs, fields }: FetchOptions,
): typeof globalThis.fetch {
  return async (input, init) => {
    const request = await readRequest(input, init)
    const body = withFields(request, fields)
    const signal = init?.signal ?? (input instanceof Request ? input.signal : null)
    let reply: RawBytes
    try {
      const options = { signal: signal ?? new AbortController().signal, timeoutMs }
      reply = await connections.exchange({ ...request, body }, options)
    } catch (error) {
      // Packages know an abort by its name.
      if (signal?.aborted) throw signal.reason
      throw new NoReply(error)
    }
    const { status, bytes } = reply
    const empty = status === 204 || status === 205 || status === 304
    // A view on the bytes that the platform's own type accepts.
    const content = new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length)
    return new Response(empty ? null : content, { status, headers: headersOf(reply) })
  }
}

async function readRequest(
  input: string | URL | Request,
  init: RequestInit | undefined,
): Promise<SdkRequest> {
  const isRequest = input instanceof Request
  let url: URL
  try {
    url = new URL(isRequest ? input.url : input)
  } catch (error) {
    throw new NoReply(error)
  }
  const headers = new Headers(init?.headers ?? (isRequest ? input.headers : undefined))
  headers.set('accept-encoding', 'identity')
  const given = init?.body ?? (isRequest ? input.body : null)
  let body: string | Uint8Array | null = null
  if (typeof given === 'string' || given instanceof Uint8Array) body = given
  else if (given !== null) {
    // Forms get their boundary here.
    const encoded = new Response(given)
    body = new Uint8Array(await encoded.arrayBuffer())
    const type = encoded.headers.get('content-type')
    if (type !== null && !headers.has('content-type')) headers.set('content-type', type)
  }
  const method = (init?.method ?? (isRequest ? input.method : 'GET')).toUpperCase()
  return {
    url,
    method,
    headers: Object.fromEntries(headers),
    body,
  }
}

function withFields(
  { headers, body }: SdkRequest,
  fields: Readonly<Record<string, unknown>>,
): string | Uint8Array | null {
  if (typeof body !== 'string' || Object.keys(fields).length === 0) return body
  if (!/\bjson\b/i.test(headers['content-type'] ?? '')) return body
  const parsed: unknown = JSON.parse(body)
  if (!isObject(parsed)) return body
  if (/^AWS4-HMAC/i.test(headers['authorization'] ?? '')) throw new SignedBody()
  return JSON.stringify({ ...parsed, ...fields })
}

/** What was undone on the way must not be said. */
const undone = new Set(['content-encoding', 'content-length', 'transfer-encoding'])

function headersOf({ headers }: RawBytes): Headers {
  const copy = new Headers()
  for (const [name, value] of Object.entries(headers)) {
    if (undone.has(name)) continue
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each !== undefined) copy.append(name, each)
    }
  }
  return copy
}
