import { createHash, createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request that a file server got. */
interface FileCall {
  path: string
  query: URLSearchParams
  range: string | undefined
  authorization: string | undefined
}

export interface FileServer extends AsyncDisposable {
  url: string
  calls: FileCall[]
  /** By path; changed while the server runs. */
  files: Map<string, Buffer>
}

type Answer = (
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  files: FileServer['files'],
) => boolean | void

export interface FileServerOptions {
  /** Whether parts of files are given; else all of them. */
  ranges?: boolean
  /** Whether it sends an `ETag`. */
  validators?: 'strong' | 'none'
  /** Answers first; true for a request that it answered. */
  before?: Answer
}

/** Gives files as web servers do. */
export async function createFileServer(
  given: Record<string, string | Uint8Array>,
  { ranges = true, validators = 'strong', before = () => false }: FileServerOptions = {},
): Promise<FileServer> {
  const files = new Map(
    Object.entries(given).map(([path, content]) => [path, Buffer.from(content)]),
  )
  const calls: FileCall[] = []
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://server')
    const { range, authorization } = request.headers
    calls.push({ path: url.pathname, query: url.searchParams, range, authorization })
    if (before(request, response, url, files) === true) return
    const content = files.get(decodeURIComponent(url.pathname))
    if (content === undefined) {
      response.writeHead(404).end('nothing')
      return
    }
    const etag = etagOf(content)
    if (validators === 'strong') response.setHeader('etag', etag)
    const { 'if-match': wanted } = request.headers
    if (wanted !== undefined && wanted !== etag) {
      response.writeHead(412).end()
      return
    }
    const [, start, end] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? []
    if (!ranges || start === undefined) {
      response.writeHead(200, { 'content-length': content.length }).end(content)
      return
    }
    if (Number(start) >= content.length) {
      response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end()
      return
    }
    const part = content.subarray(Number(start), end === '' ? undefined : Number(end) + 1)
    response
      .writeHead(206, {
        'content-length': part.length,
        'content-range': `bytes ${start}-${Number(start) + part.length - 1}/${content.length}`,
      })
      .end(part)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    files,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export function etagOf(content: Uint8Array): string {
  return `"${createHash('md5').update(content).digest('hex')}"`
}

/** Whether a request is signed as S3 wants it, by what AWS says a signature is. */
export function isSigned(request: IncomingMessage, secret: string): boolean {
  const { authorization = '', host = '' } = request.headers
  const parts =
    /^AWS4-HMAC-SHA256 Credential=[^/]+\/(\d{8})\/([^/]+)\/s3\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
      authorization,
    )
  if (parts === null) return false
  const [, date = '', region = '', signedHeaders = '', signature] = parts
  const [path = '', search = ''] = (request.url ?? '').split('?')
  const query = search === '' ? [] : search.split('&').map((pair) => pair.split('='))
  const canonicalQuery = query
    .map(([key = '', value = '']) => `${key}=${value}`)
    .toSorted()
    .join('&')
  const headers = signedHeaders
    .split(';')
    .map((name) => `${name}:${String(name === 'host' ? host : request.headers[name]).trim()}\n`)
    .join('')
  const hash = request.headers['x-amz-content-sha256']
  const canonical = ['GET', path, canonicalQuery, headers, signedHeaders, hash].join('\n')
  const scope = `${date}/${region}/s3/aws4_request`
  const toSign = [
    'AWS4-HMAC-SHA256',
    request.headers['x-amz-date'],
    scope,
    createHash('sha256').update(canonical).digest('hex'),
  ].join('\n')
  let key: string | Buffer = `AWS4${secret}`
  for (const part of [date, region, 's3', 'aws4_request']) {
    key = createHmac('sha256', key).update(part).digest()
  }
  return createHmac('sha256', key).update(toSign).digest('hex') === signature
}

interface HubOptions {
  /** Files by path, of each branch. */
  branches: Record<string, Record<string, Uint8Array>>
  repository: string
  token?: string
  /** Entries of a page of a listing. */
  page?: number
}

/** The Hub's API for one dataset: revisions, trees, and contents that stand somewhere else. */
export async function createHub(
  hub: HubOptions,
): Promise<FileServer & { hub: HubOptions; store: FileServer }> {
  const store = await createFileServer({})
  const page = hub.page ?? 1000
  const commitOf = (branch: string): string =>
    createHash('sha1')
      .update(
        Object.entries(hub.branches[branch] ?? {})
          .flat()
          .join('\n'),
      )
      .digest('hex')
  const commits = new Map<string, Record<string, Uint8Array>>()
  const base = `/api/datasets/${hub.repository}/`
  const server = await createFileServer(
    {},
    {
      before(request, response, url) {
        if (hub.token !== undefined && request.headers.authorization !== `Bearer ${hub.token}`) {
          response.writeHead(401).end('{"error":"Invalid credentials"}')
          return true
        }
        const path = url.pathname
        const send = (value: unknown, headers = {}): true => {
          response.writeHead(200, { 'content-type': 'application/json', ...headers })
          response.end(JSON.stringify(value))
          return true
        }
        if (path.startsWith(`${base}revision/`)) {
          const branch = decodeURIComponent(path.slice(base.length + 'revision/'.length))
          const files = hub.branches[branch]
          if (files === undefined) return false
          const sha = commitOf(branch)
          commits.set(sha, { ...files })
          return send({ sha })
        }
        if (path.startsWith(`${base}tree/`)) {
          const [commit = '', ...inner] = path.slice(base.length + 'tree/'.length).split('/')
          const folder = inner.map(decodeURIComponent).join('/')
          const prefix = folder === '' ? '' : `${folder}/`
          const all = Object.entries(commits.get(commit) ?? {}).filter(([name]) =>
            name.startsWith(prefix),
          )
          const from = Number(url.searchParams.get('cursor') ?? 0)
          const entries = all.slice(from, from + page).map(([name, content]) => ({
            type: 'file',
            path: name,
            size: content.length,
            oid: createHash('sha1').update(content).digest('hex'),
            ...(name.endsWith('.parquet') && {
              lfs: {
                oid: createHash('sha256').update(content).digest('hex'),
                size: content.length,
              },
            }),
          }))
          const next = `<${server.url}${path}?recursive=true&cursor=${from + page}>; rel="next"`
          return send(entries, from + page < all.length ? { link: next } : {})
        }
        const resolved = `/datasets/${hub.repository}/resolve/`
        if (path.startsWith(resolved)) {
          const [commit = '', ...inner] = path.slice(resolved.length).split('/')
          const content = commits.get(commit)?.[inner.map(decodeURIComponent).join('/')]
          if (content === undefined) return false
          const place = `/blob/${createHash('sha256').update(content).digest('hex')}`
          store.files.set(place, Buffer.from(content))
          response.writeHead(302, { location: `${store.url}${place}?signature=x` }).end()
          return true
        }
        return false
      },
    },
  )
  return {
    ...server,
    hub,
    store,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}
