import { parquetMetadataAsync, parquetRead, type AsyncBuffer, type FileMetaData } from 'hyparquet'
import type { ColumnType } from '../graph/column-type.ts'
import { decompressors, openSource, parsers } from '../store/parquet-codec.ts'
import { parseJson } from '../util/json.ts'
import { toDouble, toInteger, type Value } from '../util/value.ts'
import { vectorNumbers } from '../util/vector.ts'

/** A record of a dataset file: values in the order of its columns. */
export type RecordValues = ReadonlyMap<string, Value>

/** A record as a program reads it: plain values, JSON columns parsed. */
export type DatasetRecord = Record<string, unknown>

/** Reads the records of Parquet files one row group at a time, in order. */
export async function* readFiles(
  paths: readonly string[],
  types: ReadonlyMap<string, ColumnType>,
): AsyncGenerator<RecordValues> {
  const columns = [...types]
  const names = columns.map(([name]) => name)
  for (const path of paths) {
    using source = openSource(path)
    const metadata = await parquetMetadataAsync(source.buffer)
    let rowStart = 0
    for (const { num_rows: size } of metadata.row_groups) {
      const rowEnd = rowStart + Number(size)
      for (const row of await readRows(source.buffer, metadata, rowStart, rowEnd, names)) {
        yield new Map(columns.map(([name, type], at) => [name, valueOf(row[at], type)]))
      }
      rowStart = rowEnd
    }
  }
}

/** Rows are lists in the order of the columns: as objects they would lose a `__proto__`. */
async function readRows(
  file: AsyncBuffer,
  metadata: FileMetaData,
  rowStart: number,
  rowEnd: number,
  columns: string[],
): Promise<readonly (readonly unknown[])[]> {
  let rows: readonly (readonly unknown[])[] = []
  await parquetRead({
    file,
    metadata,
    columns,
    compressors: decompressors,
    parsers,
    rowStart,
    rowEnd,
    onComplete(read) {
      rows = read
    },
  })
  return rows
}

function valueOf(cell: unknown, type: ColumnType): Value {
  if (cell === null || cell === undefined) return null
  if (typeof cell === 'bigint') return toInteger(cell)
  if (typeof cell === 'number') return type === 'float64' ? toDouble(cell) : cell
  if (typeof cell === 'boolean') return cell
  // A list of floats, of 32 bits though the reader has them as doubles.
  if (Array.isArray(cell)) return vectorNumbers(Float32Array.from(cell as readonly number[]))
  if (typeof cell !== 'string') throw new TypeError(`expected text in a file, got a ${typeof cell}`)
  return type === 'json' ? parseJson(cell) : cell
}
