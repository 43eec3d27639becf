import { createHash } from 'node:crypto'
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { isMissing } from '../../threads/system-error.ts'
import { drawSeed } from '../../util/random-source.ts'
import { SeedFault } from '../define.ts'
import { refuseOthers, type RemoteClient } from './remote-client.ts'
import type { RemoteEntry } from './remote-entry.ts'
import { writeAt } from '../../threads/write-at.ts'

const mostBreaks = 5

export interface DownloadOptions {
  client: RemoteClient
  environment: Readonly<Record<string, string | undefined>>
  signal: AbortSignal
  onBytes: (bytes: number) => void
}

/**
 * A file's own copy in the cache, downloaded unless it is there: one folder for an address, with
 * the newest content only. Whatever name a file has there, it has been downloaded to its end.
 */
export async function downloadFile(entry: RemoteEntry, options: DownloadOptions): Promise<string> {
  const { environment } = options
  const folder = join(cacheFolder(environment), hashOf(entry.url).slice(0, 32))
  const name = hashOf(entry.mark ?? drawSeed().toString(36)).slice(0, 32)
  const path = join(folder, name)
  if (entry.mark !== null && (await sizeOf(path)) !== null) return path
  await mkdir(folder, { recursive: true })
  const part = join(folder, `${name}.${drawSeed().toString(36)}.part`)
  try {
    await receive(entry, part, options)
    await rename(part, path)
  } catch (error) {
    await rm(part, { force: true })
    throw error
  }
  await forgetOthers(folder, name)
  return path
}

/** Where downloads are kept: they can be deleted at any time between two runs. */
function cacheFolder({
  XDG_CACHE_HOME: cache,
  LOCALAPPDATA: local,
}: DownloadOptions['environment']): string {
  const base = cache ?? (process.platform === 'win32' ? local : undefined)
  return join(base ?? join(homedir(), '.cache'), 'rowsmith', 'seeds')
}

async function receive(
  entry: RemoteEntry,
  path: string,
  { client, signal, onBytes }: DownloadOptions,
): Promise<void> {
  const { url, auth, label, etag, ranges, wayIn } = entry
  const handle = await open(path, 'w')
  try {
    let position = 0
    for (let broken = 0; ;) {
      const canGoOn = position > 0 && ranges && etag !== null
      if (!canGoOn) position = 0
      const headers = canGoOn ? { range: `bytes=${position}-`, 'if-match': etag } : {}
      const reply = await client.get({ url, auth, headers }, signal)
      const { etag: mark } = reply.headers
      if (reply.status === 412 || isOther(mark, etag)) {
        await reply.body.dump()
        throw changed(label)
      }
      // It broke off behind the last byte.
      if (canGoOn && reply.status === 416 && position === entry.sizeBytes) {
        await reply.body.dump()
        break
      }
      await refuseOthers(reply, label, wayIn)
      if (canGoOn && reply.status !== 206) position = 0
      try {
        for await (const chunk of reply.body as AsyncIterable<Buffer>) {
          await writeAt(handle, chunk, position)
          position += chunk.length
          onBytes(position)
        }
        await handle.truncate(position)
        break
      } catch (error) {
        signal.throwIfAborted()
        broken += 1
        if (broken < mostBreaks && !isDisk(error)) continue
        if (isDisk(error)) throw error
        throw new SeedFault(
          'seed-unreachable',
          `${label}: the download broke off ${broken} times`,
          {
            cause: error,
            suggestion: 'Start again when the network is better.',
          },
        )
      }
    }
    if (entry.sizeBytes !== null && position !== entry.sizeBytes) throw changed(label)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Whether an answer is of another content than the one that was found. */
function isOther(mark: string | string[] | undefined, etag: string | null): boolean {
  return etag !== null && typeof mark === 'string' && !mark.startsWith('W/') && mark !== etag
}

function isDisk(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && error.syscall === 'write'
}

function changed(label: string): SeedFault {
  return new SeedFault('changed-meanwhile', `${label} changed while it was downloaded`, {
    suggestion: 'Start again when no program writes to it.',
  })
}

/** Former contents; a download of another process is left alone. */
async function forgetOthers(folder: string, name: string): Promise<void> {
  for (const other of await readdir(folder)) {
    if (other === name || other.endsWith('.part')) continue
    await rm(join(folder, other), { force: true })
  }
}

async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
