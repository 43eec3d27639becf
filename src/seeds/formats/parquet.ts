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
import { SeedFault } from '../define.ts'
import type { SeedFile } from '../file.ts'
import { batchRows, type FormatReading, type SeedFormat } from './define.ts'
import { readParquetColumn, type ParquetColumn } from './parquet-types.ts'

export const parquet: SeedFormat = {
  name: 'parquet',
  endings: ['.parquet'],
  open: openParquet,
}

/** Snappy is built in. LZ4 and LZO have no decoder here. */
const compressors: Compressors = {
  GZIP: (input) => gunzipSync(input),
  BROTLI: (input) => brotliDecompressSync(input),
  ZSTD: (input) => zstdDecompressSync(input),
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

async function openParquet(file: SeedFile, signal: AbortSignal): Promise<FormatReading> {
  const buffer: AsyncBuffer = {
    byteLength: file.sizeBytes,
    slice: (start, end = file.sizeBytes) => file.slice(start, end),
  }
  signal.throwIfAborted()
  const metadata = await readMetadata(buffer)
  checkCodecs(metadata)
  const columns = parquetSchema(metadata).children.map((node) => readParquetColumn(node))
  return {
    columns: columns.map(({ name, type }) => ({ name, type })),
    size: Number(metadata.num_rows),
    async *rows(rowsSignal) {
      let groupStart = 0
      for (const group of metadata.row_groups) {
        rowsSignal.throwIfAborted()
        const groupEnd = groupStart + Number(group.num_rows)
        const rows = await readGroup(buffer, metadata, groupStart, groupEnd)
        for (let at = 0; at < rows.length; at += batchRows) {
          const batch = rows.slice(at, at + batchRows)
          const first = groupStart + at
          yield batch.map((row, offset) => readRow(columns, row, first + offset))
        }
        groupStart = groupEnd
      }
    },
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
