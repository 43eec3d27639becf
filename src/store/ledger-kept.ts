import type { Interval } from '../plan/interval.ts'
import { RowSet } from '../plan/row-set.ts'
import { readDecided } from './ledger-decided.ts'
import { readCount, type LedgerFile } from './ledger-file.ts'

/** Which rows have a record, as far as a search for so many of them needs to know. */
export interface StoredKeptRows {
  /** Decided rows, below the target or not. */
  decided: Interval[]
  /** All rows below it are decided. */
  frontier: number
  /** Rows with a record below the frontier. */
  below: number
  /** Rows with a record from the frontier on. */
  beyond: Interval[]
  /** Below the frontier, the row of the last record that is looked for; null when there are too few. */
  last: number | null
}

/** Reads which rows have a record, up to the one that is the `wanted`-th. */
export function readKeptRows(ledger: LedgerFile, partRows: number, wanted: number): StoredKeptRows {
  const decided = readDecided(ledger, partRows)
  const first = decided[0]
  const frontier = first?.start === 0 ? first.end : 0
  const count = ledger.get('SELECT count(*) AS count FROM absent WHERE row < ?', frontier)
  const below = frontier - readCount(count ?? {}, 'count', 'absent')
  const later = ledger
    .all('SELECT row FROM absent WHERE row >= ? ORDER BY row', frontier)
    .map((row) => readCount(row, 'row', 'absent.row'))
  const kept = RowSet.fromIntervals(decided.filter(({ start }) => start >= frontier)).subtract(
    RowSet.fromRows(later),
  )
  return {
    decided,
    frontier,
    below,
    beyond: [...kept.intervals()],
    last: wanted > 0 && below >= wanted ? lastOf(ledger, wanted) : null,
  }
}

/** The row with the `wanted`-th record, of rows that are all decided up to there. */
function lastOf(ledger: LedgerFile, wanted: number): number {
  let gone = 0
  for (const row of ledger.each('SELECT row FROM absent ORDER BY row')) {
    if (readCount(row, 'row', 'absent.row') - gone >= wanted) break
    gone += 1
  }
  return wanted - 1 + gone
}
