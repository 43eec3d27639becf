import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import {
  parquetMetadataAsync,
  parquetRead,
  parquetSchema,
  type AsyncBuffer,
  type Compressors,
  type FileMetaData,
  type ParquetParsers,
  type ParquetReadOptions,
} from 'hyparquet'
import { messageOf } from '../../util/errors.ts'
import { quoted } from '../../config/literal.ts'
import { SeedFault, type SeedColumn, type SeedRow } from '../define.ts'
import { openSlices, type SeedFile } from '../file.ts'
import { batchRows } from './define.ts'
import { lz4, lz4Raw } from './lz4.ts'
import { withStoredDecimals } from './parquet-decimal.ts'
import { withStoredVariants } from './parquet-variant.ts'
import { describeColumns, type FileColumn, findingsOf } from './parquet-findings.ts'
import {
  readAs,
  readParquetColumn,
  textOrBytes,
  type ParquetColumn,
  type Read,
} from './parquet-types.ts'

export const writeAgain = 'Fetch or write the file again.'

/** Snappy is built into the reader. LZO has no decoder here; no one writes it. */
const compressors: Compressors = {
  GZIP: (input) => gunzipSync(input),
  BROTLI: (input) => brotliDecompressSync(input),
  ZSTD: (input) => zstdDecompressSync(input),
  LZ4: (input, outputLength) => lz4(input, outputLength),
  LZ4_RAW: (input, outputLength) => lz4Raw(input, outputLength),
}

const readableCodecs = new Set(['UNCOMPRESSED', 'SNAPPY', ...Object.keys(compressors)])

// Times stay as stored: a Date would lose what is finer than a millisecond.
const rawParsers: Partial<ParquetParsers> = {
  timestampFromMilliseconds: (millis) => millis,
  timestampFromMicroseconds: (micros) => micros,
  timestampFromNanoseconds: (nanos) => nanos,
  dateFromDays: (days) => days,
  jsonFromBytes: (bytes) => bytes,
  // What is said to be text and is none must not become other text.
  stringFromBytes: textOrBytes,
}

interface ParquetTable extends AsyncDisposable {
  readonly buffer: AsyncBuffer
  readonly metadata: FileMetaData
  readonly size: number
  readonly columns: readonly ParquetColumn[]
}

/** A Parquet file with its metadata read and checked. */
async function openTable(
  file: SeedFile,
  onBytes: (bytes: number) => void = () => undefined,
): Promise<ParquetTable> {
  const slices = await openSlices(file)
  let bytes = 0
  const buffer: AsyncBuffer = {
    byteLength: file.sizeBytes,
    async slice(start, end = file.sizeBytes) {
      const slice = await slices.slice(start, end)
      bytes += end - start
      // The metadata at the end is read a second time.
      onBytes(Math.min(bytes, file.sizeBytes))
      return slice
    },
  }
  try {
    const metadata = await readMetadata(buffer)
    return {
      buffer,
      metadata,
      ...checkMetadata(metadata),
      [Symbol.asyncDispose]: () => slices[Symbol.asyncDispose](),
    }
  } catch (error) {
    await slices[Symbol.asyncDispose]()
    throw error
  }
}

export interface TableDescription {
  readonly columns: readonly FileColumn[]
  readonly size: number
}

export interface DescribeOptions {
  readonly isOneOfSeveral: boolean
}

/** Columns and size of one file. */
export async function describeTable(
  file: SeedFile,
  { isOneOfSeveral }: DescribeOptions,
): Promise<TableDescription> {
  await using table = await openTable(file)
  const { buffer, metadata, size } = table
  const stored = asStored(metadata)
  const columns = await describeColumns(metadata, table.columns, {
    isOneOfSeveral,
    read: async (name, rowStart, rowEnd) => {
      const options = { ...readingOf(buffer, stored), rowStart, rowEnd, columns: [name] }
      return (await readRows(options)).map(([value]) => value)
    },
  })
  return { columns, size }
}

