import { storedBytes, type StoredValue } from '../graph/stored-value.ts'
import type { Interval } from '../plan/interval.ts'
import type { KnownPattern, KnownRows } from '../rows/known-rows.ts'
import type { KnownFailure } from '../rows/stored-rows.ts'
import { columnAt, keyList, type KeyedColumn } from './ledger-config.ts'
import { readCount, readText, type LedgerFile, type SqlRow } from './ledger-file.ts'
import { readExchange, readOutcome, stands, type StoredExchange } from './ledger-journal.ts'
import { usageColumns } from './ledger-usage.ts'
import { fromSql } from './sql-value.ts'

/** What is journaled of some rows, as threads exchange it. */
export interface RowPage {
  /** The row behind the last one that was looked at. */
  end: number
  rows: Float64Array
  columns: Uint32Array
  values: readonly StoredValue[]
  failures: readonly KnownFailure[]
  exchanges: readonly StoredExchange[]
}

export interface PageOptions {
  /** The page ends with the row that reaches this. */
  maxBytes: number
  /** Positions of the columns that are read; null for all. */
  wanted: readonly number[] | null
  exchanges: boolean
}

/** Cells of a page, and failures, about: as many as a thread takes in without holding its loop. */
const pageCells = 4096

/** Whole rows from the start of the given ones, at least one. */
export function readRowPage(
  ledger: LedgerFile,
  columns: readonly KeyedColumn[],
  rows: readonly Interval[],
  options: PageOptions,
): RowPage {
  const reading = { ledger, columns, positions: positionsByKey(columns), ...options }
  const page: OpenPage = {
    rows: [],
    columns: [],
    values: [],
    failures: [],
    exchanges: [],
    bytes: 0,
  }
  let end = rows[0]?.start ?? 0
  for (const interval of rows) {
    end = interval.end
    if (options.exchanges) end = addExchanges(reading, page, interval.start, end)
    end = addCells(reading, page, interval.start, end)
    const looked = addFailures(reading, page, interval.start, end)
    if (looked < end) dropCellsFrom(page, looked)
    end = looked
    if (end < interval.end || isFull(reading, page) || hasManyFailures(page)) break
  }
  return {
    end,
    rows: Float64Array.from(page.rows),
    columns: Uint32Array.from(page.columns),
    values: page.values,
    failures: page.failures,
    exchanges: page.exchanges.filter(({ row }) => row < end),
  }
}

interface Reading extends PageOptions {
  ledger: LedgerFile
  columns: readonly KeyedColumn[]
  positions: ReadonlyMap<number, number>
}

interface OpenPage {
  rows: number[]
  columns: number[]
  values: StoredValue[]
  failures: KnownFailure[]
  exchanges: StoredExchange[]
  bytes: number
}

function isFull({ maxBytes }: PageOptions, page: OpenPage): boolean {
  return page.bytes >= maxBytes || page.rows.length >= pageCells
}

function hasManyFailures({ failures }: OpenPage): boolean {
  return failures.length >= pageCells
}

/** Adds cells row by row; answers the row behind the last one. */
function addCells(reading: Reading, page: OpenPage, start: number, end: number): number {
  const { ledger, columns, positions, wanted } = reading
  // The few sets of columns are few statements. Cells of older configs are never read.
  const read = wanted === null ? columns : wanted.map((position) => columnAt(columns, position))
  const sql = `SELECT row, column_key, value FROM cell
    WHERE row >= ? AND row < ? AND column_key IN (${keyList(read)}) ORDER BY row, column_key`
  let last = start
  for (const cell of ledger.eachExact(sql, start, end)) {
    const row = Number(cell['row'])
    if (row > last && isFull(reading, page)) return row
    last = row
    const column = positions.get(Number(cell['column_key']))
    // A key that is not a column of this run any more.
    if (column === undefined) continue
    const { type } = (columns[column] as KeyedColumn).settings
    const value = fromSql(type, cell['value'])
    page.bytes += storedBytes(value)
    page.rows.push(row)
    page.columns.push(column)
    page.values.push(value)
  }
  return end
}

function addExchanges(reading: Reading, page: OpenPage, start: number, end: number): number {
  const { ledger, positions } = reading
  const sql = `SELECT row, column_key, turn, hash, reply, ${usageColumns} FROM exchange
    WHERE row >= ? AND row < ? ORDER BY row, column_key, turn`
  let last = start
  for (const found of ledger.each(sql, start, end)) {
    const row = readCount(found, 'row', 'exchange.row')
    if (row > last && isFull(reading, page)) return row
    last = row
    const column = positions.get(readCount(found, 'column_key', 'exchange.column_key'))
    if (column === undefined) continue
    const exchange = readExchange(found, column)
    page.bytes += storedBytes(exchange.reply)
    page.exchanges.push(exchange)
  }
  return end
}

/** Adds failures of rows whose cells are there, in row order; answers the row behind the last one. */
function addFailures(reading: Reading, page: OpenPage, start: number, end: number): number {
  const { ledger, positions } = reading
  const sql = `SELECT row, column_key, code, outcome FROM failure
    WHERE row >= ? AND row < ? AND ${stands} ORDER BY row, column_key`
  let last = start
  for (const found of ledger.each(sql, start, end)) {
    const row = readCount(found, 'row', 'failure.row')
    if (row > last && hasManyFailures(page)) return row
    last = row
    const column = positions.get(readCount(found, 'column_key', 'failure.column_key'))
    if (column === undefined) continue
    const code = readText(found, 'code', 'failure.code')
    page.failures.push({ row, column, code, outcome: readOutcome(found) })
  }
  return end
}

function dropCellsFrom({ rows, columns, values }: OpenPage, end: number): void {
  let count = rows.length
  while (count > 0 && (rows[count - 1] ?? 0) >= end) count -= 1
  rows.length = count
  columns.length = count
  values.length = count
}

interface FoundRow {
  cells: number[]
  nulls: number[]
  exchanges: number[]
  dropped: boolean
}

/** Which cells are journaled of rows start ≤ row < end. No value is read. */
export function readKnownRows(
  ledger: LedgerFile,
  columns: readonly KeyedColumn[],
  { start, end }: Interval,
): KnownRows {
  const positions = positionsByKey(columns)
  const known = new Map<number, FoundRow>()

  function each(sql: string, add: (found: FoundRow, column: number, row: SqlRow) => void): void {
    for (const row of ledger.each(`${sql} row >= ? AND row < ?`, start, end)) {
      const column = positions.get(Number(row['column_key']))
      if (column === undefined) continue
      const number = Number(row['row'])
      let found = known.get(number)
      if (found === undefined) {
        found = { cells: [], nulls: [], exchanges: [], dropped: false }
        known.set(number, found)
      }
      add(found, column, row)
    }
  }

  // In the order of their keys, so that rows with the same cells have the same pattern.
  each('SELECT row, column_key FROM cell WHERE', ({ cells }, column) => cells.push(column))
  each('SELECT DISTINCT row, column_key FROM exchange WHERE', (row, column) =>
    row.exchanges.push(column),
  )
  each(
    `SELECT row, column_key, outcome FROM failure WHERE ${stands} AND`,
    (row, column, failure) => {
      if (readOutcome(failure) === 'null') row.nulls.push(column)
      else row.dropped = true
    },
  )
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
      const key = JSON.stringify(pattern)
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
