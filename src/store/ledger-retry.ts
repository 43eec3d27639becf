import type { Interval } from '../plan/interval.ts'
import { RowSet } from '../plan/row-set.ts'
import { columnAt, keyList, type KeyedColumn } from './ledger-config.ts'
import { corrupt } from './ledger-corrupt.ts'
import { partRowsText, readPartRows, removeDecided } from './ledger-decided.ts'
import { readCount, readText, type LedgerFile, type SqlRow } from './ledger-file.ts'
import { readOutcome, retryOutcome, stands } from './ledger-journal.ts'
import { readNullCells } from './ledger-parts.ts'
import { forgetMerged } from './ledger-profiles.ts'
import { reopenFailed } from './ledger-reopen.ts'

/** A column whose failed cells are made again. */
interface RetriedColumn {
  /** Its position. */
  column: number
  /** Positions of the columns whose cells were made with a null in its place: they are made again, too. */
  readers: readonly number[]
}

/** Which failed cells are made again. */
export interface Retry {
  columns: readonly RetriedColumn[]
  /** Only those that failed for this reason. */
  code: string | undefined
}

/** A failed cell as this file looks at it. */
interface Failed {
  row: number
  key: number
  isNull: boolean
}

/**
 * Makes rows with failed cells undecided again and gives them: dropped ones, and ones that were kept
 * with a null. All that was paid for in them is still there, but for cells that were made with a null
 * of a cell that is made again.
 *
 * A row that was dropped because of several cells is taken up for any of them, and all of these are
 * made again; a null that was kept in it stays unless it is asked for.
 */
export function retryFailed(
  ledger: LedgerFile,
  columns: readonly KeyedColumn[],
  partRows: number,
  { columns: retried, code }: Retry,
): Interval[] {
  const readersOf = new Map(
    retried.map(({ column, readers }) => [
      columnAt(columns, column).key,
      readers.map((reader) => columnAt(columns, reader).key),
    ]),
  )
  if (readersOf.size === 0) return []
  return ledger.write(() => {
    const wanted = { keys: [...readersOf.keys()], code }
    const found = [
      ...failedCells(ledger, wanted),
      ...absentCells(ledger, wanted),
      ...summedNulls(ledger, wanted),
    ]
    const absent = absentRows(ledger, found)
    const undecided: Failed[] = []
    const standing: Failed[] = []
    const decided = decidedRows(ledger)
    for (const cell of found) {
      if (absent.rejected.has(cell.row)) continue
      if (absent.dropped.has(cell.row) || !decided.has(cell.row)) undecided.push(cell)
      else standing.push(cell)
    }
    takeUpDropped(ledger, columns, partRows, absent.dropped)
    forgetFailures(ledger, partRows, undecided, readersOf)
    const reopened = reopenNulls(ledger, columns, partRows, standing, readersOf)
    if (absent.dropped.size + standing.length > 0) ledger.run('UPDATE dataset SET current = 0')
    const rows = RowSet.fromRows([...absent.dropped].toSorted((one, other) => one - other))
    return [...rows.union(reopened).intervals()]
  })
}

interface Wanted {
  keys: readonly number[]
  code: string | undefined
}

function failedCells(ledger: LedgerFile, { keys, code }: Wanted): Failed[] {
  // Keys are whole numbers of this ledger's own.
  const rows = ledger.all(
    `SELECT row, column_key, outcome FROM failure
    WHERE column_key IN (${keys.join(', ')}) AND ${stands} AND (?1 IS NULL OR code = ?1)
    ORDER BY row`,
    code ?? null,
  )
  return rows.map((row) => ({
    row: readCount(row, 'row', 'failure.row'),
    key: readCount(row, 'column_key', 'failure.column_key'),
    isNull: readOutcome(row) === 'null',
  }))
}

/** Cells that dropped their rows. */
function absentCells(ledger: LedgerFile, { keys, code }: Wanted): Failed[] {
  const rows = ledger.all(
    `SELECT row, column_key FROM absent
    WHERE outcome = 'dropped' AND column_key IN (${keys.join(', ')}) AND (?1 IS NULL OR code = ?1)`,
    code ?? null,
  )
  return rows.map((row) => ({
    row: readCount(row, 'row', 'absent.row'),
    key: readCount(row, 'column_key', 'absent.column_key'),
    isNull: false,
  }))
}

/** Null cells of which only a sum is known, and those that have a separate failure again. */
function summedNulls(ledger: LedgerFile, { keys, code }: Wanted): Failed[] {
  const wanted = new Set(keys)
  const found: Failed[] = []
  for (const part of ledger.all("SELECT number, null_cells FROM part WHERE null_cells <> '{}'")) {
    for (const [key, codes] of readNullCells(part, readCount(part, 'number', 'part.number'))) {
      if (!wanted.has(key)) continue
      for (const [why, rows] of codes) {
        if (code !== undefined && why !== code) continue
        for (const row of rows) found.push({ row, key, isNull: true })
      }
    }
  }
  return found
}

