import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import {
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
  type AsyncBuffer,
  type Compressors,
  type FileMetaData,
  type ParquetParsers,
} from 'hyparquet'
import { messageOf } from '../../util/errors.ts'
import { quoted } from '../../config/literal.ts'
import { SeedFault, type SeedColumn, type SeedRow } from '../define.ts'
import { openSlices, type ReadOptions, type SeedFile } from '../file.ts'
import { commonType, widenTo } from '../value-type.ts'
import {
  alignColumns,
  batchRows,
  faultIn,
  inFile,
  type FormatReading,
  type SeedFormat,
} from './define.ts'
import { lz4, lz4Raw } from './lz4.ts'
import { readParquetColumn, type ParquetColumn } from './parquet-types.ts'

export const parquet: SeedFormat = {
  name: 'parquet',
  endings: ['.parquet'],
  streamed: false,
  open: openParquet,
}

/** Snappy is built into the reader. LZO has no decoder here; nobody writes it. */
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
}

async function openParquet(
  files: readonly SeedFile[],
  { signal }: ReadOptions,
): Promise<FormatReading> {
  let columns: SeedColumn[] = []
  let size = 0
  for (const [at, file] of files.entries()) {
    signal.throwIfAborted()
    try {
      await using table = await openTable(file)
      const names = table.columns.map(({ name }) => name)
      const places =
        at === 0
          ? null
          : alignColumns(
              columns.map(({ name }) => name),
              files[0] ?? file,
              names,
            )
      columns =
        places === null
          ? table.columns.map(({ name, type }) => ({ name, type }))
          : columns.map(({ name, type }, column) => {
              const other = table.columns[places[column] ?? column]?.type ?? type
              return { name, type: commonType(type, other) }
            })
      size += Number(table.metadata.num_rows)
    } catch (error) {
      throw faultIn(file, error)
    }
  }
  return {
    columns,
    size,
    async *rows(options) {
      for (const file of files) yield* inFile(file, readTable(file, columns, options))
    },
  }
}

interface ParquetTable extends AsyncDisposable {
  readonly buffer: AsyncBuffer
  readonly metadata: FileMetaData
  readonly columns: readonly ParquetColumn[]
}

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
    checkCodecs(metadata)
    const columns = parquetSchema(metadata).children.map((node) => readParquetColumn(node))
    return { buffer, metadata, columns, [Symbol.asyncDispose]: () => slices[Symbol.asyncDispose]() }
  } catch (error) {
    await slices[Symbol.asyncDispose]()
    throw error
  }
}

/** Rows of one file, in the columns of all. */
async function* readTable(
  file: SeedFile,
  wanted: readonly SeedColumn[],
  { signal, onBytes }: ReadOptions,
): AsyncGenerator<SeedRow[]> {
  await using table = await openTable(file, (bytes) => onBytes?.(file, bytes))
  const { buffer, metadata } = table
  const columns = wanted.map(({ name, type }): ParquetColumn => {
    const own = table.columns.find((column) => column.name === name)
    if (own === undefined) throw new Error(`${file.path} has lost its column ${name}`)
    return { name, type, read: (raw) => widenTo(type, own.read(raw)) }
  })
  let groupStart = 0
  for (const group of metadata.row_groups) {
    signal.throwIfAborted()
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

async function readMetadata(file: AsyncBuffer): Promise<FileMetaData> {
  try {
    if (file.byteLength < 12) throw new Error(`it has ${file.byteLength} bytes`)
    return await parquetMetadataAsync(file, { parsers: rawParsers, geoparquet: false })
  } catch (error) {
    throw new SeedFault('bad-parquet', `the file is not readable as Parquet: ${messageOf(error)}`, {
      cause: error,
      suggestion: 'The writer may not have finished it; write it again.',
    })
  }
}

async function readGroup(
  file: AsyncBuffer,
  metadata: FileMetaData,
  rowStart: number,
  rowEnd: number,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  if (rowStart === rowEnd) return []
  try {
    return await parquetReadObjects({
      file,
      metadata,
      rowStart,
      rowEnd,
      compressors,
      parsers: rawParsers,
      utf8: false,
      geoparquet: false,
    })
  } catch (error) {
    throw new SeedFault(
      'bad-parquet',
      `rows ${rowStart} to ${rowEnd - 1} of the Parquet file cannot be read: ${messageOf(error)}`,
      { cause: error },
    )
  }
}

function readRow(
  columns: readonly ParquetColumn[],
  row: Readonly<Record<string, unknown>>,
  index: number,
): ReturnType<ParquetColumn['read']>[] {
  return columns.map(({ name, read }) => {
    try {
      return read(row[name])
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
