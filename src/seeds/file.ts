import { open, stat, type FileHandle } from 'node:fs/promises'
import type { BigIntStats } from 'node:fs'
import { SeedFault } from './define.ts'
import {
  hasRemoteChanged,
  openRemoteSlices,
  type RemoteFile,
  type Slices,
} from './remote/remote-file.ts'

const chunkBytes = 256 * 1024

/** How a whole file may be compressed. */
export type Compression = 'gzip' | 'zstd' | 'brotli'

/** A file as it was when the seed was opened; every pass opens it again and checks that it still is. */
export interface SeedFile {
  readonly path: string
  /** How messages call it; null where the seed is this one file and its path was said already. */
  readonly label: string | null
  /** What its ending says. */
  readonly compression: Compression | null
  readonly sizeBytes: number
  /** Path, size and time of change: equal marks mean equal content. */
  readonly mark: string
  /** What tells its content, for one that is not read to know it. */
  readonly content?: string
  /** For a file that is read where it is, by ranges. */
  readonly remote?: RemoteFile
}

/** Options of reading a seed file. */
export interface ReadOptions {
  readonly signal: AbortSignal
  /** Called with the number of bytes that were read of a file on disk. */
  readonly onBytes?: ((file: SeedFile, bytes: number) => void) | undefined
  /** Sees all content, decompressed. */
  readonly onContent?: ((file: SeedFile, chunk: Buffer) => void) | undefined
}

export async function lookAtFile(
  path: string,
  facts: Pick<SeedFile, 'label' | 'compression'>,
): Promise<SeedFile> {
  const stats = await stat(path, { bigint: true })
  return { path, ...facts, sizeBytes: Number(stats.size), mark: markOf(path, stats) }
}

/** Whether a file is no longer the one that was looked at. */
export async function hasChanged({ path, mark, remote }: SeedFile): Promise<boolean> {
  if (remote !== undefined) return hasRemoteChanged(remote)
  return stat(path, { bigint: true }).then(
    (stats) => markOf(path, stats) !== mark,
    () => true,
  )
}

function markOf(path: string, { size, mtimeNs, ino }: BigIntStats): string {
  return `${path}, ${size} bytes, changed ${mtimeNs}, inode ${ino}`
}

async function openAgain(file: SeedFile): Promise<FileHandle> {
  const handle = await open(file.path, 'r')
  try {
    if (markOf(file.path, await handle.stat({ bigint: true })) === file.mark) return handle
    throw new SeedFault('changed-meanwhile', 'the file changed while the seed was read', {
      suggestion: 'Start again when no program writes to it.',
    })
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** The bytes on disk in chunks, from the first; a chunk is valid for ever. */
export async function* readBytes(
  file: SeedFile,
  { signal, onBytes }: ReadOptions,
): AsyncGenerator<Buffer> {
  const handle = await openAgain(file)
  try {
    for (let position = 0; ;) {
      signal.throwIfAborted()
      // A new buffer each time: parsers keep views of what they were given.
      const buffer = Buffer.allocUnsafeSlow(chunkBytes)
      const { bytesRead } = await handle.read(buffer, 0, chunkBytes, position)
      if (bytesRead === 0) return
      position += bytesRead
      onBytes?.(file, position)
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await handle.close()
  }
}

export async function openSlices(file: SeedFile): Promise<Slices> {
  if (file.remote !== undefined) return openRemoteSlices(file.remote)
  const handle = await openAgain(file)
  return {
    async slice(start, end) {
      const bytes = new Uint8Array(end - start)
      for (let filled = 0; filled < bytes.length;) {
        const rest = bytes.length - filled
        const { bytesRead } = await handle.read(bytes, filled, rest, start + filled)
        if (bytesRead === 0) throw new Error(`it ended at byte ${start + filled} of ${end}`)
        filled += bytesRead
      }
      return bytes.buffer
    },
    [Symbol.asyncDispose]: () => handle.close(),
  }
}
