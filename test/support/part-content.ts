import { RowSet } from '../../src/plan/row-set.ts'
import type { ColumnType } from '../../src/graph/column-type.ts'
import { fromStored, type StoredValue, toStored } from '../../src/graph/stored-value.ts'
import type { JournaledExchange } from '../../src/rows/journal.ts'
import type { AbsentRow, PartContent, PartEnd, RecordBlock } from '../../src/rows/part-content.ts'
import type { KnownFailure } from '../../src/rows/stored-rows.ts'
import type { RunStore } from '../../src/store/run-store.ts'
import type { Value } from '../../src/util/value.ts'
import { withoutVector } from '../../src/util/vector.ts'

export interface PartValues extends Partial<PartEnd> {
  part: number
  /** Of the rows with a record. */
  rows: readonly number[]
  /** By column id, aligned with `rows`. */
  columns: readonly (readonly Value[])[]
  /** Rows of a block; all of them by default. */
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

export interface JournaledRows {
  cells: JournaledValue[]
  exchanges: JournaledExchange[]
  failures: KnownFailure[]
}

/** All that the ledger holds of undecided rows of a part, read a few bytes at a time. */
export async function journaledPart(store: RunStore, part: number): Promise<JournaledRows> {
  const { partRows } = store.settings
  const decided = (await store.partRecord(part))?.decided ?? []
  const all = RowSet.fromIntervals([{ start: part * partRows, end: (part + 1) * partRows }])
  const rows = [...all.subtract(RowSet.fromIntervals(decided)).intervals()]
  const found: JournaledRows = { cells: [], exchanges: [], failures: [] }
  for await (const block of store.readRows(rows, { maxBytes: 1_000, exchanges: true })) {
    block.values.forEach((value, at) => {
      const column = block.columns[at] as number
      const type = store.settings.columns[column]?.type ?? 'string'
      found.cells.push({
        row: block.rows[at] as number,
        column,
        value: withoutVector(fromStored(type, value)),
      })
    })
    found.failures.push(...block.failures)
    found.exchanges.push(...block.exchanges)
  }
  return found
}
