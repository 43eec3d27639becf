import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import type { Dispatcher } from 'undici'
import type { Clock } from '../util/clock.ts'
import { messageOf } from '../util/errors.ts'
import { openDispatcher } from './connections.ts'
import { untilAborted } from './deadline.ts'
import type { Environment } from './provider.ts'
import { writeAt } from '../threads/write-at.ts'

/** Something about a file of the Hub that the user must fix. */
export class HubFault extends Error {
  /** Kebab-case: `model-missing`, `download-failed`… */
  readonly code: string
  /** The repository has no such file. */
  readonly isAbsent: boolean

  constructor(
    code: string,
    message: string,
    { cause, isAbsent = false }: { cause?: unknown; isAbsent?: boolean } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'HubFault'
    this.code = code
    this.isAbsent = isAbsent
  }
}

export interface DownloadOptions {
  environment: Environment
  clock: Clock
  signal: AbortSignal
  onProgress: (bytes: number, totalBytes: number) => void
}

/** Tries without a byte more before it is given up. */
const mostTries = 4
const firstPauseMs = 500
const mostRedirects = 5
/** Without a byte, in milliseconds. */
const longestSilenceMs = 60_000
const progressIntervalMs = 250

/** What a reply says of a file as a whole. */
interface Described {
  /** Tells one content from another; null where it is not said. */
  etag: string | null
  sizeBytes: number | null
  /** Hex SHA-256 of the content, or of Git's object of it. */
  sha256: string | null
  gitHash: string | null
}

/**
 * Downloads a file: what a broken try has brought is kept next to it and continued, and the file is
 * there only once its size and hash are right.
 */
export async function downloadHubFile(
  url: URL,
  path: string,
  options: DownloadOptions,
): Promise<void> {
  const { clock, signal } = options
  const dispatchers = new Map<string, Promise<Dispatcher>>()
  const partial = `${path}.part`
  try {
    let tries = 0
    for (let before = await sizeOf(partial); ;) {
      try {
        await transfer(url, partial, { ...options, dispatchers })
        break
      } catch (error) {
        if (signal.aborted) throw signal.reason
        if (error instanceof HubFault) throw error
        const now = await sizeOf(partial)
        tries = now > before ? 1 : tries + 1
        before = now
        if (tries >= mostTries) throw failure(url, error)
        const paused = Promise.withResolvers<void>()
        const timer = clock.after(firstPauseMs * 2 ** (tries - 1), paused.resolve)
        await untilAborted(paused.promise, signal).finally(() => timer.cancel())
      }
    }
    await rename(partial, path)
    await rm(noteOf(partial), { force: true })
  } finally {
    const opened = await Promise.allSettled(dispatchers.values())
    for (const each of opened) if (each.status === 'fulfilled') await each.value.destroy()
  }
}

function failure(url: URL, cause: unknown): HubFault {
  return new HubFault(
    'download-failed',
    `${url.host} broke off repeatedly (${messageOf(cause)}); what was downloaded is kept, and the next run continues`,
    { cause },
  )
}

interface Transfer extends DownloadOptions {
  dispatchers: Map<string, Promise<Dispatcher>>
}

async function transfer(url: URL, partial: string, options: Transfer): Promise<void> {
  const { signal, clock, onProgress } = options
  const noted = await readFile(noteOf(partial), 'utf8').catch(() => null)
  let from = noted === null ? 0 : await sizeOf(partial)
  const reply = await request(url, { from, noted }, options)
  const { described, response } = reply
  from = reply.from
  if (described.etag === null) await rm(noteOf(partial), { force: true })
  else await writeFile(noteOf(partial), described.etag)

  const file = await open(partial, from > 0 ? 'r+' : 'w')
  try {
    let bytes = from
    let told = clock.now()
    for await (const chunk of response.body) {
      signal.throwIfAborted()
      // undici's bodies are read as bytes.
      const piece = chunk as Buffer
      await writeAt(file, piece, bytes)
      bytes += piece.length
      if (clock.now() - told < progressIntervalMs) continue
      told = clock.now()
      onProgress(bytes, described.sizeBytes ?? bytes)
    }
    await file.truncate(bytes)
    await file.sync()
    onProgress(bytes, described.sizeBytes ?? bytes)
  } finally {
    await file.close()
  }
  await prove(partial, described, url)
}