/** Rows of one file, in the columns of all. */
export async function* readTable(
  file: SeedFile,
  wanted: readonly SeedColumn[],
  onBytes: (bytes: number) => void,
): AsyncGenerator<SeedRow[]> {
  await using table = await openTable(file, onBytes)
  const { buffer, metadata } = table
  const columns = readingsOf(table, file, wanted)
  let groupStart = 0
  for (const group of metadata.row_groups) {
    const groupEnd = groupStart + Number(group.num_rows)
    const rows = await readGroup(buffer, metadata, groupStart, groupEnd)
    for (let at = 0; at < rows.length; at += batchRows) {
      const batch = rows.slice(at, at + batchRows)
      const first = groupStart + at
      yield batch.map((row, offset) => readRow(columns, row, first + offset))
    }
    groupStart = groupEnd
  }
}

/** Rows decoded at a time where some columns are read: long texts of a whole row group may be gigabytes. */
const stretchRows = 8192

/**
 * Some columns of all rows of a local file: the others are not read, and of a row group its bytes and
 * a stretch of rows are held.
 */
export async function* readColumns(
  file: SeedFile,
  wanted: readonly SeedColumn[],
  onBytes: (bytes: number) => void,
): AsyncGenerator<SeedRow[]> {
  await using table = await openTable(file, onBytes)
  const { metadata } = table
  const columns = readingsOf(table, file, wanted).map((column, place) => ({ ...column, place }))
  const stored = withStoredDecimals(metadata)
  let groupStart = 0
  for (const group of metadata.row_groups) {
    const groupEnd = groupStart + Number(group.num_rows)
    const buffer = keepingSlices(table.buffer)
    for (let start = groupStart; start < groupEnd; start += stretchRows) {
      const rows = await readRows({
        ...readingOf(buffer, stored),
        columns: columns.map(({ name }) => name),
        rowStart: start,
        rowEnd: Math.min(groupEnd, start + stretchRows),
      })
      for (let at = 0; at < rows.length; at += batchRows) {
        const batch = rows.slice(at, at + batchRows)
        yield batch.map((row, offset) => readRow(columns, row, start + at + offset))
      }
    }
    groupStart = groupEnd
  }
}

/** Reads nothing twice: each stretch of a row group asks for the same bytes. */
function keepingSlices(buffer: AsyncBuffer): AsyncBuffer {
  const kept = new Map<string, ReturnType<AsyncBuffer['slice']>>()
  return {
    byteLength: buffer.byteLength,
    slice(start, end) {
      const place = `${start}-${end ?? ''}`
      const slice = kept.get(place) ?? buffer.slice(start, end)
      kept.set(place, slice)
      return slice
    },
  }
}

function readingsOf(
  table: ParquetTable,
  file: SeedFile,
  wanted: readonly SeedColumn[],
): ColumnReading[] {
  return wanted.map(({ name, type }) => {
    const place = table.columns.findIndex((column) => column.name === name)
    const own = table.columns[place]
    if (own === undefined) throw new Error(`${file.path} has lost its column ${name}`)
    return { name, place, read: readAs(type, own) }
  })
}

type ArrayReadOptions = Extract<ParquetReadOptions, { rowFormat?: 'array' }>

interface ColumnReading {
  name: string
  /** In the rows of the file. */
  place: number
  read: Read
}

async function readMetadata(file: AsyncBuffer): Promise<FileMetaData> {
  try {
    if (file.byteLength < 12) throw new Error(`it has ${file.byteLength} bytes`)
    return await parquetMetadataAsync(file, { parsers: rawParsers, geoparquet: false })
  } catch (error) {
    // Of a file somewhere else, the way to it may be what is wrong.
    throw error instanceof SeedFault ? error : notReadable(error)
  }
}

function checkMetadata(metadata: FileMetaData): Pick<ParquetTable, 'size' | 'columns'> {
  try {
    checkCodecs(metadata)
    checkNames(parquetSchema(metadata).children.map(({ element }) => element.name))
    const size = sizeOf(metadata)
    const findings = findingsOf(metadata)
    return {
      size,
      columns: parquetSchema(metadata).children.map((node) => readParquetColumn(node, findings)),
    }
  } catch (error) {
    // Of a damaged file, anything may be missing in spite of its type.
    throw error instanceof SeedFault ? error : notReadable(error)
  }
}

