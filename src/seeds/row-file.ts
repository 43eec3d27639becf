import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { RowsmithError } from '../util/errors.ts'

/*
 * Rows on disk: `rows.bin` has one JSON list per row, each with a line feed; `rows.idx` has 12 bytes
 * for each, little-endian: the offset of its text and a checksum, and at the end the offset of the
 * end. So any row is two reads, whatever the size, and neither file is ever held in memory.
 */
export const rowsName = 'rows.bin'
export const offsetsName = 'rows.idx'

const blockBytes = 256 * 1024
/** An offset of 8 bytes, and a CRC-32. */
const entryBytes = 12
/** A whole number of entries. */
const indexBytes = Math.floor(blockBytes / entryBytes) * entryBytes
/** Rows this near to each other have their offsets fetched by one read. */
const offsetGap = 512
/** Unwanted bytes that are cheaper to read than to skip with a further read. */
const byteGap = 16 * 1024
/** One read of rows is cut here, so that a wide seed does not need a huge buffer. */
const spanBytes = 1024 * 1024

export interface RowFileWriter {
  /** Gives a promise when something must be written before the next row. */
  append(text: string): Promise<void> | undefined
  /** Makes both files durable under their temporary names. */
  finish(): Promise<void>
  close(): Promise<void>
}

/** Writes rows to `<name>.tmp` next to where they belong; the caller renames both files. */
export async function createRowFileWriter(directory: string): Promise<RowFileWriter> {
  const rows = await open(join(directory, `${rowsName}.tmp`), 'w')
  const offsets = await open(join(directory, `${offsetsName}.tmp`), 'w').catch(async (error) => {
    await rows.close()
    throw error
  })
  let position = 0
  let texts: string[] = []
  let heldBytes = 0
  let row = 0
  const index = Buffer.alloc(indexBytes)
  let indexed = 0

  function addEntry(text: string): void {
    index.writeBigUInt64LE(BigInt(position), indexed)
    index.writeUInt32LE(checksumOf(row, text), indexed + 8)
    indexed += entryBytes
    row += 1
  }

  async function writeRows(): Promise<void> {
    const block = Buffer.from(texts.join(''), 'utf8')
    texts = []
    heldBytes = 0
    await writeAll(rows, block)
  }

  async function writeOffsets(): Promise<void> {
    await writeAll(offsets, index.subarray(0, indexed))
    indexed = 0
  }

  async function flushFull(): Promise<void> {
    if (heldBytes >= blockBytes) await writeRows()
    if (indexed === index.length) await writeOffsets()
  }

  return {
    append(text) {
      addEntry(text)
      const bytes = Buffer.byteLength(text, 'utf8') + 1
      texts.push(text, '\n')
      position += bytes
      heldBytes += bytes
      return heldBytes >= blockBytes || indexed === index.length ? flushFull() : undefined
    },
    async finish() {
      addEntry('')
      await writeRows()
      await writeOffsets()
      await rows.sync()
      await offsets.sync()
    },
    async close() {
      await rows.close()
      await offsets.close()
    },
  }
}

/** Of a row's text at its place: the text of another row is no good there either. */
function checksumOf(row: number, text: string | Uint8Array): number {
  return crc32(text, (row ^ Math.floor(row / 2 ** 32)) >>> 0)
}

async function writeAll(handle: FileHandle, bytes: Buffer): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written)
    written += bytesWritten
  }
}

/** Texts of rows next to each other: `texts` has them one after the other, in any order. */
export interface PackedRows {
  readonly texts: Uint8Array
  /** Of every row that was asked for, where its text begins and ends. */
  readonly starts: Uint32Array
  readonly ends: Uint32Array
}

export interface RowFileReader extends Disposable {
  /** Of all rows. */
  readonly sizeBytes: number
  /** Reads rows, in any order and as often as they are named. */
  read(rows: readonly number[]): PackedRows
}

/**
 * Reads without a promise per read: of a shuffled seed every row is a separate read, and handing
 * a read to another thread costs several times what it does. So it has a separate thread.
 */