/** The rows without a record among those of some cells. */
function absentRows(
  ledger: LedgerFile,
  cells: readonly Failed[],
): { dropped: Set<number>; rejected: Set<number> } {
  const dropped = new Set<number>()
  const rejected = new Set<number>()
  for (const { row } of cells) {
    const outcome = ledger.get('SELECT outcome FROM absent WHERE row = ?', row)?.['outcome']
    if (outcome === 'dropped') dropped.add(row)
    else if (outcome !== undefined) rejected.add(row)
  }
  return { dropped, rejected }
}

function decidedRows(ledger: LedgerFile): RowSet {
  const rows = ledger.all('SELECT start, end FROM decided ORDER BY start')
  return RowSet.fromIntervals(
    rows.map((row) => ({
      start: readCount(row, 'start', 'decided.start'),
      end: readCount(row, 'end', 'decided.end'),
    })),
  )
}

/** Makes dropped rows undecided; what dropped them is forgotten. */
function takeUpDropped(
  ledger: LedgerFile,
  columns: readonly KeyedColumn[],
  partRows: number,
  dropped: ReadonlySet<number>,
): void {
  const ofConfig = `outcome = 'dropped' AND column_key IN (${keyList(columns)})`
  const byPart = Map.groupBy(dropped, (row) => Math.floor(row / partRows))
  for (const [part, numbers] of byPart) {
    const row = ledger.get('SELECT number, dropped, decided FROM part WHERE number = ?', part)
    if (row === undefined) throw corrupt(`part ${part}`, row, 'the part of a dropped row')
    const rows = RowSet.fromRows(numbers.toSorted((one, other) => one - other))
    for (const number of numbers) {
      ledger.run('DELETE FROM absent WHERE row = ?', number)
      ledger.run(`DELETE FROM failure WHERE row = ? AND ${ofConfig}`, number)
    }
    for (const interval of rows.intervals()) removeDecided(ledger, interval)
    ledger.run(
      'UPDATE part SET dropped = ?, decided = ? WHERE number = ?',
      leftOf(row, part, numbers.length),
      partRowsText(readPartRows(row, part, partRows).subtract(rows), partRows),
      part,
    )
    forgetMerged(ledger, part)
  }
}

function leftOf(row: SqlRow, part: number, taken: number): number {
  const dropped = readCount(row, 'dropped', `part ${part}: dropped`)
  if (dropped < taken) throw corrupt(`part ${part}: dropped`, dropped, `at least ${taken}`)
  return dropped - taken
}

/** Failures of undecided rows are forgotten, with the cells that were made from their nulls. */
function forgetFailures(
  ledger: LedgerFile,
  partRows: number,
  cells: readonly Failed[],
  readersOf: ReadonlyMap<number, readonly number[]>,
): void {
  for (const { row, key, isNull } of cells) {
    const part = Math.floor(row / partRows)
    // The file of the part still holds what was made from the null.
    if (isNull && ledger.get('SELECT 1 FROM reopened WHERE part = ?', part) !== undefined) {
      markForRetry(ledger, row, key, readersOf)
      continue
    }
    ledger.run('DELETE FROM failure WHERE row = ? AND column_key = ?', row, key)
    if (!isNull) continue
    for (const reader of readersOf.get(key) ?? []) {
      for (const table of ['cell', 'exchange', 'failure']) {
        ledger.run(`DELETE FROM ${table} WHERE row = ? AND column_key = ?`, row, reader)
      }
    }
  }
}

/** Parts with null cells are opened again; what their files hold of other cells is known. */
function reopenNulls(
  ledger: LedgerFile,
  columns: readonly KeyedColumn[],
  partRows: number,
  cells: readonly Failed[],
  readersOf: ReadonlyMap<number, readonly number[]>,
): RowSet {
  let rows = RowSet.empty
  for (const [part, failed] of Map.groupBy(cells, ({ row }) => Math.floor(row / partRows))) {
    rows = rows.union(reopenFailed(ledger, columns, partRows, part))
    for (const { row, key } of failed) markForRetry(ledger, row, key, readersOf)
  }
  return rows
}

/** The cell is not taken from the part's file, and neither is what was made from its null. */
function markForRetry(
  ledger: LedgerFile,
  row: number,
  key: number,
  readersOf: ReadonlyMap<number, readonly number[]>,
): void {
  const failure = ledger.get(
    `UPDATE failure SET outcome = '${retryOutcome}' WHERE row = ? AND column_key = ? RETURNING code`,
    row,
    key,
  )
  // The failure is stored twice: as a separate failure and in a sum.
  if (failure === undefined) return
  const code = readText(failure, 'code', 'failure.code')
  for (const reader of readersOf.get(key) ?? []) {
    ledger.run(
      `INSERT OR REPLACE INTO failure
      VALUES (?, ?, ?, '', 0, NULL, '${retryOutcome}', 0, 0, 0, 0, 0, NULL)`,
      row,
      reader,
      code,
    )
  }
}
