import { type FileHandle, open } from 'node:fs/promises'
import { deserialize, serialize } from 'node:v8'
import { fromStored, type StoredValue, toStored } from '../graph/stored-value.ts'
import type { RecordBatch, RecordColumn } from '../graph/processor-kind.ts'
import { writeAt } from '../threads/write-at.ts'

/** Bytes of records that are put in order at once, about. */
const STRETCH_BYTES = 16 * 2 ** 20
/** Bytes of records that wait to be written, of all stretches. */
const WAITING_BYTES = 32 * 2 ** 20
/** Beyond so many the pages would be small; stretches grow instead: 64 GB of records reach it. */
const MOST_STRETCHES = 4_096
const PAGE_BYTES = 256 * 2 ** 10

/** Records on disk on the way to other positions. */
export interface RecordSpool extends AsyncDisposable {
  /** Takes a record of a batch to a position; every position gets one. */
  add(position: number, batch: RecordBatch, at: number): Promise<void>
  /** All records, by position. */
  batches(size: number): AsyncGenerator<RecordBatch>
}

export interface SpoolOptions {
  columns: readonly RecordColumn[]
  count: number
  /** Of all records, about. */
  bytes: number
}

type Entry = [position: number, row: number, values: StoredValue[]]

interface Stretch {
  waiting: Buffer[]
  waitingBytes: number
  pages: { offset: number; bytes: number }[]
}

/** A file of pages, each with records of one stretch of positions. */
export async function openRecordSpool(
  path: string,
  { columns, count, bytes }: SpoolOptions,
): Promise<RecordSpool> {
  const stretches = Array.from(
    { length: Math.min(MOST_STRETCHES, count, Math.max(1, Math.ceil(bytes / STRETCH_BYTES))) },
    (): Stretch => ({ waiting: [], waitingBytes: 0, pages: [] }),
  )
  const pageBytes = Math.min(PAGE_BYTES, WAITING_BYTES / stretches.length)
  const file = await open(path, 'w+')
  let end = 0

  async function flush(stretch: Stretch): Promise<void> {
    const page = Buffer.concat(stretch.waiting)
    stretch.pages.push({ offset: end, bytes: page.length })
    stretch.waiting = []
    stretch.waitingBytes = 0
    const offset = end
    end += page.length
    await writeAt(file, page, offset)
  }

  return {
    async add(position, { rows, columns: cells }, at) {
      const values = columns.map(({ type }, column) => toStored(type, cells[column]?.[at] ?? null))
      const entry: Entry = [position, rows[at] ?? 0, values]
      const content = serialize(entry)
      const head = Buffer.alloc(4)
      head.writeUInt32LE(content.length)
      const stretch = stretches[Math.floor((position / count) * stretches.length)]
      if (stretch === undefined) throw new RangeError(`no position ${position} of ${count}`)
      stretch.waiting.push(head, content)
      stretch.waitingBytes += head.length + content.length
      if (stretch.waitingBytes >= pageBytes) await flush(stretch)
    },
    async *batches(size) {
      for (const stretch of stretches) {
        if (stretch.waiting.length > 0) await flush(stretch)
        const entries: Entry[] = []
        for (const page of stretch.pages) entries.push(...(await readPage(file, page)))
        entries.sort(([one], [other]) => one - other)
        for (let from = 0; from < entries.length; from += size) {
          yield batchOf(entries.slice(from, from + size), columns)
        }
      }
    },
    [Symbol.asyncDispose]: () => file.close(),
  }
}

async function readPage(
  file: FileHandle,
  { offset, bytes }: { offset: number; bytes: number },
): Promise<Entry[]> {
  const page = Buffer.alloc(bytes)
  for (let read = 0; read < bytes;) {
    const { bytesRead } = await file.read(page, read, bytes - read, offset + read)
    if (bytesRead === 0) throw new Error('the file of records to be put in order is cut off')
    read += bytesRead
  }
  const entries: Entry[] = []
  for (let at = 0; at < bytes;) {
    const length = page.readUInt32LE(at)
    // What `add` has serialized.
    entries.push(deserialize(page.subarray(at + 4, at + 4 + length)) as Entry)
    at += 4 + length
  }
  return entries
}

function batchOf(entries: readonly Entry[], columns: readonly RecordColumn[]): RecordBatch {
  return {
    rows: Float64Array.from(entries, ([, row]) => row),
    columns: columns.map(({ type }, column) =>
      entries.map(([, , values]) => fromStored(type, values[column] ?? null)),
    ),
  }
}
