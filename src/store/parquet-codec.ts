import { closeSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { AsyncBuffer, SchemaElement } from 'hyparquet'
import { type ColumnType, timestampForm, type VectorType } from '../graph/column-type.ts'
import type { TimestampForm } from '../util/timestamp.ts'
import { recordColumn, rowColumn } from './run-settings.ts'

export const createdBy = 'rowsmith'

export const compressors = { ZSTD: (input: Uint8Array): Uint8Array => zstdCompressSync(input) }
export const decompressors = { ZSTD: (input: Uint8Array): Uint8Array => zstdDecompressSync(input) }

const textDecoder = new TextDecoder('utf-8', { ignoreBOM: true })

/**
 * hyparquet's own text parser drops a byte order mark at the start of a value. Times stay counts: a
 * Date would lose what is finer than a millisecond.
 */
export const parsers = {
  stringFromBytes: (bytes: Uint8Array): string => textDecoder.decode(bytes),
  dateFromDays: (days: number): number => days,
  timestampFromMicroseconds: (count: bigint): bigint => count,
  timestampFromNanoseconds: (count: bigint): bigint => count,
}

export interface FileColumn {
  name: string
  type: ColumnType
}

/** Schema of the joined files; parts have the numbers of row and record in front. */
export function datasetSchema(columns: readonly FileColumn[]): SchemaElement[] {
  return [{ name: 'root', num_children: columns.length }, ...columns.flatMap(elements)]
}

export function partSchema(columns: readonly FileColumn[]): SchemaElement[] {
  return [
    { name: 'root', num_children: columns.length + 2 },
    { name: rowColumn, type: 'INT64', repetition_type: 'REQUIRED' },
    { name: recordColumn, type: 'INT64', repetition_type: 'REQUIRED' },
    ...columns.flatMap(elements),
  ]
}

function elements({ name, type }: FileColumn): SchemaElement[] {
  const base = { name, repetition_type: 'OPTIONAL' } as const
  switch (type) {
    case 'int64':
      return [{ ...base, type: 'INT64' }]
    case 'float64':
      return [{ ...base, type: 'DOUBLE' }]
    case 'bool':
      return [{ ...base, type: 'BOOLEAN' }]
    case 'string':
    case 'media':
    case 'json': {
      const text = { converted_type: 'UTF8', logical_type: { type: 'STRING' } } as const
      return [{ ...base, ...text, type: 'BYTE_ARRAY' }]
    }
    case 'date':
      return [{ ...base, type: 'INT32', converted_type: 'DATE', logical_type: { type: 'DATE' } }]
    case 'timestamp':
    case 'timestamp_utc':
    case 'timestamp_ns':
    case 'timestamp_ns_utc':
      return [timestampElement(name, timestampForm(type))]
    default:
      return vectorElements(name, type)
  }
}

/** The older word for the type is for microseconds in UTC, and none would be wrong. */
function timestampElement(name: string, { perSecond, utc }: TimestampForm): SchemaElement {
  const isNanos = perSecond === 1_000_000_000
  return {
    name,
    repetition_type: 'OPTIONAL',
    type: 'INT64',
    logical_type: {
      type: 'TIMESTAMP',
      isAdjustedToUTC: utc,
      unit: isNanos ? 'NANOS' : 'MICROS',
    },
    ...(utc && !isNanos ? { converted_type: 'TIMESTAMP_MICROS' } : {}),
  }
}

/** In the three levels that all readers know; `vector-chunk.ts` writes what stands in them. */
function vectorElements(name: string, _type: VectorType): SchemaElement[] {
  return [
    {
      name,
      repetition_type: 'OPTIONAL',
      converted_type: 'LIST',
      logical_type: { type: 'LIST' },
      num_children: 1,
    },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { name: 'element', repetition_type: 'OPTIONAL', type: 'FLOAT' },
  ]
}

/** What a file has become: enough to recognise it later. */
export interface WrittenFile {
  bytes: number
  sha256: string
}

/** A new file written front to back and hashed on the way. */
export interface FileSink {
  readonly bytes: number
  write(chunk: Uint8Array): void
  /** Syncs and closes. */
  finish(): WrittenFile
  /** Closes without a promise about the content; after `finish` it does nothing. */
  [Symbol.dispose](): void
}

export function createSink(path: string): FileSink {
  // 'wx': names are unique per attempt, so a file that is there already is a mistake.
  const file = openSync(path, 'wx')
  const hash = createHash('sha256')
  let bytes = 0
  let open = true
  function close(): void {
    if (!open) return
    open = false
    closeSync(file)
  }
  return {
    get bytes() {
      return bytes
    },
    write(chunk) {
      for (let done = 0; done < chunk.length;) done += writeSync(file, chunk, done)
      hash.update(chunk)
      bytes += chunk.length
    },
    finish() {
      fsyncSync(file)
      close()
      return { bytes, sha256: hash.digest('hex') }
    },
    [Symbol.dispose]: close,
  }
}

/** A file read at any place; hyparquet reads through `buffer`. */
export interface FileSource {
  readonly buffer: AsyncBuffer
  read(start: number, end: number): Uint8Array<ArrayBuffer>
  [Symbol.dispose](): void
}

export function openSource(path: string): FileSource {
  const file = openSync(path, 'r')
  const { size } = fstatSync(file)
  function read(start: number, end: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(end - start)
    for (let done = 0; done < bytes.length;) {
      const count = readSync(file, bytes, done, bytes.length - done, start + done)
      if (count === 0) throw new Error(`${path} ends at byte ${start + done}, expected ${end}`)
      done += count
    }
    return bytes
  }
  return {
    buffer: { byteLength: size, slice: (start, end = size) => read(start, end).buffer },
    read,
    [Symbol.dispose]() {
      closeSync(file)
    },
  }
}

/** Makes new, renamed and removed names of a folder survive a power cut. */
export function syncFile(path: string): void {
  const file = openSync(path, 'r+')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

export function syncFolder(path: string): void {
  // Windows can't open a folder as a file; its journal keeps the order of names anyway.
  if (process.platform === 'win32') return
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
