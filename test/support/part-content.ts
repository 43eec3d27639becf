import type { Interval } from '../../src/plan/interval.ts'
import type { ColumnType } from '../../src/graph/kind.ts'
import { fromStored, type StoredValue, toStored } from '../../src/graph/stored-value.ts'
import type { JournaledFailure } from '../../src/scheduler/journal.ts'
import type {
  AbsentRow,
  PartContent,
  PartEnd,
  RecordBlock,
} from '../../src/scheduler/part-content.ts'
import type { RunStore } from '../../src/store/store.ts'
import type { Value } from '../../src/util/value.ts'

export interface PartValues extends Partial<PartEnd> {
  part: number
  /** Of the rows with a record. */
  rows: readonly number[]
  /** By column id, aligned with `rows`. */
  columns: readonly (readonly Value[])[]
  /** Rows of a block; all of them when left out. */
  blockRows?: number
}

/** A part's content out of values that are there. */
export function partContent(
  types: readonly ColumnType[],
  { part, rows, columns, blockRows = Math.max(1, rows.length), ...end }: PartValues,
): PartContent {
  const { absent = [], failures = [], nullKept = 0, skipped = [] } = end
  async function* blocks(): AsyncGenerator<RecordBlock> {
    for (let from = 0; from < rows.length; from += blockRows) {
      const stored = columns.map((values, id) =>
        values
          .slice(from, from + blockRows)
          .map((value): StoredValue => toStored(types[id] ?? 'string', value)),
      )
      const block = { rows: Float64Array.from(rows.slice(from, from + blockRows)), columns: stored }
      yield { ...block, bytes: JSON.stringify(rows).length, release: () => undefined }
    }
  }
  const gone = absent.map(({ row }: AbsentRow) => row)
  return {
    part,
    rows:
      gone.length === 0
        ? Float64Array.from(rows)
        : Float64Array.from(new Set([...rows, ...gone])).sort(),
    blocks: blocks(),
    end: () => ({ absent, failures, nullKept, skipped }),
  }
}

interface JournaledValue {
  row: number
  column: number
  value: Value
}

/** All that the ledger holds of rows, read a few bytes at a time. */
export async function journaledRows(
  store: RunStore,
  rows: readonly Interval[],
): Promise<{ cells: JournaledValue[]; failures: JournaledFailure[] }> {
  const cells: JournaledValue[] = []
  const failures: JournaledFailure[] = []
  for await (const block of store.readRows(rows, { maxBytes: 1_000 })) {
    block.values.forEach((value, at) => {
      const column = block.columns[at] as number
      const type = store.settings.columns[column]?.type ?? 'string'
      cells.push({ row: block.rows[at] as number, column, value: fromStored(type, value) })
    })
    failures.push(...block.failures)
  }
  return { cells, failures }
}
