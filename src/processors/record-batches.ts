import type { RecordBatch } from '../graph/processor-kind.ts'
import type { Cell } from '../util/value.ts'

/** Some records of a batch, by their positions in it. */
export function pickRecords({ rows, columns }: RecordBatch, kept: readonly number[]): RecordBatch {
  return {
    rows: Float64Array.from(kept, (at) => rows[at] ?? 0),
    columns: columns.map((values) => kept.map((at) => values[at] ?? null)),
  }
}

/** A batch with one more column. */
export function withColumn({ rows, columns }: RecordBatch, values: readonly Cell[]): RecordBatch {
  return { rows, columns: [...columns, values] }
}

/** How many records there are: all of them are read. */
export async function countRecords(records: AsyncIterable<RecordBatch>): Promise<number> {
  let count = 0
  for await (const { rows } of records) count += rows.length
  return count
}