export function openRowFile(directory: string): RowFileReader {
  const rows = openSync(join(directory, rowsName), 'r')
  let offsets: number
  try {
    offsets = openSync(join(directory, offsetsName), 'r')
  } catch (error) {
    closeSync(rows)
    throw error
  }

  const sizeBytes = fstatSync(rows).size

  return {
    sizeBytes,
    read(wanted) {
      const order = wanted.map((_, at) => at).sort((a, b) => (wanted[a] ?? 0) - (wanted[b] ?? 0))
      const ascending = [...new Set(order.map((at) => wanted[at] ?? 0))]
      const places = new Map<number, { start: number; end: number }>()
      const pieces: Buffer[] = []
      let length = 0
      for (const span of spansOf(ascending, offsets, sizeBytes)) {
        const bytes = readAt({ file: rows, name: rowsName }, span.start, span.end - span.start)
        pieces.push(bytes)
        // The line feed after each row stays out.
        for (const { row, start, end, checksum } of span.rows) {
          const text = bytes.subarray(start - span.start, end - span.start - 1)
          if (checksumOf(row, text) !== checksum) throw damaged(row)
          places.set(row, {
            start: length + start - span.start,
            end: length + end - span.start - 1,
          })
        }
        length += bytes.length
      }
      return {
        texts: Buffer.concat(pieces, length),
        starts: Uint32Array.from(wanted, (row) => places.get(row)?.start ?? 0),
        ends: Uint32Array.from(wanted, (row) => places.get(row)?.end ?? 0),
      }
    },
    [Symbol.dispose]() {
      closeSync(rows)
      closeSync(offsets)
    },
  }
}

/** Rows that one read gets, and where they are in the file. */
interface Span {
  start: number
  end: number
  rows: { row: number; start: number; end: number; checksum: number }[]
}

function damaged(row: number): RowsmithError {
  return new RowsmithError('file-damaged', `row ${row} is damaged in ${rowsName} or ${offsetsName}`)
}

function* spansOf(
  ascending: readonly number[],
  offsets: number,
  sizeBytes: number,
): Generator<Span> {
  let span: Span | null = null
  for (const run of runsOf(ascending)) {
    const first = run[0] ?? 0
    const last = run.at(-1) ?? first
    const index = { file: offsets, name: offsetsName }
    const bounds = readAt(index, first * entryBytes, (last - first + 2) * entryBytes)
    for (const row of run) {
      const at = (row - first) * entryBytes
      const start = Number(bounds.readBigUInt64LE(at))
      const end = Number(bounds.readBigUInt64LE(at + entryBytes))
      if (end <= start || end > sizeBytes || start < (span?.end ?? 0)) throw damaged(row)
      if (span !== null && (start - span.end > byteGap || end - span.start > spanBytes)) {
        yield span
        span = null
      }
      span ??= { start, end, rows: [] }
      span.end = end
      span.rows.push({ row, start, end, checksum: bounds.readUInt32LE(at + 8) })
    }
  }
  if (span !== null) yield span
}

/** Cuts ascending rows where fetching the offsets between them would cost more than a read. */
function* runsOf(ascending: readonly number[]): Generator<number[]> {
  let run: number[] = []
  for (const row of ascending) {
    const [first] = run
    const last = run.at(-1)
    if (
      first !== undefined &&
      last !== undefined &&
      (row - last > offsetGap || row - first > 4096)
    ) {
      yield run
      run = []
    }
    run.push(row)
  }
  if (run.length > 0) yield run
}

function readAt(
  { file, name }: { file: number; name: string },
  position: number,
  length: number,
): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  for (let filled = 0; filled < length;) {
    const bytesRead = readSync(file, bytes, filled, length - filled, position + filled)
    if (bytesRead === 0) {
      throw new Error(`${name} ends at byte ${position + filled}, before ${length - filled} more`)
    }
    filled += bytesRead
  }
  return bytes
}
