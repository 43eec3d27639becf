import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a test wants of a request instead of its usual answer. */
type Disturbance =
  | { status: number; body?: object; headers?: Record<string, string> }
  /** The connection is cut once so many bytes of the request arrived. */
  | { cutAfter: number }

interface HubRequest {
  readonly method: string
  readonly path: string
  readonly authorization: string | null
  /** Counts requests of the same method and kind of path, from 0. */
  readonly attempt: number
}

interface StoredFile {
  readonly content: Buffer
  readonly lfs: boolean
}

interface Commit {
  readonly id: string
  readonly message: string
  readonly files: ReadonlyMap<string, StoredFile>
}

interface Repository {
  readonly isPrivate: boolean
  readonly branches: Map<string, Commit[]>
}

export interface HubRepositories extends AsyncDisposable {
  /** For `HF_ENDPOINT`. */
  readonly url: string
  readonly requests: HubRequest[]
  /** Bytes of contents that arrived, whole uploads only. */
  readonly uploaded: string[]
  readonly repositories: Map<string, Repository>
  disturb: (request: HubRequest) => Disturbance | null
  /** Texts of a branch, by path. */
  text(repository: string, path: string, branch?: string): string
  paths(repository: string, branch?: string): string[]
  commits(repository: string, branch?: string): readonly Commit[]
  /** A commit of somebody else. */
  put(repository: string, files: Readonly<Record<string, string | Buffer>>): void
}

export interface HubRepositoriesOptions {
  /** Tokens and what they may do. */
  tokens: Readonly<Record<string, 'read' | 'write'>>
  /** Contents from this size on are sent in parts. */
  partBytes?: number
}

const lfsEnding = /\.(?:parquet|sqlite|png|bin)$/
const entriesOfPage = 3

