import { parquetMetadataAsync, parquetReadObjects } from 'hyparquet'
import type { ColumnType } from '../graph/kind.ts'
import { decompressors, openSource, parsers } from '../store/parquet.ts'
import { parseJson } from '../util/json.ts'
import { toDouble, toInteger, type Value } from '../util/value.ts'

/** A record of a dataset file: values in the order of its columns. */
export type RecordValues = ReadonlyMap<string, Value>

/** A record as a program reads it: plain values, JSON columns parsed. */
export type DatasetRecord = Record<string, unknown>

/** Reads the records of Parquet files one row group at a time, in order. */
export async function* readFiles(
  paths: readonly string[],
  types: ReadonlyMap<string, ColumnType>,
): AsyncGenerator<RecordValues> {
  for (const path of paths) {
    using source = openSource(path)
    const metadata = await parquetMetadataAsync(source.buffer)
    let rowStart = 0
    for (const { num_rows: size } of metadata.row_groups) {
      const rowEnd = rowStart + Number(size)
      const rows = await parquetReadObjects({
        file: source.buffer,
        metadata,
        compressors: decompressors,
        parsers,
        rowStart,
        rowEnd,
      })
      for (const row of rows) yield recordOf(row, types)
      rowStart = rowEnd
    }
  }
}

function recordOf(
  row: Record<string, unknown>,
  types: ReadonlyMap<string, ColumnType>,
): RecordValues {
  const record = new Map<string, Value>()
  for (const [name, type] of types) record.set(name, valueOf(row[name], type))
  return record
}

function valueOf(cell: unknown, type: ColumnType): Value {
  if (cell === null || cell === undefined) return null
  if (typeof cell === 'bigint') return toInteger(cell)
  if (typeof cell === 'number') return type === 'float64' ? toDouble(cell) : cell
  if (typeof cell === 'boolean') return cell
  if (typeof cell !== 'string') throw new TypeError(`expected text in a file, got a ${typeof cell}`)
  return type === 'json' ? parseJson(cell) : cell
}
