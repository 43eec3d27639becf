import type { ColumnChunk } from 'hyparquet'
import type { ParquetWriter, Writer } from 'hyparquet-writer'
import { isTimeType, isVectorType, type ColumnType, type VectorType } from '../graph/column-type.ts'
import type { StoredValue } from '../graph/stored-value.ts'
import { countValues, type ValueCounts } from '../profile/value-counts.ts'
import { writeColumnChunk, type ChunkColumn } from './column-chunk.ts'
import type { FileColumn } from './parquet-codec.ts'
import { physicalColumn } from './parquet-value.ts'
import type { PlainType } from './plain-page.ts'
import type { RowBlock } from './row-group.ts'
import { recordColumn, rowColumn } from './run-settings.ts'
import { writeVectorChunk } from './vector-chunk.ts'

const plainTypes: Readonly<Record<Exclude<ColumnType, VectorType>, PlainType>> = {
  bool: 'BOOLEAN',
  int64: 'INT64',
  float64: 'DOUBLE',
  string: 'BYTE_ARRAY',
  json: 'BYTE_ARRAY',
  media: 'BYTE_ARRAY',
  date: 'INT32',
  timestamp: 'INT64',
  timestamp_utc: 'INT64',
  timestamp_ns: 'INT64',
  timestamp_ns_utc: 'INT64',
}

/** Writes a row group of a part and notes it for the footer; `counts` of its columns. */
export function writeRowGroup(
  parquet: ParquetWriter,
  columns: readonly FileColumn[],
  { rows, columns: values }: RowBlock,
  counts: readonly (ValueCounts | null)[],
): void {
  const { writer } = parquet
  const start = writer.offset
  const chunks = writeNumbers(writer, rows)
  for (const [id, column] of columns.entries()) {
    chunks.push(writeChunk(writer, column, values[id] ?? [], counts[id] ?? null))
    void writer.flush?.()
  }
  const count = BigInt(rows.length)
  parquet.num_rows += count
  parquet.row_groups.push({
    columns: chunks,
    total_byte_size: chunks.reduce((sum, chunk) => sum + bytesOf(chunk), 0n),
    num_rows: count,
    total_compressed_size: BigInt(writer.offset - start),
  })
}

/** Of rows and of records. */
function writeNumbers(writer: Writer, rows: Float64Array): ColumnChunk[] {
  const common = { type: 'INT64', required: true } as const
  // One record a row, so far.
  const records = Array<number>(rows.length).fill(0)
  return [
    { ...common, name: rowColumn, values: Array.from(rows), counts: null },
    { ...common, name: recordColumn, values: records, counts: countValues(records) },
  ].map((column) => writeColumnChunk(writer, column))
}

function writeChunk(
  writer: Writer,
  { name, type }: FileColumn,
  values: readonly StoredValue[],
  counts: ValueCounts | null,
): ColumnChunk {
  if (isVectorType(type)) {
    const vectors = values.map((value) => (value instanceof Float32Array ? value : null))
    return writeVectorChunk(writer, name, vectors)
  }
  const column = { name, type: plainTypes[type], required: false }
  if (!isTimeType(type)) return writeColumnChunk(writer, { ...column, values, counts })
  return writeColumnChunk(writer, { ...column, ...physicalTimes(type, values, counts) })
}

/** Times are texts in memory and counts in a file; each is read once. */
function physicalTimes(
  type: ColumnType,
  values: readonly StoredValue[],
  counts: ValueCounts | null,
): Pick<ChunkColumn, 'values' | 'counts'> {
  if (counts === null) return { values: physicalColumn(type, values), counts }
  const different = physicalColumn(type, counts.values)
  return {
    values: Array.from(counts.positions, (position) => different[position] ?? null),
    counts: { ...counts, values: different },
  }
}

function bytesOf({ meta_data: meta }: ColumnChunk): bigint {
  return meta?.total_uncompressed_size ?? 0n
}
