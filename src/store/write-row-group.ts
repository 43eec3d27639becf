import type { ParquetWriter } from 'hyparquet-writer'
import type { ColumnType } from '../graph/kind.ts'
import { countValues, type ValueCounts } from '../profile/value-counts.ts'
import { writeColumnChunk, type ChunkColumn } from './column-chunk.ts'
import type { FileColumn } from './parquet-codec.ts'
import type { PlainType } from './plain-page.ts'
import type { RowBlock } from './row-group.ts'
import { recordColumn, rowColumn } from './run-settings.ts'

const plainTypes: Readonly<Record<ColumnType, PlainType>> = {
  bool: 'BOOLEAN',
  int64: 'INT64',
  float64: 'DOUBLE',
  string: 'BYTE_ARRAY',
  json: 'BYTE_ARRAY',
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
  const common = { type: 'INT64', required: true } as const
  // One record a row, so far.
  const records = Array<number>(rows.length).fill(0)
  const all: ChunkColumn[] = [
    { ...common, name: rowColumn, values: Array.from(rows), counts: null },
    { ...common, name: recordColumn, values: records, counts: countValues(records) },
    ...columns.map(({ name, type }, column) => ({
      name,
      type: plainTypes[type],
      required: false,
      values: values[column] ?? [],
      counts: counts[column] ?? null,
    })),
  ]
  const chunks = all.map((column) => writeColumnChunk(writer, column))
  const bytes = chunks.map(({ meta_data: meta }) => meta?.total_uncompressed_size ?? 0n)
  const count = BigInt(rows.length)
  parquet.num_rows += count
  parquet.row_groups.push({
    columns: chunks,
    total_byte_size: bytes.reduce((sum, size) => sum + size, 0n),
    num_rows: count,
    total_compressed_size: BigInt(writer.offset - start),
  })
}
