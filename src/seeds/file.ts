import { createHash } from 'node:crypto'
import { open, type FileHandle } from 'node:fs/promises'

const chunkBytes = 256 * 1024

/** A file that stays open, so that all passes read the same one whatever happens to its path. */
export interface SeedFile {
  readonly path: string
  readonly sizeBytes: number
  /** Size and time of change. */
  readonly stamp: string
  /** The content in chunks, from the first byte; a chunk is valid until the next one. */
  chunks(signal: AbortSignal): AsyncIterable<Buffer>
  /** Bytes start ≤ at < end. */
  slice(start: number, end: number): Promise<ArrayBuffer>
  /** SHA-256 of the content, in hex. */
  hash(signal: AbortSignal): Promise<string>
  currentStamp(): Promise<string>
  close(): Promise<void>
}

export async function openSeedFile(path: string): Promise<SeedFile> {
  const handle = await open(path, 'r')
  try {
    const { size, stamp } = await stampOf(handle)
    return {
      path,
      sizeBytes: size,
      stamp,
      chunks: (signal) => readChunks(handle, signal),
      slice: (start, end) => readSlice(handle, path, start, end),
      async hash(signal) {
        const hash = createHash('sha256')
        for await (const chunk of readChunks(handle, signal)) hash.update(chunk)
        return hash.digest('hex')
      },
      currentStamp: async () => (await stampOf(handle)).stamp,
      close: () => handle.close(),
    }
  } catch (error) {
    await handle.close()
    throw error
  }
}

async function stampOf(handle: FileHandle): Promise<{ size: number; stamp: string }> {
  const { size, mtimeNs } = await handle.stat({ bigint: true })
  return { size: Number(size), stamp: `${size} bytes, changed ${mtimeNs}` }
}

async function* readChunks(handle: FileHandle, signal: AbortSignal): AsyncGenerator<Buffer> {
  for (let position = 0; ;) {
    signal.throwIfAborted()
    // A new buffer each time: parsers keep views of what they were given.
    const buffer = Buffer.allocUnsafeSlow(chunkBytes)
    const { bytesRead } = await handle.read(buffer, 0, chunkBytes, position)
    if (bytesRead === 0) return
    position += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}

async function readSlice(
  handle: FileHandle,
  path: string,
  start: number,
  end: number,
): Promise<ArrayBuffer> {
  const bytes = new Uint8Array(end - start)
  for (let filled = 0; filled < bytes.length;) {
    const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, start + filled)
    if (bytesRead === 0) throw new Error(`${path} ended at byte ${start + filled} of ${end}`)
    filled += bytesRead
  }
  return bytes.buffer
}
