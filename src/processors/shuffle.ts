import { join } from 'node:path'
import { z } from 'zod'
import { oneOf, text } from '../config/scalars.ts'
import { storedBytes, toStored } from '../graph/stored-value.ts'
import type { RecordBatch, RecordColumn } from '../graph/processor-kind.ts'
import { defineProcessor } from './define.ts'
import { openRecordSpool } from './record-spool.ts'

/** Records that are given on at once. */
const BATCH_ROWS = 1_024

/**
 * Puts the records into a random order: each goes to the position that a permutation has for it,
 * by way of files for stretches of positions, of which one at a time is held.
 */
export const shuffle = defineProcessor({
  by: 'records',
  type: 'shuffle',
  schema: z
    .strictObject({
      name: text({ nonEmpty: true }).describe('Any name; another one gives another order.'),
      processor_type: oneOf(['shuffle']),
    })
    .describe('Puts the records into a random order.'),
  output: (_config, columns) => ({ columns, reads: [] }),
  async *run(_config, records, { columns, permutation, scratch }) {
    const { count, bytes } = await measure(records, columns)
    if (count === 0) return
    const place = permutation(count)
    const path = join(await scratch(), 'shuffled')
    await using spool = await openRecordSpool(path, { columns, count, bytes })
    let seen = 0
    for await (const batch of records) {
      for (const at of batch.rows.keys()) await spool.add(place(seen + at), batch, at)
      seen += batch.rows.length
    }
    yield* spool.batches(BATCH_ROWS)
  },
})

async function measure(
  records: AsyncIterable<RecordBatch>,
  columns: readonly RecordColumn[],
): Promise<{ count: number; bytes: number }> {
  let count = 0
  let bytes = 0
  for await (const batch of records) {
    count += batch.rows.length
    for (const [position, { type }] of columns.entries()) {
      for (const value of batch.columns[position] ?? []) bytes += storedBytes(toStored(type, value))
    }
  }
  return { count, bytes }
}
