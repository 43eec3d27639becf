import type { Dispatcher } from 'undici'
import { openDispatcher } from '../../models/connections.ts'
import { messageOf } from '../../util/errors.ts'
import { systemClock } from '../../util/clock.ts'
import { SeedFault } from '../define.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Who asks; plain data, since files are also read in threads. */
export type RemoteAuth =
  | { readonly kind: 'none' }
  /** The value of `Authorization`. */
  | { readonly kind: 'header'; readonly value: string }
  | {
      readonly kind: 'aws'
      readonly accessKeyId: string
      readonly secretAccessKey: string
      readonly sessionToken: string | null
      readonly region: string
    }

interface RemoteCall {
  readonly url: string
  readonly auth: RemoteAuth
  readonly headers?: Readonly<Record<string, string>>
}

export interface RemoteReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Dispatcher.ResponseData['body']
}

/** Gets files over HTTP. */
export interface RemoteClient extends AsyncDisposable {
  /** Follows redirects, and asks again when the server or the way to it fails for a moment. */
  get(call: RemoteCall, signal: AbortSignal): Promise<RemoteReply>
}

/** Until an answer begins, and between two pieces of it. */
const silenceMs = 60_000
const mostRedirects = 5
const mostAttempts = 5
const firstPauseMs = 250
const longestPauseMs = 30_000

export function createRemoteClient(
  environment: Environment,
  { attempts = mostAttempts }: { attempts?: number } = {},
): RemoteClient {
  const dispatchers = new Map<string, Promise<Dispatcher>>()

  function dispatcherOf(url: URL): Promise<Dispatcher> {
    let opened = dispatchers.get(url.origin)
    if (opened === undefined) {
      opened = openDispatcher(url, environment)
      dispatchers.set(url.origin, opened)
    }
    return opened
  }

  async function follow(call: RemoteCall, signal: AbortSignal): Promise<RemoteReply> {
    let url = new URL(call.url)
    const { origin } = url
    for (let redirects = 0; redirects <= mostRedirects; redirects += 1) {
      // Credentials are for who was named, not for whom it sends on to.
      const auth: RemoteAuth = url.origin === origin ? call.auth : { kind: 'none' }
      const headers = await signed(url, auth, {
        accept: '*/*',
        'accept-encoding': 'identity',
        'user-agent': 'rowsmith',
        ...call.headers,
      })
      const dispatcher = await dispatcherOf(url)
      const {
        statusCode,
        headers: received,
        body,
      } = await dispatcher.request({
        origin: url.origin,
        path: url.pathname + url.search,
        method: 'GET',
        headers,
        signal,
        headersTimeout: silenceMs,
        bodyTimeout: silenceMs,
      })
      const { location } = received
      if (statusCode < 300 || statusCode >= 400 || typeof location !== 'string') {
        return { status: statusCode, headers: received, body }
      }
      await body.dump()
      url = new URL(location, url)
      if (!/^https?:$/.test(url.protocol)) break
    }
    throw new SeedFault(
      'seed-unreachable',
      `${shownAddress(call.url)} sends on more than ${mostRedirects} times, or out of the web`,
    )
  }

  async function get(call: RemoteCall, signal: AbortSignal): Promise<RemoteReply> {
    for (let attempt = 1; ; attempt += 1) {
      signal.throwIfAborted()
      let failure: unknown
      let pauseMs = Math.min(firstPauseMs * 2 ** (attempt - 1), longestPauseMs)
      try {
        const reply = await follow(call, signal)
        if (!isPassing(reply.status)) return reply
        await reply.body.dump()
        failure = new Error(`it answered ${reply.status}`)
        pauseMs = Math.min(Math.max(pauseMs, retryAfterMs(reply.headers)), longestPauseMs)
      } catch (error) {
        if (signal.aborted || error instanceof SeedFault) throw error
        failure = error
      }
      if (attempt >= attempts) throw unreachable(call.url, failure, attempt)
      await pause(pauseMs, signal)
    }
  }

  return {
    get,
    async [Symbol.asyncDispose]() {
      for (const opened of dispatchers.values()) {
        // Where it could not be opened, the request has said so.
        await (await opened.catch(() => null))?.destroy()
      }
    },
  }
}

