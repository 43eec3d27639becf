import { open, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'

/*
 * Rows on disk: `rows.bin` has one JSON list per row, each with a line feed; `rows.idx` has the
 * offsets in it, 8 bytes each and little-endian: where every row begins, and the end of the last.
 * So any row is two reads, whatever the size, and neither file is ever held in memory.
 */
export const rowsName = 'rows.bin'
export const offsetsName = 'rows.idx'

const blockBytes = 256 * 1024
const offsetBytes = 8
/** Rows this near to each other have their offsets fetched by one read. */
const offsetGap = 512
/** Unwanted bytes that are cheaper to read than to skip with a further read. */
const byteGap = 16 * 1024
/** One read of rows is cut here, so that a wide seed does not need a huge buffer. */
const spanBytes = 1024 * 1024
const parallelReads = 8

export interface RowFileWriter {
  /** Gives a promise when something has to be written before the next row. */
  append(text: string): Promise<void> | undefined
  /** Makes both files durable under their temporary names. */
  finish(): Promise<void>
  close(): Promise<void>
}

/** Writes rows to `<name>.tmp` beside where they belong; the caller renames both files. */
export async function createRowFileWriter(directory: string): Promise<RowFileWriter> {
  const rows = await open(join(directory, `${rowsName}.tmp`), 'w')
  const offsets = await open(join(directory, `${offsetsName}.tmp`), 'w').catch(async (error) => {
    await rows.close()
    throw error
  })
  let position = 0
  let texts: string[] = []
  let heldBytes = 0
  const index = Buffer.alloc(blockBytes)
  let indexBytes = 0

  function addOffset(): void {
    index.writeBigUInt64LE(BigInt(position), indexBytes)
    indexBytes += offsetBytes
  }

  async function writeRows(): Promise<void> {
    const block = Buffer.from(texts.join(''), 'utf8')
    texts = []
    heldBytes = 0
    await writeAll(rows, block)
  }

  async function writeOffsets(): Promise<void> {
    await writeAll(offsets, index.subarray(0, indexBytes))
    indexBytes = 0
  }

  async function flushFull(): Promise<void> {
    if (heldBytes >= blockBytes) await writeRows()
    if (indexBytes === index.length) await writeOffsets()
  }

  return {
    append(text) {
      addOffset()
      const bytes = Buffer.byteLength(text, 'utf8') + 1
      texts.push(text, '\n')
      position += bytes
      heldBytes += bytes
      return heldBytes >= blockBytes || indexBytes === index.length ? flushFull() : undefined
    },
    async finish() {
      addOffset()
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

async function writeAll(handle: FileHandle, bytes: Buffer): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written)
    written += bytesWritten
  }
}

export interface RowFileReader {
  /** The texts of rows, which must be ascending and below the size. */
  read(rows: readonly number[], signal: AbortSignal): Promise<Map<number, string>>
  close(): Promise<void>
}

export async function openRowFile(directory: string): Promise<RowFileReader> {
  const rows = await open(join(directory, rowsName), 'r')
  const offsets = await open(join(directory, offsetsName), 'r').catch(async (error) => {
    await rows.close()
    throw error
  })

  async function readRun(run: readonly number[], texts: Map<number, string>): Promise<void> {
    const first = run[0] ?? 0
    const last = run.at(-1) ?? first
    const bounds = await readAt(offsets, first * offsetBytes, (last - first + 2) * offsetBytes)
    const start = (row: number) => Number(bounds.readBigUInt64LE((row - first) * offsetBytes))
    for (const span of cut(run, (row, begin) => {
      const skipped = start(row) - start(begin.last + 1)
      return skipped > byteGap || start(row + 1) - start(begin.first) > spanBytes
    })) {
      const begin = start(span[0] ?? first)
      const end = start((span.at(-1) ?? first) + 1)
      const bytes = await readAt(rows, begin, end - begin)
      // The line feed after each row stays out.
      for (const row of span) {
        texts.set(row, bytes.toString('utf8', start(row) - begin, start(row + 1) - begin - 1))
      }
    }
  }

  return {
    async read(wanted, signal) {
      const texts = new Map<number, string>()
      const runs = cut(
        wanted,
        (row, { first, last }) => row - last > offsetGap || row - first > 4096,
      )
      for (let at = 0; at < runs.length; at += parallelReads) {
        signal.throwIfAborted()
        await Promise.all(runs.slice(at, at + parallelReads).map((run) => readRun(run, texts)))
      }
      return texts
    },
    async close() {
      await rows.close()
      await offsets.close()
    },
  }
}

/** Cuts ascending rows into runs, in front of every row for which `apart` says so. */
function cut(
  rows: readonly number[],
  apart: (row: number, run: { first: number; last: number }) => boolean,
): number[][] {
  const runs: number[][] = []
  let run: number[] = []
  for (const row of rows) {
    const [first] = run
    const last = run.at(-1)
    if (first !== undefined && last !== undefined && apart(row, { first, last })) {
      runs.push(run)
      run = []
    }
    run.push(row)
  }
  if (run.length > 0) runs.push(run)
  return runs
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(length)
  for (let filled = 0; filled < length;) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, position + filled)
    if (bytesRead === 0) throw new Error(`ends at byte ${position + filled}, before ${length} more`)
    filled += bytesRead
  }
  return bytes
}
