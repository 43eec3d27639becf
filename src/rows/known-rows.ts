/** Which cells of a row the ledger holds, without their values: many rows have the same ones. */
export interface KnownPattern {
  /** Ids of columns with a cell. */
  cells: readonly number[]
  /** Ids of columns that failed and left a null. */
  nulls: readonly number[]
  /** Ids of columns with answered requests. */
  exchanges: readonly number[]
  /** A cell failed, and the row goes without a record. */
  dropped: boolean
}

/** What the ledger holds of some rows: those it holds nothing of are omitted. */
export interface KnownRows {
  /** Ascending. */
  rows: Float64Array
  /** Position in `patterns`, by position in `rows`. */
  kinds: Uint32Array
  patterns: readonly KnownPattern[]
}