async function signed(
  url: URL,
  auth: RemoteAuth,
  headers: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  if (auth.kind === 'none') return { ...headers }
  if (auth.kind === 'header') return { ...headers, authorization: auth.value }
  const { AwsV4Signer } = await import('aws4fetch')
  const signer = new AwsV4Signer({
    method: 'GET',
    url: url.href,
    headers: { ...headers },
    service: 's3',
    region: auth.region,
    accessKeyId: auth.accessKeyId,
    secretAccessKey: auth.secretAccessKey,
    ...(auth.sessionToken === null ? {} : { sessionToken: auth.sessionToken }),
  })
  const { headers: own } = await signer.sign()
  return Object.fromEntries(own)
}

function isPassing(status: number): boolean {
  return status === 408 || status === 429 || status >= 500
}

function retryAfterMs(headers: RemoteReply['headers']): number {
  const seconds = Number(headers['retry-after'])
  return Number.isFinite(seconds) ? seconds * 1000 : 0
}

/** Waits; rejects with the signal's reason. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = systemClock.after(ms, done)
    signal.addEventListener('abort', stop, { once: true })

    function done(): void {
      signal.removeEventListener('abort', stop)
      resolve()
    }
    function stop(): void {
      timer.cancel()
      reject(signal.reason as Error)
    }
  })
}

function unreachable(url: string, error: unknown, attempts: number): SeedFault {
  const { cause } = error instanceof Error ? error : {}
  const said = [messageOf(error), ...(cause === undefined ? [] : [messageOf(cause)])]
    .filter((text) => text !== '')
    .join(': ')
  return new SeedFault(
    'seed-unreachable',
    `${shownAddress(url)} can't be reached, after ${attempts} attempts: ${said}`,
    {
      cause: error,
      suggestion:
        'Check the address, the network and the proxy (HTTP_PROXY, HTTPS_PROXY, NO_PROXY), and start again.',
    },
  )
}

/** Throws what an answer means that is not a file; `wayIn` is the way out for who is not let in. */
export async function refuseOthers(
  reply: RemoteReply,
  address: string,
  wayIn: string,
): Promise<void> {
  const { status } = reply
  if (status >= 200 && status < 300) return
  const { reason, region } = await reasonOf(reply)
  const answered = `it answered ${status}${reason === null ? '' : ` (${reason})`}`
  if (region !== null && (status < 400 || status === 400)) {
    throw new SeedFault('seed-unreachable', `${address} is in another region: ${answered}`, {
      field: 'region',
      suggestion: `Write region: ${region}, or set AWS_REGION to it.`,
    })
  }
  if (status === 401 || status === 403) {
    throw new SeedFault('seed-forbidden', `${address} may not be read: ${answered}`, {
      suggestion: wayIn,
    })
  }
  if (status === 404 || status === 410) {
    throw new SeedFault('seed-missing', `there is nothing at ${address}: ${answered}`, {
      suggestion: `Check how it is written, upper and lower case, too. ${wayIn}`,
    })
  }
  throw new SeedFault('seed-unreachable', `${address} can't be read: ${answered}`, {
    suggestion: 'Open the URL in a browser to see its content.',
  })
}

const longestReason = 200
/** Most bytes read of a reply that explains why the file is unavailable. */
const mostReasonBytes = 64 * 1024

/**
 * What the Hub and S3 say of a refusal: the one in a header, the other as a code in XML. Nothing else of an answer
 * is shown, since some repeat what they were sent.
 */
async function reasonOf(
  reply: RemoteReply,
): Promise<{ reason: string | null; region: string | null }> {
  const { 'x-error-message': message, 'x-amz-bucket-region': bucketRegion } = reply.headers
  const text = await beginningOf(reply)
  const [, code = null] = /<Code>([A-Za-z0-9]+)<\/Code>/.exec(text) ?? []
  const [, expected = null] = /<Region>([a-z0-9-]+)<\/Region>/.exec(text) ?? []
  return {
    reason: typeof message === 'string' ? message.slice(0, longestReason) : code,
    region: typeof bucketRegion === 'string' ? bucketRegion : expected,
  }
}

async function beginningOf({ body }: RemoteReply): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      bytes += chunk.length
      if (bytes >= mostReasonBytes) break
    }
  } catch {
    // The refusal itself is known; how it continues does not matter.
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** An address as it may be shown: without what could let someone in. */
export function shownAddress(address: string): string {
  const url = URL.parse(address)
  return url === null ? address : url.origin + url.pathname
}

export async function textOf({ body }: RemoteReply, longest = 64 * 1024 * 1024): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > longest) throw new SeedFault('seed-unreachable', 'an answer is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
