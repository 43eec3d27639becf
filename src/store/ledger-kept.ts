import type { Interval } from '../plan/interval.ts'
import { RowSet } from '../plan/row-set.ts'
import { readDecided } from './ledger-decided.ts'
import { readCount, type LedgerFile } from './ledger-file.ts'

/** A search for so many rows with a record, among so many candidates. */
export interface KeptSearch {
  wanted: number
  most: number
}

/** Which candidates have a record, as far as such a search needs to know. */
export interface StoredKeptRows {
  /** Decided rows. */
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

/** Reads which candidates have a record, up to the one that is the `wanted`-th. */
export function readKeptRows(
  ledger: LedgerFile,
  partRows: number,
  { wanted, most }: KeptSearch,
): StoredKeptRows {
  const decided = [
    ...RowSet.fromIntervals(readDecided(ledger, partRows)).intersect(0, most).intervals(),
  ]
  const first = decided[0]
  const frontier = first?.start === 0 ? first.end : 0
  const count = ledger.get('SELECT count(*) AS count FROM absent WHERE row < ?', frontier)
  const below = frontier - readCount(count ?? {}, 'count', 'absent')
  const later = ledger
    .all('SELECT row FROM absent WHERE row >= ? AND row < ? ORDER BY row', frontier, most)
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
