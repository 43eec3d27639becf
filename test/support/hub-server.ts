import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** One request as the fake of the Hub got it. */
interface HubCall {
  path: string
  range: string | null
  authorization: string | null
}

export interface HubServer extends AsyncDisposable {
  /** For `HF_ENDPOINT`. */
  readonly url: string
  readonly calls: readonly HubCall[]
  /** Bytes of contents that were sent. */
  readonly sent: number
}

export interface HubServerOptions {
  /** By `owner/name/path`; those in `large` lie elsewhere, as large files of the Hub do. */
  files: Readonly<Record<string, Buffer>>
  large?: readonly string[]
  /** Bytes of a reply after which its connection breaks; null for the whole. */
  breaksAfter?: (call: number) => number | null
  status?: (call: number) => number | null
  token?: string
  /** What is sent instead of the content that is announced. */
  sends?: Buffer
}

/** A server that offers files as the Hub does: with redirects, tags, hashes and ranges. */
export async function createHubServer({
  files,
  large = [],
  breaksAfter = () => null,
  status = () => null,
  token,
  sends,
}: HubServerOptions): Promise<HubServer> {
  const calls: HubCall[] = []
  let contents = 0
  let sent = 0

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const path = decodeURIComponent(request.url ?? '')
    const { range = null, authorization = null } = request.headers
    calls.push({ path, range, authorization })
    const own = status(calls.length - 1)
    if (own !== null) return void response.writeHead(own).end()
    const elsewhere = path.startsWith('/cdn/')
    if (!elsewhere && token !== undefined && authorization !== `Bearer ${token}`) {
      return void response.writeHead(401).end()
    }
    const name = elsewhere ? path.slice(5) : path.slice(1).replace('/resolve/main/', '/')
    const content = files[name]
    if (content === undefined) return void response.writeHead(404).end()
    const headers = { 'x-repo-commit': '0123456789abcdef0123456789abcdef01234567' }
    if (!elsewhere && large.includes(name)) {
      const hash = createHash('sha256').update(content).digest('hex')
      response.writeHead(302, {
        ...headers,
        'x-linked-etag': `"${hash}"`,
        'x-linked-size': String(content.length),
        location: `/cdn/${name}`,
      })
      return void response.end()
    }
    const git = createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex')
    const tag = elsewhere ? {} : { ...headers, etag: `"${git}"` }
    const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0)
    if (from > 0 && from >= content.length) return void response.writeHead(416).end()
    const body = (sends ?? content).subarray(from)
    response.writeHead(from > 0 ? 206 : 200, {
      ...tag,
      'content-length': String(content.length - from),
      ...(from > 0
        ? { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` }
        : {}),
    })
    const most = breaksAfter(contents++)
    if (most === null) {
      sent += body.length
      return void response.end(body)
    }
    sent += most
    // What was sent is read before the connection breaks.
    response.write(body.subarray(0, most), () => setTimeout(() => response.destroy(), 50))
  }

  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A server that listens on a port has an address with a port.
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    get sent() {
      return sent
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
