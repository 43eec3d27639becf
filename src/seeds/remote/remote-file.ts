import { SeedFault } from '../define.ts'
import {
  createRemoteClient,
  refuseOthers,
  type RemoteAuth,
  type RemoteClient,
  type RemoteReply,
  shownAddress,
} from './remote-client.ts'

/** A file that is read by ranges where it is; plain data, for the thread that decodes it. */
export interface RemoteFile {
  readonly url: string
  readonly auth: RemoteAuth
  /** How messages call it. */
  readonly label: string
  readonly sizeBytes: number
  /** A strong one; null where the address itself says which content it has. */
  readonly etag: string | null
  /** Those that name proxies. */
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** Parts of a file in any order. */
export interface Slices extends AsyncDisposable {
  /** Bytes start ≤ at < end. */
  slice(start: number, end: number): Promise<ArrayBuffer>
}

const mostBreaks = 5

export function openRemoteSlices(file: RemoteFile): Slices {
  const client = createRemoteClient(file.environment)
  const { signal } = new AbortController()
  return {
    async slice(start, end) {
      const bytes = new Uint8Array(end - start)
      let filled = 0
      let broken = 0
      while (filled < bytes.length) {
        const before = filled
        const { body } = await getRange(client, file, { start: start + filled, end }, signal)
        let failure: unknown
        try {
          for await (const chunk of body as AsyncIterable<Buffer>) {
            const part = chunk.subarray(0, bytes.length - filled)
            bytes.set(part, filled)
            filled += part.length
          }
        } catch (error) {
          failure = error
        }
        // An answer without a byte is no end either.
        if (failure === undefined && filled > before) continue
        broken += 1
        if (broken >= mostBreaks) throw cutOff(file, start + filled, failure)
      }
      return bytes.buffer
    },
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  }
}

async function getRange(
  client: RemoteClient,
  file: RemoteFile,
  { start, end }: { start: number; end: number },
  signal: AbortSignal,
): Promise<RemoteReply> {
  const { url, auth, etag, sizeBytes, label } = file
  const headers = {
    range: `bytes=${start}-${end - 1}`,
    ...(etag === null ? {} : { 'if-match': etag }),
  }
  const reply = await client.get({ url, auth, headers }, signal)
  const { status, headers: received, body } = reply
  const other = etag !== null && received['etag'] !== undefined && received['etag'] !== etag
  const size = totalOf(received)
  if (status === 412 || other || (status === 206 && size !== null && size !== sizeBytes)) {
    await body.dump()
    throw new SeedFault('changed-meanwhile', `${label} changed while the seed was read`, {
      suggestion: 'Start again when no program writes to it.',
    })
  }
  if (status === 206 && (startOf(received) ?? start) === start) return reply
  await refuseOthers(reply, label, 'The right to read it may have ended: start again.')
  await body.dump()
  throw new SeedFault(
    'seed-unreachable',
    `${label}: the server gave ${status === 206 ? 'another part of the file than the one asked for' : 'no part of the file, but all'}`,
    {
      suggestion: 'Start again; a file of a server that gives no parts is downloaded first.',
    },
  )
}

function cutOff({ label }: RemoteFile, at: number, cause: unknown): SeedFault {
  return new SeedFault('seed-unreachable', `${label}: the connection broke off at byte ${at}`, {
    cause,
    suggestion: 'Start again when the network is better.',
  })
}

/** Where a part begins, where an answer says it. */
function startOf(headers: RemoteReply['headers']): number | null {
  const range = headers['content-range']
  const start = typeof range === 'string' ? /^bytes (\d+)-/.exec(range)?.[1] : undefined
  return start === undefined ? null : Number(start)
}

/** The size of the whole file, where an answer says it. */
function totalOf(headers: RemoteReply['headers']): number | null {
  const range = headers['content-range']
  const total = typeof range === 'string' ? /\/(\d+)$/.exec(range)?.[1] : undefined
  return total === undefined ? null : Number(total)
}

/** Of a file whose content the address does not say. */
export async function hasRemoteChanged(file: RemoteFile): Promise<boolean> {
  if (file.etag === null) return false
  await using client = createRemoteClient(file.environment)
  const { url, auth } = file
  const probe = await probeFile(client, { url, auth }, new AbortController().signal)
  return probe.etag !== file.etag || probe.sizeBytes !== file.sizeBytes
}

/** What a server says of a file without sending it. */
export interface FileProbe {
  readonly sizeBytes: number | null
  /** Only strong ones: they are of every byte. */
  readonly etag: string | null
  readonly modified: string | null
  readonly ranges: boolean
}

/** By its first byte: not every server answers to HEAD, and signed addresses are for GET only. */
export async function probeFile(
  client: RemoteClient,
  call: { url: string; auth: RemoteAuth; label?: string; wayIn?: string },
  signal: AbortSignal,
): Promise<FileProbe> {
  const {
    url,
    auth,
    label = shownAddress(url),
    wayIn = 'The right to read it may have ended.',
  } = call
  const reply = await client.get({ url, auth, headers: { range: 'bytes=0-0' } }, signal)
  const { status, headers, body } = reply
  // A range of a file without a byte can't be given.
  const isEmpty = status === 416 && totalOf(headers) === 0
  if (!isEmpty) await refuseOthers(reply, label, wayIn)
  await body.dump()
  const { etag, 'last-modified': modified, 'content-length': length } = headers
  const whole = status === 200 && typeof length === 'string' ? Number(length) : null
  return {
    sizeBytes: isEmpty ? 0 : status === 206 ? totalOf(headers) : whole,
    etag: typeof etag === 'string' && !etag.startsWith('W/') ? etag : null,
    modified: typeof modified === 'string' ? modified : null,
    ranges: status === 206,
  }
}