/** A server that keeps datasets as the Hub does: with LFS, commits, pages of trees, redirects. */
export async function createHubRepositories({
  tokens,
  partBytes = Number.POSITIVE_INFINITY,
}: HubRepositoriesOptions): Promise<HubRepositories> {
  const repositories = new Map<string, Repository>()
  const objects = new Map<string, Buffer>()
  const parts = new Map<string, Map<string, Buffer>>()
  const requests: HubRequest[] = []
  const uploaded: string[] = []
  const attempts = new Map<string, number>()
  let commits = 0
  let hub: HubRepositories

  function newest(name: string, revision: string): Commit | undefined {
    const repository = repositories.get(name)
    const branch = repository?.branches.get(revision)?.at(-1)
    if (branch !== undefined) return branch
    const all = [...(repository?.branches.values() ?? [])].flat()
    return all.find(({ id }) => id === revision)
  }

  function addCommit(
    name: string,
    branch: string,
    message: string,
    files: ReadonlyMap<string, StoredFile>,
  ): Commit {
    commits += 1
    const id = createHash('sha1').update(`${commits}`).digest('hex')
    const made = { id, message, files }
    const repository = repositories.get(name)
    repository?.branches.set(branch, [...(repository.branches.get(branch) ?? []), made])
    return made
  }

  function create(name: string, isPrivate: boolean): void {
    repositories.set(name, { isPrivate, branches: new Map() })
    const files = new Map([['.gitattributes', { content: Buffer.from('*\n'), lfs: false }]])
    addCommit(name, 'main', 'initial commit', files)
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', headers, socket } = request
    const url = new URL(request.url ?? '/', 'http://hub')
    const path = decodeURIComponent(url.pathname)
    const authorization = headers.authorization ?? null
    const kind = `${method} ${path.replaceAll(/[0-9a-f]{40,}/g, '…')}`
    const attempt = attempts.get(kind) ?? 0
    attempts.set(kind, attempt + 1)
    const seen = { method, path, authorization, attempt }
    requests.push(seen)
    const disturbance = hub.disturb(seen)
    if (disturbance !== null && 'cutAfter' in disturbance) {
      let received = 0
      for await (const chunk of request) {
        received += (chunk as Buffer).length
        if (received >= disturbance.cutAfter) break
      }
      socket.destroy()
      return
    }
    const body = await readAll(request)
    if (disturbance !== null) {
      return json(response, disturbance.status, disturbance.body ?? {}, disturbance.headers)
    }
    const right = tokens[authorization?.replace('Bearer ', '') ?? '']
    if (authorization !== null && right === undefined) {
      return json(response, 401, { error: 'Invalid credentials in Authorization header' })
    }
    const context = { response, body, right, url, method, headers }
    if (path === '/api/repos/create') return createRepository(context)
    const upload = /^\/(store|parts|complete)\/([0-9a-f]{64})$/.exec(path)
    if (upload !== null) return storeObject(context, upload[1] ?? '', upload[2] ?? '')
    const cdn = /^\/cdn\/([0-9a-f]{64})$/.exec(path)
    if (cdn !== null) return send(context, objects.get(cdn[1] ?? '') ?? Buffer.alloc(0), {})
    const [, name = '', action = '', rest = ''] =
      /^(?:\/api)?\/datasets\/([^/]+\/[^/]+?)(?:\.git)?\/(revision|tree|branch|preupload|commit|resolve|info)\/(.*)$/.exec(
        path,
      ) ?? []
    const repository = repositories.get(name)
    if (repository === undefined || (repository.isPrivate && right === undefined)) {
      const status = authorization === null ? 401 : 404
      return json(
        response,
        status,
        { error: 'Repository not found' },
        {
          'x-error-message': 'Repository not found',
        },
      )
    }
    const isReading = ['revision', 'tree', 'resolve'].includes(action)
    if (!isReading && right !== 'write') {
      return json(response, 403, { error: `You have read access but not the required permissions` })
    }
    return inRepository(context, { name, action, rest })
  }

  interface Context {
    response: ServerResponse
    body: Buffer
    right: 'read' | 'write' | undefined
    url: URL
    method: string
    headers: IncomingMessage['headers']
  }

  function createRepository({ response, body, right }: Context): void {
    if (right !== 'write') {
      return json(response, 403, { error: "You don't have the rights to create a dataset" })
    }
    const asked = JSON.parse(body.toString()) as Record<string, string>
    const name = `${asked['organization']}/${asked['name']}`
    if (repositories.has(name)) return json(response, 409, { error: 'You already created it' })
    create(name, asked['visibility'] === 'private')
    return json(response, 200, { url: `${hub.url}/datasets/${name}`, id: name })
  }

  function inRepository(
    context: Context,
    { name, action, rest }: { name: string; action: string; rest: string },
  ): void {
    const { response, body, url } = context
    const [revision = '', ...inner] = rest.split('/')
    switch (action) {
      case 'info':
        return batch(response, body)
      case 'branch': {
        const main = newest(name, 'main')
        if (main !== undefined) addCommit(name, rest, main.message, main.files)
        return json(response, 200, {})
      }
      case 'preupload': {
        const { files } = JSON.parse(body.toString()) as {
          files: { path: string; size: number; sample: string }[]
        }
        return json(response, 200, {
          files: files.map(({ path, size }) => ({
            path,
            uploadMode: lfsEnding.test(path) || size > 100_000 ? 'lfs' : 'regular',
            shouldIgnore: false,
          })),
        })
      }
      case 'commit':
        return commit(context, name, rest)
      default:
    }
    // A branch may have a slash in its name; a commit has none.
    const found = newest(name, action === 'revision' ? rest : revision)
    if (found === undefined) return json(response, 404, { error: `Invalid rev id: ${revision}` })
    if (action === 'revision') return json(response, 200, { sha: found.id })
    if (action === 'tree') return tree(response, found, url)
    const file = found.files.get(inner.join('/'))
    if (file === undefined) return json(response, 404, { error: 'Entry not found' })
    if (!file.lfs) {
      const etag = `"${gitHash(file.content)}"`
      return send(context, file.content, { etag, 'x-repo-commit': found.id })
    }
    const oid = sha256(file.content)
    response.writeHead(302, {
      location: `${hub.url}/cdn/${oid}`,
      'x-repo-commit': found.id,
      'x-linked-etag': `"${oid}"`,
      'x-linked-size': String(file.content.length),
    })
    response.end()
  }

  function batch(response: ServerResponse, body: Buffer): void {
    const { objects: asked } = JSON.parse(body.toString()) as {
      objects: { oid: string; size: number }[]
    }
    return json(response, 200, {
      transfer: 'basic',
      objects: asked.map(({ oid, size }) => {
        if (objects.has(oid)) return { oid, size }
        if (size < partBytes) {
          return { oid, size, actions: { upload: { href: `${hub.url}/store/${oid}` } } }
        }
        const count = Math.ceil(size / partBytes)
        const header: Record<string, string> = { chunk_size: String(partBytes) }
        for (let part = 1; part <= count; part += 1) {
          header[String(part).padStart(5, '0')] = `${hub.url}/parts/${oid}?part=${part}`
        }
        return { oid, size, actions: { upload: { href: `${hub.url}/complete/${oid}`, header } } }
      }),
    })
  }

  function storeObject({ response, body, url }: Context, way: string, oid: string): void {
    if (way === 'parts') {
      const part = url.searchParams.get('part') ?? ''
      parts.set(oid, (parts.get(oid) ?? new Map<string, Buffer>()).set(part, body))
      return json(response, 200, {}, { etag: `"${sha256(body)}"` })
    }
    const own = parts.get(oid) ?? new Map<string, Buffer>()
    const numbers = [...own.keys()].toSorted((a, b) => Number(a) - Number(b))
    const content =
      way === 'complete' ? Buffer.concat(numbers.map((n) => own.get(n) ?? Buffer.alloc(0))) : body
    if (sha256(content) !== oid) return json(response, 400, { error: 'SHA-256 differs' })
    objects.set(oid, content)
    uploaded.push(oid)
    return json(response, 200, {})
  }

  function commit({ response, body }: Context, name: string, branch: string): void {
    const lines = body
      .toString()
      .split('\n')
      .map((line) => JSON.parse(line) as { key: string; value: Record<string, string> })
    const [header, ...changes] = lines
    const parent = newest(name, branch)
    if (parent === undefined) return json(response, 404, { error: `Invalid rev id: ${branch}` })
    const expected = header?.value['parentCommit']
    if (expected !== undefined && expected !== parent.id) {
      return json(response, 412, { error: 'A commit has happened since. Please refresh' })
    }
    const files = new Map(parent.files)
    for (const { key, value } of changes) {
      const { path = '', oid = '', content = '' } = value
      if (key === 'deletedFile') files.delete(path)
      else if (key === 'lfsFile') {
        const object = objects.get(oid)
        if (object === undefined) return json(response, 400, { error: `no LFS object ${oid}` })
        files.set(path, { content: object, lfs: true })
      } else files.set(path, { content: Buffer.from(content, 'base64'), lfs: false })
    }
    const made = addCommit(name, branch, header?.value['summary'] ?? '', files)
    return json(response, 200, { commitOid: made.id, commitUrl: hub.url, success: true })
  }

  function tree(response: ServerResponse, { files }: Commit, url: URL): void {
    const from = Number(url.searchParams.get('cursor') ?? 0)
    const page = [...files].slice(from, from + entriesOfPage)
    const next = from + entriesOfPage
    url.searchParams.set('cursor', String(next))
    const link = `<${hub.url}${url.pathname}${url.search}>; rel="next"`
    return json(
      response,
      200,
      page.map(([path, { content, lfs }]) => ({
        type: 'file',
        path,
        size: content.length,
        oid: gitHash(content),
        ...(lfs ? { lfs: { oid: sha256(content), size: content.length, pointerSize: 130 } } : {}),
      })),
      next < files.size ? { link } : {},
    )
  }

  function send(
    { response, headers }: Context,
    content: Buffer,
    more: Record<string, string>,
  ): void {
    const from = Number(/^bytes=(\d+)-/.exec(headers.range ?? '')?.[1] ?? 0)
    response.writeHead(from > 0 ? 206 : 200, {
      ...more,
      'content-length': String(content.length - from),
      ...(from > 0
        ? { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` }
        : {}),
    })
    response.end(content.subarray(from))
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (response.headersSent || response.destroyed) return
      json(response, 500, { error: String(error) })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A server that listens on a port has an address with a port.
  const { port } = server.address() as AddressInfo

  hub = {
    url: `http://127.0.0.1:${port}`,
    requests,
    uploaded,
    repositories,
    disturb: () => null,
    text: (name, path, branch = 'main') =>
      newest(name, branch)?.files.get(path)?.content.toString() ?? '',
    paths: (name, branch = 'main') => [...(newest(name, branch)?.files.keys() ?? [])].toSorted(),
    commits: (name, branch = 'main') => repositories.get(name)?.branches.get(branch) ?? [],
    put(name, files) {
      if (!repositories.has(name)) create(name, false)
      const all = new Map(newest(name, 'main')?.files)
      for (const [path, content] of Object.entries(files)) {
        const bytes = Buffer.from(content)
        const lfs = lfsEnding.test(path)
        if (lfs) objects.set(sha256(bytes), bytes)
        all.set(path, { content: bytes, lfs })
      }
      addCommit(name, 'main', 'by somebody else', all)
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return hub
}

function json(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}

function gitHash(content: Buffer): string {
  return createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex')
}
