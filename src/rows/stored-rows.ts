import type { StoredValue } from '../graph/stored-value.ts'
import type { Interval } from '../plan/interval.ts'
import type { JournaledExchange, JournaledFailure } from './journal.ts'

/** A cell that failed; what was said about it stays in the ledger. */
export type KnownFailure = Pick<JournaledFailure, 'row' | 'column' | 'code' | 'outcome'>

/** What the ledger holds of some rows, in row order and in its stored form. */
export interface StoredBlock {
  /** The row behind the last one that was looked at: what is not here below it is not there. */
  end: number
  /** Row, column id and value of every cell. */
  rows: Float64Array
  columns: Uint32Array
  values: readonly StoredValue[]
  failures: readonly KnownFailure[]
  /** Empty unless they are asked for. */
  exchanges: readonly JournaledExchange[]
}

export interface ReadRowsOptions {
  /** A block ends with the row that reaches this. */
  maxBytes: number
  /** Only cells of these columns; all by default. */
  columns?: readonly number[]
  /** Whether answered requests of cells that are not done are read as well. */
  exchanges?: boolean
}

/** Reads journaled cells of rows in ascending blocks, each with at least one row. */
export type ReadRows = (
  rows: readonly Interval[],
  options: ReadRowsOptions,
) => AsyncIterable<StoredBlock>
