/**
 * What becomes of a row, everywhere: a complete record, a record with a null where a cell failed, no
 * record because a cell failed, or none because a filter rejected it. A row without one remains.
 */
type RowOutcome = 'accepted' | 'null-kept' | 'dropped' | 'rejected'

/** The outcomes that leave no record. */
export type AbsentOutcome = Extract<RowOutcome, 'dropped' | 'rejected'>

/** Rows by outcome, each counted once. */
export interface OutcomeTotals {
  /** Complete records. */
  accepted: number
  /** Records with a null where a cell failed. */
  nullKept: number
  /** Rows without a record because a cell failed. */
  dropped: number
  /** Rows without a record because a filter rejected them. */
  rejected: number
}

/** Rows that have an outcome. */
export function decidedOf({ accepted, nullKept, dropped, rejected }: OutcomeTotals): number {
  return accepted + nullKept + dropped + rejected
}