/** Asks for the file, or for what is missing of it; goes where the reply points. */
async function request(
  start: URL,
  { from, noted }: { from: number; noted: string | null },
  { environment, dispatchers, signal }: Transfer,
): Promise<{ described: Described; response: Dispatcher.ResponseData; from: number }> {
  let url = start
  let linked: Described | null = null
  let rest = from
  for (let hop = 0; hop <= mostRedirects; hop += 1) {
    const headers: Record<string, string> = {
      'user-agent': 'rowsmith',
      'accept-encoding': 'identity',
    }
    const token = environment['HF_TOKEN']?.trim() ?? ''
    // Where the content lies, the address itself says who may have it.
    if (token !== '' && url.origin === start.origin) headers['authorization'] = `Bearer ${token}`
    if (rest > 0) {
      headers['range'] = `bytes=${rest}-`
      if (linked === null && noted !== null) headers['if-range'] = noted
    }
    let opened = dispatchers.get(url.origin)
    if (opened === undefined) {
      opened = openDispatcher(url, environment)
      dispatchers.set(url.origin, opened)
    }
    const response = await (
      await opened
    ).request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: 'GET',
      headers,
      signal,
      headersTimeout: longestSilenceMs,
      bodyTimeout: longestSilenceMs,
    })
    const { statusCode } = response
    const { location } = response.headers
    if (statusCode >= 300 && statusCode < 400 && typeof location === 'string') {
      await response.body.dump()
      const described = describeReply(response.headers)
      if (described.sha256 !== null) {
        linked = described
        // What was brought of another content is no beginning of this one.
        if (described.etag !== noted) rest = 0
      }
      url = new URL(location, url)
      continue
    }
    if (statusCode === 200 || statusCode === 206) {
      const begins = statusCode === 206 ? beginOf(response.headers) : 0
      const described = linked ?? describeReply(response.headers)
      const sizeBytes = described.sizeBytes ?? lengthOf(response.headers, begins)
      return { described: { ...described, sizeBytes }, response, from: begins }
    }
    await response.body.dump()
    if (statusCode === 416 && rest > 0) {
      rest = 0
      continue
    }
    throw refusal(statusCode, url, token !== '')
  }
  throw new HubFault('download-failed', `${start.host} points from one address to the next`)
}

type Headers = Dispatcher.ResponseData['headers']

function describeReply(headers: Headers): Described {
  const etag = textIn(headers, 'x-linked-etag') ?? textIn(headers, 'etag')
  const bare = etag?.replace(/^W\//, '').replaceAll('"', '') ?? ''
  const isOfHub = textIn(headers, 'x-repo-commit') !== null
  const size = textIn(headers, 'x-linked-size')
  return {
    etag,
    sizeBytes: size === null ? null : Number(size),
    sha256: isOfHub && /^[0-9a-f]{64}$/.test(bare) ? bare : null,
    gitHash: isOfHub && /^[0-9a-f]{40}$/.test(bare) ? bare : null,
  }
}

function textIn(headers: Headers, name: string): string | null {
  const value = headers[name]
  return typeof value === 'string' ? value : null
}

function beginOf(headers: Headers): number {
  return Number(/^bytes (\d+)-/.exec(textIn(headers, 'content-range') ?? '')?.[1] ?? 0)
}

function lengthOf(headers: Headers, from: number): number | null {
  const length = textIn(headers, 'content-length')
  return length === null ? null : from + Number(length)
}

function refusal(status: number, url: URL, hasToken: boolean): Error {
  const place = `${url.host}${url.pathname}`
  if (status === 404) {
    return new HubFault('model-missing', `there is no ${place}`, { isAbsent: true })
  }
  if (status === 401 || status === 403) {
    const way = hasToken
      ? 'the token in HF_TOKEN may not read it'
      : 'it is private or needs a request for access: put a token into HF_TOKEN'
    return new HubFault('model-missing', `${place} answered ${status}; ${way}`)
  }
  // Of a server that is overloaded or fails: tried again.
  if (status === 429 || status >= 500) return new Error(`it answered ${status}`)
  return new HubFault('download-failed', `${place} answered ${status}`)
}

/** Throws for a file that is not what was described; what is too short is continued. */
async function prove(
  partial: string,
  { sizeBytes, sha256, gitHash }: Described,
  url: URL,
): Promise<void> {
  const { size } = await stat(partial)
  if (sizeBytes !== null && size < sizeBytes) {
    throw new Error(`it ended after ${size} of ${sizeBytes} bytes`)
  }
  const wrong =
    sizeBytes !== null && size > sizeBytes
      ? `it has ${size} bytes instead of ${sizeBytes}`
      : await wrongHash(partial, { size, sha256, gitHash })
  if (wrong === null) return
  await rm(partial, { force: true })
  throw new HubFault('download-failed', `the data from ${url.host} is damaged: ${wrong}; try again`)
}

async function wrongHash(
  partial: string,
  { size, sha256, gitHash }: { size: number; sha256: string | null; gitHash: string | null },
): Promise<string | null> {
  const expected = sha256 ?? gitHash
  if (expected === null) return null
  const hash = createHash(sha256 === null ? 'sha1' : 'sha256')
  if (sha256 === null) hash.update(`blob ${size}\0`)
  for await (const chunk of createReadStream(partial)) hash.update(chunk as Buffer)
  const found = hash.digest('hex')
  return found === expected ? null : `its hash is ${found} instead of ${expected}`
}

/** The tag of what a partial file is a part of. */
function noteOf(partial: string): string {
  return `${partial}.etag`
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  )
}
