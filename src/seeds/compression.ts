import type { Transform } from 'node:stream'
// By its namespace: with names, an older Node reports a missing export before its version can be refused.
import * as zlib from 'node:zlib'
import { systemCode } from '../threads/system-error.ts'
import { messageOf } from '../util/errors.ts'
import { SeedFault } from './define.ts'
import { readBytes, type Compression, type ReadOptions, type SeedFile } from './file.ts'

/** What may stand behind the ending of a format. */
export const compressionEndings: Readonly<Record<string, Compression>> = {
  '.gz': 'gzip',
  '.zst': 'zstd',
  '.br': 'brotli',
}

/** Known by their endings and first bytes, to say the way out. */
const unread: Readonly<Record<string, { name: string; begins: string; command: string }>> = {
  '.bz2': { name: 'bzip2', begins: '425a68', command: 'bunzip2 --keep' },
  '.xz': { name: 'xz', begins: 'fd377a585a00', command: 'xz --decompress --keep' },
  '.zip': { name: 'a zip archive', begins: '504b0304', command: 'unzip' },
  '.lz4': { name: 'lz4', begins: '04224d18', command: 'lz4 -d' },
}

/** What is wrong with an ending of compression that is not read here, or null. */
export function unreadEnding(ending: string, path: string): SeedFault | null {
  const found = Object.hasOwn(unread, ending) ? unread[ending] : undefined
  return found === undefined ? null : notRead(found, path)
}

function notRead({ name, command }: { name: string; command: string }, path: string): SeedFault {
  return new SeedFault('unsupported', `the file is compressed as ${name}, which is not read`, {
    suggestion: `Decompress it (${command} ${path}) or compress it with gzip or zstd.`,
  })
}

/*
 * Content is never held as a whole, whatever it grows to: what a file that inflates without end
 * costs is time, which is seen and can be stopped, and then the disk; a single value is bounded by
 * `longestRecord`.
 */

/** A file's content in chunks, decompressed; nothing for an empty file. */
export async function* readContent(file: SeedFile, options: ReadOptions): AsyncGenerator<Buffer> {
  const chunks = readBytes(file, options)
  try {
    const first = await chunks.next()
    if (first.done === true) return
    const compression = compressionOf(file, first.value)
    const rest = chain(first.value, chunks)
    for await (const chunk of compression === null ? rest : decompress(rest, compression, file)) {
      options.onContent?.(file, chunk)
      yield chunk
    }
  } finally {
    await chunks.return(undefined)
  }
}

async function* chain(first: Buffer, rest: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  yield first
  yield* rest
}

/** The first bytes decide where they can: files are renamed, and downloads decompressed. */
function compressionOf({ path, compression }: SeedFile, first: Buffer): Compression | null {
  const begins = first.subarray(0, 10).toString('hex')
  if (begins.startsWith('1f8b')) return 'gzip'
  // Of a frame, and of one to be skipped, which parallel compressors begin with.
  if (begins.startsWith('28b52ffd') || /^5.2a4d18/.test(begins)) return 'zstd'
  const other = Object.values(unread).find((format) => begins.startsWith(format.begins))
  // "BZh" could begin a header; what follows it could not.
  if (other !== undefined && (other.begins !== '425a68' || begins.endsWith('314159265359'))) {
    throw notRead(other, path)
  }
  if (compression === null || compression === 'brotli') return compression
  throw new SeedFault(
    'bad-compression',
    `the file is not compressed as ${compression}: it begins with the bytes ${begins.replace(/..(?=.)/g, '$& ')}`,
    { suggestion: 'Use the ending of its real format; repeat an interrupted download.' },
  )
}

const decoders: Readonly<Record<Compression, () => Transform & { bytesWritten: number }>> = {
  gzip: () => zlib.createGunzip(),
  zstd: () => zlib.createZstdDecompress(),
  brotli: () => zlib.createBrotliDecompress(),
}

/**
 * Members one after the other, as `cat a.gz b.gz` leaves them. Gunzip continues by itself; of zstd,
 * the decoder drops what follows a frame in the same chunk, so a further one is given the rest.
 */
async function* decompress(
  chunks: AsyncGenerator<Buffer>,
  compression: Compression,
  file: SeedFile,
): AsyncGenerator<Buffer> {
  let consumed = 0
  let rest: Buffer | null = null
  do {
    const decoder = decoders[compression]()
    const feeding = feed(decoder, rest, chunks)
    // Its failure ends the decoder, which is where it is reported.
    feeding.catch(() => undefined)
    try {
      for await (const chunk of decoder) yield chunk
      rest = await feeding
      if (rest !== null && compression === 'brotli') {
        throw trailing(compression, decoder.bytesWritten, file)
      }
    } catch (error) {
      throw toFault(error, { compression, at: consumed + decoder.bytesWritten, file })
    }
    consumed += decoder.bytesWritten
    if (rest !== null && compression === 'gzip') {
      // Gunzip stops at a zero, which begins padding if all that follows are zeros.
      for await (const chunk of chain(rest, chunks)) {
        if (chunk.some((byte) => byte !== 0)) throw trailing(compression, consumed, file)
      }
      return
    }
  } while (rest !== null)
}

/** Writes until the input or the member ends; gives what follows the member in the last chunk. */
async function feed(
  decoder: Transform & { bytesWritten: number },
  rest: Buffer | null,
  chunks: AsyncGenerator<Buffer>,
): Promise<Buffer | null> {
  let written = 0
  try {
    for (let chunk = rest; ; chunk = null) {
      if (chunk === null) {
        const next = await chunks.next()
        if (next.done === true) break
        chunk = next.value
      }
      await write(decoder, chunk)
      written += chunk.length
      const left = written - decoder.bytesWritten
      if (left > 0) return chunk.subarray(chunk.length - left)
    }
    decoder.end()
    return null
  } catch (error) {
    decoder.destroy(error instanceof Error ? error : new Error(messageOf(error)))
    throw error
  }
}

function write(decoder: Transform, chunk: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    decoder.write(chunk, (error) => (error ? reject(error) : resolve()))
  })
}

interface Damage {
  compression: Compression
  /** Bytes of the file that were decoded. */
  at: number
  file: SeedFile
}

function toFault(error: unknown, { compression, at, file }: Damage): unknown {
  const code = systemCode(error) ?? ''
  if (!/^(?:Z_|ZSTD_|ERR_)/.test(code) || /^ERR_(?:STREAM|ABORT)/.test(code)) return error
  if (code === 'Z_BUF_ERROR') {
    return new SeedFault(
      'bad-compression',
      `the file ends in the middle of its ${compression} data, after ${file.sizeBytes} bytes`,
      { cause: error, suggestion: 'It was cut off: fetch or write it again.' },
    )
  }
  const message = messageOf(error)
  // The first header was looked at before.
  const isAfterEnd = message === 'incorrect header check' || code === 'ZSTD_error_prefix_unknown'
  if (isAfterEnd) return trailing(compression, at, file)
  return new SeedFault(
    'bad-compression',
    `the ${compression} data is damaged at about byte ${at} of ${file.sizeBytes}: ${message}`,
    { cause: error, suggestion: 'Fetch or write the file again.' },
  )
}

function trailing(compression: Compression, at: number, { sizeBytes }: SeedFile): SeedFault {
  return new SeedFault(
    'bad-compression',
    // Small files fail before the decoder counted anything.
    `the ${compression} data ends ${at > 0 ? `at about byte ${at}` : 'before the end'} of ${sizeBytes} bytes, and something else follows`,
    { suggestion: 'Something was appended to the file: write it again.' },
  )
}
