import { join } from 'node:path'
import type { Usage } from '../graph/request.ts'
import { RowsmithError } from '../util/errors.ts'
import { nearest } from '../util/near-miss.ts'
import { columnAt, keyList, type KeyedColumn } from './ledger-config.ts'
import { ledgerError } from './ledger-error.ts'
import {
  ledgerName,
  openLedgerForReading,
  readCount,
  readNullableText,
  readText,
  type LedgerFile,
} from './ledger-file.ts'
import { readOutcome, standingOutcome, stands } from './ledger-journal.ts'
import { readNullCells } from './ledger-parts.ts'
import { readSettings } from './ledger-run.ts'
import { readUsageOf, usageColumns } from './ledger-usage.ts'

/** A failed cell, as the ledger stores it. */
export interface FailedCell {
  row: number
  column: string
  code: string
  message: string
  /** The effect on its row: no record, a record with a null in this cell, or the run stopped. */
  outcome: 'dropped' | 'null' | 'stopped'
  /** Requests, or tries of a function; null where the run folder kept only sums. */
  attempts: number | null
  /** Of the replies that could not be used; null where the run folder kept only sums. */
  usage: Usage | null
  /** The model's answer, at most 16 KiB. */
  raw: string | null
}

/** A selection of failed cells; all of them by default. */
export interface FailureFilter {
  column?: string | undefined
  code?: string | undefined
}

/** Failures that are read at once. */
const pageCells = 256

/**
 * Reads failed cells below the target part by part, in row order, without a lock. Each page is read
 * by itself: a run that works meanwhile continues, and what fails behind the last page is still seen.
 */
export function* readFailedCells(
  directory: string,
  filter: FailureFilter = {},
): Generator<FailedCell> {
  const path = join(directory, ledgerName)
  const ledger = openLedgerForReading(path)
  try {
    const { settings, columns } = readSettings(ledger)
    const wanted = wantedColumns(columns, filter)
    const reading = { ledger, columns: wanted, keys: keyList(columns), code: filter.code }
    const { partRows, rows: target } = settings
    for (let part = nextPart(ledger, 0, partRows); part !== null;) {
      const start = part * partRows
      if (start >= target) return
      yield* cellsOfPart(reading, part, { start, end: Math.min(start + partRows, target) })
      part = nextPart(ledger, part + 1, partRows)
    }
  } catch (error) {
    throw ledgerError(error, `reading ${path}`, path)
  } finally {
    ledger.close()
  }
}

/** The columns that are asked for; refuses a name that no column of the run has. */
function wantedColumns(
  columns: readonly KeyedColumn[],
  { column }: FailureFilter,
): readonly KeyedColumn[] {
  if (column === undefined) return columns
  const found = columns.filter(({ settings }) => settings.name === column)
  if (found.length > 0) return found
  const names = columns
    .filter(({ settings }) => settings.hidden !== true)
    .map(({ settings }) => settings.name)
  const near = nearest(column, names)
  throw new RowsmithError('usage', `the run has no column ${JSON.stringify(column)}`, {
    hints: [near === undefined ? `It has ${names.join(', ')}.` : `Did you mean ${near}?`],
  })
}

/** A session stopped for it, and no later one has made it. */
const stopped = `outcome = 'stopped' AND NOT EXISTS (SELECT 1 FROM cell
  WHERE cell.row = failure.row AND cell.column_key = failure.column_key)`

interface Reading {
  ledger: LedgerFile
  columns: readonly KeyedColumn[]
  /** Of all columns of the config. */
  keys: string
  code: string | undefined
}

/** The first part from one on that has failures, of its own or as sums. */
function nextPart(ledger: LedgerFile, from: number, partRows: number): number | null {
  const row = ledger.get('SELECT min(row) AS row FROM failure WHERE row >= ?', from * partRows)
  const part = ledger.get(
    "SELECT min(number) AS number FROM part WHERE number >= ? AND null_cells <> '{}'",
    from,
  )
  const found = [
    ...(typeof row?.['row'] === 'number' ? [Math.floor(row['row'] / partRows)] : []),
    ...(typeof part?.['number'] === 'number' ? [part['number']] : []),
  ]
  return found.length === 0 ? null : Math.min(...found)
}

/** Failed cells of one row; inside a reading of the ledger. */
export function failedCellsOf(
  ledger: LedgerFile,
  columns: readonly KeyedColumn[],
  row: number,
  partRows: number,
): FailedCell[] {
  const bounds = { start: row, end: row + 1 }
  const reading = { ledger, columns, keys: keyList(columns), code: undefined }
  return [...cellsOfPart(reading, Math.floor(row / partRows), bounds)]
}

function* cellsOfPart(
  reading: Reading,
  part: number,
  { start, end }: { start: number; end: number },
): Generator<FailedCell> {
  const { ledger, columns, keys, code } = reading
  const positions = new Map(columns.map(({ key }, at) => [key, at]))
  /** Null cells that have a separate failure. */
  const told = new Set<string>()
  for (let [row, key] = [start, -1]; ;) {
    const page = ledger.all(
      `SELECT row, column_key, code, message, attempts, raw, ${standingOutcome(keys)} AS outcome,
        ${usageColumns}
      FROM failure
      WHERE (row, column_key) > (?1, ?2) AND row >= ?1 AND row < ?3 AND (${stands} OR ${stopped})
      ORDER BY row, column_key LIMIT ${pageCells}`,
      row,
      key,
      end,
    )
    for (const found of page) {
      row = readCount(found, 'row', 'failure.row')
      key = readCount(found, 'column_key', 'failure.column_key')
      told.add(`${row} ${key}`)
      const at = positions.get(key)
      const why = readText(found, 'code', 'failure.code')
      if (at === undefined || (code !== undefined && why !== code)) continue
      yield {
        row,
        column: columnAt(columns, at).settings.name,
        code: why,
        message: readText(found, 'message', 'failure.message'),
        outcome: found['outcome'] === 'stopped' ? 'stopped' : readOutcome(found),
        attempts: readCount(found, 'attempts', 'failure.attempts'),
        usage: readUsageOf(found, 'failure'),
        raw: readNullableText(found, 'raw', 'failure.raw'),
      }
    }
    if (page.length < pageCells) break
  }
  yield* summedCells(reading, part, { start, end, told })
}

/** Null cells of which the run folder has only the sum of their column and code. */
function* summedCells(
  { ledger, columns, code: only }: Reading,
  part: number,
  { start, end, told }: { start: number; end: number; told: ReadonlySet<string> },
): Generator<FailedCell> {
  const found = ledger.get('SELECT null_cells FROM part WHERE number = ?', part)
  if (found === undefined) return
  const cells = readNullCells(found, part)
  for (const { key, settings } of columns) {
    for (const [code, rows] of cells.get(key) ?? []) {
      if (only !== undefined && code !== only) continue
      const sum =
        ledger.get(
          'SELECT row, message, raw FROM null_failure WHERE column_key = ? AND code = ?',
          key,
          code,
        ) ?? {}
      for (const row of rows) {
        if (row < start || row >= end || told.has(`${row} ${key}`)) continue
        yield {
          row,
          column: settings.name,
          code,
          message: readText(sum, 'message', 'null_failure.message'),
          outcome: 'null',
          attempts: null,
          usage: null,
          raw: sum['row'] === row ? readNullableText(sum, 'raw', 'null_failure.raw') : null,
        }
      }
    }
  }
}