function notReadable(error: unknown): SeedFault {
  return new SeedFault('bad-parquet', `the file is not readable as Parquet: ${messageOf(error)}`, {
    cause: error,
    suggestion: 'The writer may not have finished it; write it again.',
  })
}

/** Rows are lists in the order of the file's columns: as objects they would lose a `__proto__`. */
async function readGroup(
  file: AsyncBuffer,
  metadata: FileMetaData,
  rowStart: number,
  rowEnd: number,
): Promise<readonly (readonly unknown[])[]> {
  if (rowStart === rowEnd) return []
  const counts = new Map<string, number>()
  const rows = await readRows({
    ...readingOf(file, asStored(metadata)),
    rowStart,
    rowEnd,
    onChunk({ columnName, columnData }) {
      counts.set(columnName, (counts.get(columnName) ?? 0) + columnData.length)
    },
  })
  // The reader fills up what a column lacks, and omits a column it does not find.
  for (const { element } of parquetSchema(metadata).children) {
    const count = counts.get(element.name) ?? 0
    if (count === rowEnd - rowStart) continue
    throw damaged(
      `column ${quoted(element.name)} has ${count} values in rows ${rowStart} to ${rowEnd - 1}`,
    )
  }
  return rows
}

/** What the reader would make numbers of that lose digits. */
function asStored(metadata: FileMetaData): FileMetaData {
  return withStoredVariants(withStoredDecimals(metadata))
}

function readingOf(file: AsyncBuffer, metadata: FileMetaData): ArrayReadOptions {
  return { file, metadata, compressors, parsers: rawParsers, utf8: false, geoparquet: false }
}

async function readRows(
  options: ArrayReadOptions & { rowStart: number; rowEnd: number },
): Promise<readonly (readonly unknown[])[]> {
  const { rowStart, rowEnd } = options
  let rows: readonly (readonly unknown[])[] = []
  try {
    await parquetRead({
      ...options,
      onComplete(read) {
        rows = read
      },
    })
  } catch (error) {
    if (error instanceof SeedFault) throw error
    throw new SeedFault(
      'bad-parquet',
      `rows ${rowStart} to ${rowEnd - 1} of the Parquet file cannot be read: ${messageOf(error)}`,
      { cause: error, suggestion: writeAgain },
    )
  }
  return rows
}

/** Rows of the file, as it says itself in two ways. */
function sizeOf({ num_rows: all, row_groups: groups }: FileMetaData): number {
  let sum = 0n
  for (const [at, { num_rows: rows }] of groups.entries()) {
    if (rows < 0n) throw damaged(`its row group ${at} has ${rows} rows`)
    sum += rows
  }
  if (sum === all && sum <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(sum)
  throw damaged(`it says it has ${all} rows, and its row groups have ${sum}`)
}

function damaged(what: string): SeedFault {
  return new SeedFault('bad-parquet', `the Parquet file is damaged: ${what}`, {
    suggestion: writeAgain,
  })
}

function readRow(
  columns: readonly ColumnReading[],
  row: readonly unknown[],
  index: number,
): ReturnType<Read>[] {
  return columns.map(({ name, place, read }) => {
    try {
      return read(row[place])
    } catch (error) {
      throw new SeedFault(
        'bad-parquet',
        `column ${quoted(name)}, row ${index}: ${messageOf(error)}`,
        {
          cause: error,
        },
      )
    }
  })
}

function checkNames(names: readonly string[]): void {
  const empty = names.indexOf('')
  if (empty < 0) return
  throw new SeedFault(
    'empty-column-name',
    `the file has ${names.length} columns, and number ${empty + 1} has no name`,
    { suggestion: 'Give every column a name; pandas writes such a one for an index: index=False.' },
  )
}

function checkCodecs(metadata: FileMetaData): void {
  for (const group of metadata.row_groups) {
    for (const { meta_data: chunk } of group.columns) {
      if (chunk === undefined || readableCodecs.has(chunk.codec)) continue
      throw new SeedFault(
        'unsupported',
        `column ${quoted(chunk.path_in_schema.join('.'))} is compressed with ${chunk.codec}`,
        { suggestion: `Write the file with one of: ${[...readableCodecs].join(', ')}.` },
      )
    }
  }
}
