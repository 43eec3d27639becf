import { storedBytes, type StoredValue } from '../graph/stored-value.ts'
import type { Interval } from '../plan/interval.ts'
import type { KnownPattern, KnownRows } from '../scheduler/known-rows.ts'
import { readCount, type LedgerFile } from './ledger-file.ts'
import { readFailure, readOutcome, type KeyedColumn, type StoredFailure } from './ledger-journal.ts'
import { fromSql } from './sql-value.ts'

/** What is journaled of some rows, as threads exchange it. */
export interface RowPage {
  /** The row behind the last one that was looked at. */
  end: number
  rows: Float64Array
  columns: Uint32Array
  values: StoredValue[]
  failures: StoredFailure[]
}

export interface PageOptions {
  /** The page ends with the row that reaches this. */
  maxBytes: number
  /** Positions of the columns that are read; null for all. */
  wanted: readonly number[] | null
}

/** Cells of a page, about: as many as a thread takes in without holding its loop. */
const pageCells = 4096

/** Whole rows from the start of the given ones, at least one. */
export function readRowPage(
  ledger: LedgerFile,
  columns: readonly KeyedColumn[],
  rows: readonly Interval[],
  { maxBytes, wanted }: PageOptions,
): RowPage {
  const positions = positionsByKey(columns)
  const sql = cellsOf(wanted?.map((position) => columns[position]?.key ?? -1) ?? null)
  const found = { rows: [] as number[], columns: [] as number[], values: [] as StoredValue[] }
  const failures: StoredFailure[] = []
  let bytes = 0
  let end = rows[0]?.start ?? 0
  for (const interval of rows) {
    let last = interval.start
    end = interval.end
    for (const cell of ledger.eachExact(sql, interval.start, interval.end)) {
      const row = Number(cell['row'])
      if (row > last && (bytes >= maxBytes || found.rows.length >= pageCells)) {
        end = row
        break
      }
      last = row
      const column = positions.get(Number(cell['column_key']))
      // A key that is no column of this run any more.
      if (column === undefined) continue
      const value = fromSql((columns[column] as KeyedColumn).settings.type, cell['value'])
      bytes += storedBytes(value)
      found.rows.push(row)
      found.columns.push(column)
      found.values.push(value)
    }
    for (const failure of ledger.all(failuresOfRange, interval.start, end)) {
      const column = positions.get(readCount(failure, 'column_key', 'failure.column_key'))
      if (column !== undefined) failures.push(readFailure(failure, column))
    }
    if (end < interval.end || bytes >= maxBytes || found.rows.length >= pageCells) break
  }
  return {
    end,
    rows: Float64Array.from(found.rows),
    columns: Uint32Array.from(found.columns),
    values: found.values,
    failures,
  }
}

/** Keys are whole numbers of this ledger's own; the few sets of columns are few statements. */
function cellsOf(keys: readonly number[] | null): string {
  const only = keys === null ? '' : `AND column_key IN (${keys.join(', ')}) `
  return `SELECT row, column_key, value FROM cell
    WHERE row >= ? AND row < ? ${only}ORDER BY row, column_key`
}

const failuresOfRange = 'SELECT * FROM failure WHERE row >= ? AND row < ?'

/** Which cells are journaled of rows start ≤ row < end. No value is read. */
export function readKnownRows(
  ledger: LedgerFile,
  columns: readonly KeyedColumn[],
  { start, end }: Interval,
): KnownRows {
  const positions = positionsByKey(columns)
  const known = new Map<number, { cells: number[]; nulls: number[]; dropped: boolean }>()
  const of = (row: number): { cells: number[]; nulls: number[]; dropped: boolean } => {
    let found = known.get(row)
    if (found === undefined) known.set(row, (found = { cells: [], nulls: [], dropped: false }))
    return found
  }
  const cells =
    'SELECT row, column_key FROM cell WHERE row >= ? AND row < ? ORDER BY row, column_key'
  for (const cell of ledger.each(cells, start, end)) {
    const column = positions.get(Number(cell['column_key']))
    if (column !== undefined) of(Number(cell['row'])).cells.push(column)
  }
  const failures = 'SELECT row, column_key, outcome FROM failure WHERE row >= ? AND row < ?'
  for (const failure of ledger.each(failures, start, end)) {
    const column = positions.get(Number(failure['column_key']))
    if (column === undefined) continue
    const row = of(Number(failure['row']))
    if (readOutcome(failure) === 'null') row.nulls.push(column)
    else row.dropped = true
  }
  return packed(known)
}

function packed(known: ReadonlyMap<number, KnownPattern>): KnownRows {
  const rows = Float64Array.from(known.keys()).sort()
  const patterns: KnownPattern[] = []
  const kinds = new Map<string, number>()
  return {
    rows,
    kinds: Uint32Array.from(rows, (row) => {
      const pattern = known.get(row) as KnownPattern
      const key = `${pattern.cells.join()};${pattern.nulls.join()};${pattern.dropped}`
      let kind = kinds.get(key)
      if (kind === undefined) {
        kinds.set(key, (kind = patterns.length))
        patterns.push(pattern)
      }
      return kind
    }),
    patterns,
  }
}

function positionsByKey(columns: readonly KeyedColumn[]): ReadonlyMap<number, number> {
  return new Map(columns.map(({ key }, position) => [key, position]))
}
