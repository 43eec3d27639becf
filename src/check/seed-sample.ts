import type { SeedRow } from '../seeds/define.ts'
import type { InspectedSeed, SeedOrdering } from '../seeds/inspect-seed.ts'
import { joinRows, rowsOfRecord } from '../seeds/rows-of-record.ts'
import { createSeedOrder } from '../seeds/seed-order.ts'
import type { Value } from '../util/value.ts'

/** A few seed rows available, as a run would meet them where that is cheap. */
export interface SeedSample {
  value(row: number, column: string): Value
  /** Rows from which on the sample has met every selected seed row; infinite when it never does. */
  completeFrom: number
}

/** Rows before the selection that are read over; beyond, a sample is not worth the reading. */
const mostSkipped = 10_000
/** Rows kept: enough to have some variety, read in a moment. */
const mostKept = 1_000

/** Reads the first selected rows of a seed; null where the selection begins far inside the file. */
export async function sampleSeed(
  { seed, selection }: InspectedSeed,
  { sampling_strategy: strategy, rows_per_record: perRecord }: SeedOrdering,
  { runSeed, signal }: { runSeed: bigint; signal: AbortSignal },
): Promise<SeedSample | null> {
  const { start, size } = selection
  if (start > mostSkipped) return null
  const count = Math.min(size, mostKept)
  const rows: SeedRow[] = []
  let position = 0
  for await (const batch of seed.rows({ signal })) {
    const from = Math.max(0, start - position)
    rows.push(...batch.slice(from, from + count - rows.length))
    position += batch.length
    if (rows.length >= count) break
  }
  const columns = new Map(seed.columns.map(({ name }, index) => [name, index]))
  const order = createSeedOrder(strategy, selection, runSeed)
  // Of a large seed the rows that were read, some way apart: neighbours are often alike.
  const stride = Math.max(1, Math.floor(rows.length / 50))
  const isWhole = count === size
  return {
    value(row, column) {
      const wanted = isWhole
        ? rowsOfRecord(order, row, perRecord).map((at) => at - start)
        : Array.from({ length: perRecord }, (_, at) => (row * stride + at) % rows.length)
      return joinRows(wanted.map((at) => rows[at] ?? []))[columns.get(column) ?? -1] ?? null
    },
    completeFrom: isWhole ? size : Number.POSITIVE_INFINITY,
  }
}
