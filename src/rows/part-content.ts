import type { StoredValue } from '../graph/stored-value.ts'
import type { JournaledFailure } from './journal.ts'
import type { AbsentOutcome } from './row-outcome.ts'

/** Records in row order, on their way into a part file. */
export interface RecordBlock {
  /** At least one, absolute and ascending. */
  rows: Float64Array
  /** Cells by column id, aligned with `rows`. */
  columns: readonly (readonly StoredValue[])[]
  bytes: number
  /** The block has left this thread: its bytes are held no more. */
  readonly release: () => void
}

/** A decided row without a record. */
export interface AbsentRow {
  row: number
  outcome: AbsentOutcome
  /** The one that failed or rejected it. */
  column: number
  code: string
}

/** What is known of a part once all of its records were made. */
export interface PartEnd {
  /** In row order. */
  absent: readonly AbsentRow[]
  /** Failures of pure columns, found while the records were made. */
  failures: readonly JournaledFailure[]
  /** Records with a null because a cell failed. */
  nullKept: number
  /** Skipped cells of the records by column id. */
  skipped: readonly number[]
}

/** Newly decided rows of a part: records that are made as they are asked for. */
export interface PartContent {
  part: number
  /** Every row that gets its outcome, absolute and ascending. */
  rows: Float64Array
  blocks: AsyncIterable<RecordBlock>
  /** To be asked for once `blocks` has ended. */
  end(): PartEnd
}
