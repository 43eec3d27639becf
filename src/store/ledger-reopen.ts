import type { Interval } from '../plan/interval.ts'
import { RowSet } from '../plan/row-set.ts'
import {
  addConfig,
  columnAt,
  readColumns,
  type ConfigVersion,
  type KeyedColumn,
} from './ledger-config.ts'
import { partRowsText, readPartRows, removeDecided } from './ledger-decided.ts'
import {
  parseStored,
  readCount,
  readNullableText,
  readText,
  type LedgerFile,
  type SqlRow,
} from './ledger-file.ts'
import { type ConfigInForce, readAbsent, readNullCells } from './ledger-parts.ts'
import { forgetMerged } from './ledger-profiles.ts'
import { storeVersion } from './ledger-run.ts'
import { keptOutcome, retryOutcome } from './ledger-journal.ts'
import {
  addToUsage,
  readUsageOf,
  usageColumns,
  usagePlaces,
  usageSubtracted,
  usageValues,
} from './ledger-usage.ts'
import { noUsage, type Usage } from '../graph/request.ts'
import { nullRows } from './null-cells.ts'
import type { RowBlock } from './row-group.ts'
import { toSql } from './sql-value.ts'

/** What a change of the config did. */
export interface ChangedConfig {
  config: number
  columns: KeyedColumn[]
  /** Rows that are undecided again. */
  reopened: Interval[]
}

/**
 * Continues with another version of the config.
 *
 * A part that has every column of it stays as it is, whatever their order and whichever are omitted
 * from the dataset. The rows of the others are undecided again; what their files hold of columns
 * that did not change is known when they are made.
 */
export function changeConfig(
  ledger: LedgerFile,
  partRows: number,
  version: ConfigVersion,
): ChangedConfig {
  return ledger.write(() => applyConfig(ledger, partRows, version))
}

/** Inside a transaction. */
export function applyConfig(
  ledger: LedgerFile,
  partRows: number,
  version: ConfigVersion,
): ChangedConfig {
  const config = addConfig(ledger, version)
  const columns = readColumns(ledger, config)
  ledger.run("UPDATE meta SET value = ? WHERE key = 'config'", String(config))
  storeVersion(ledger, version)
  ledger.run('UPDATE dataset SET current = 0')
  const keys = columns.map(({ key }) => key)
  const reopened = reopenParts(ledger, partRows, keys)
  countNullRows(ledger, new Set(keys))
  return { config, columns, reopened }
}

/** Rows of parts that stay are null-kept for the columns of the new version only. */
function countNullRows(ledger: LedgerFile, keys: ReadonlySet<number>): void {
  for (const row of ledger.all("SELECT * FROM part WHERE null_cells <> '{}'")) {
    const number = readCount(row, 'number', 'part.number')
    const { size } = nullRows(readNullCells(row, number), keys)
    if (size === row['null_kept']) continue
    ledger.run('UPDATE part SET null_kept = ? WHERE number = ?', size, number)
  }
}

/** Makes the rows of parts undecided that lack one of the columns; inside a transaction. */
function reopenParts(ledger: LedgerFile, partRows: number, keys: readonly number[]): Interval[] {
  const wanted = new Set(keys)
  let rows = RowSet.empty
  for (const found of ledger.all('SELECT DISTINCT config FROM part')) {
    const config = readCount(found, 'config', 'part.config')
    const there = new Set(keysOf(ledger, config))
    if (keys.every((key) => there.has(key))) continue
    for (const { number } of ledger.all('SELECT number FROM part WHERE config = ?', config)) {
      rows = rows.union(reopenPart(ledger, partRows, Number(number), wanted, noteFile))
    }
  }
  for (const part of partsAbsentBeside(ledger, partRows, keys)) {
    rows = rows.union(reopenPart(ledger, partRows, part, wanted, noteFile))
  }
  return [...rows.intervals()]
}

/** Parts with rows that are absent because of a filter or a column which is no longer there. */
function partsAbsentBeside(
  ledger: LedgerFile,
  partRows: number,
  keys: readonly number[],
): number[] {
  // Keys are whole numbers of this ledger's own.
  const found = ledger.all(
    `SELECT DISTINCT CAST(row / ? AS INTEGER) AS part FROM absent
    WHERE column_key NOT IN (${keys.join(', ')}) ORDER BY part`,
    partRows,
  )
  return found.map((row) => readCount(row, 'part', 'absent.row'))
}

/** Keys of the columns of a config version, in order. */
export function keysOf(ledger: LedgerFile, config: number): number[] {
  return ledger
    .all('SELECT column_key FROM config_column WHERE config = ? ORDER BY position', config)
    .map((row) => readCount(row, 'column_key', 'config_column.column_key'))
}

/**
 * Makes the rows of parts undecided whose files are no longer what they were, and gives them.
 *
 * Nothing of these files is known then: what they held is paid for again.
 */
export function forgetFiles(
  ledger: LedgerFile,
  columns: readonly KeyedColumn[],
  partRows: number,
  parts: readonly number[],
): Interval[] {
  const all = new Set(columns.map(({ key }) => key))
  let rows = RowSet.empty
  ledger.write(() => {
    for (const part of parts) {
      ledger.run('INSERT OR IGNORE INTO intent SELECT file FROM reopened WHERE part = ?', part)
      ledger.run('DELETE FROM reopened WHERE part = ?', part)
      forgetMarks(ledger, part, partRows)
      if (ledger.get('SELECT 1 FROM part WHERE number = ?', part) === undefined) continue
      rows = rows.union(reopenPart(ledger, partRows, part, all, giveUpFile))
    }
    ledger.run('UPDATE dataset SET current = 0')
  })
  return [...rows.intervals()]
}

/** Makes the rows of a part undecided some of whose cells are to be made again; inside a transaction. */
export function reopenFailed(
  ledger: LedgerFile,
  columns: readonly KeyedColumn[],
  partRows: number,
  part: number,
): RowSet {
  const all = new Set(columns.map(({ key }) => key))
  return reopenPart(ledger, partRows, part, all, noteFile)
}

function giveUpFile(ledger: LedgerFile, row: SqlRow, part: number): void {
  const file = readNullableText(row, 'file', `part ${part}: file`)
  if (file !== null) ledger.run('INSERT OR IGNORE INTO intent VALUES (?)', file)
}

/** A row that is absent because of a column that did not change stays so. */
function reopenPart(
  ledger: LedgerFile,
  partRows: number,
  part: number,
  wanted: ReadonlySet<number>,
  leaveFile: (ledger: LedgerFile, row: SqlRow, part: number) => void,
): RowSet {
  const row = ledger.get('SELECT * FROM part WHERE number = ?', part) ?? {}
  const decided = readPartRows(row, part, partRows)
  const absent = readAbsent(ledger, part * partRows, (part + 1) * partRows)
  const kept = absent.filter(({ key }) => wanted.has(key))
  const left = RowSet.fromRows(kept.map(({ row: number }) => number))
  const reopened = decided.subtract(left)
  if (reopened.isEmpty) return reopened
  for (const interval of reopened.intervals()) {
    removeDecided(ledger, interval)
    const { start, end } = interval
    ledger.run('DELETE FROM absent WHERE row >= ? AND row < ?', start, end)
  }
  unfoldNullFailures(ledger, row, part)
  leaveFile(ledger, row, part)
  ledger.run('DELETE FROM part WHERE number = ?', part)
  if (!left.isEmpty) {
    const dropped = kept.filter(({ outcome }) => outcome === 'dropped').length
    ledger.run(
      "INSERT INTO part VALUES (?, ?, NULL, NULL, 0, 0, 0, 0, ?, ?, ?, '{}', '{}')",
      part,
      readCount(row, 'config', `part ${part}: config`),
      dropped,
      kept.length - dropped,
      partRowsText(left, partRows),
    )
  }
  ledger.run('DELETE FROM profile WHERE level = 0 AND number = ?', part)
  forgetMerged(ledger, part)
  return reopened
}

/** Failures of null-kept rows are those of undecided rows again, and no longer in the sum. */
function unfoldNullFailures(ledger: LedgerFile, part: SqlRow, number: number): void {
  for (const [key, codes] of readNullCells(part, number)) {
    for (const [code, rows] of codes) {
      const { usage, summed } = takeKept(ledger, key, rows)
      const sum =
        ledger.get(
          `UPDATE null_failure SET count = count - ?, ${usageSubtracted}
          WHERE column_key = ? AND code = ? RETURNING message, count`,
          rows.length,
          ...usageValues(usage),
          key,
          code,
        ) ?? {}
      const message = readText(sum, 'message', 'null_failure.message')
      if (summed.length === 0 && sum['count'] === 0) {
        ledger.run('DELETE FROM null_failure WHERE column_key = ? AND code = ?', key, code)
      }
      // Of a run folder that kept the sum alone, what these cost stays in it.
      for (const row of summed) {
        ledger.run(
          `INSERT OR IGNORE INTO failure VALUES (?, ?, ?, ?, 1, NULL, 'null', ${usagePlaces})`,
          row,
          key,
          code,
          message,
          ...usageValues(noUsage),
        )
      }
    }
  }
}

/** Failures of null cells that have their own words; gives what they cost, and the rows without. */
function takeKept(
  ledger: LedgerFile,
  key: number,
  rows: readonly number[],
): { usage: Usage; summed: number[] } {
  const usage: Usage = { ...noUsage }
  const summed: number[] = []
  for (const row of rows) {
    const kept = ledger.get(
      `UPDATE failure SET outcome = 'null' WHERE row = ? AND column_key = ?
        AND outcome = '${keptOutcome}' RETURNING ${usageColumns}`,
      row,
      key,
    )
    if (kept === undefined) summed.push(row)
    else addToUsage(usage, readUsageOf(kept, 'failure'))
  }
  return { usage, summed }
}

function noteFile(ledger: LedgerFile, row: SqlRow, part: number): void {
  const file = readNullableText(row, 'file', `part ${part}: file`)
  if (file === null) return
  ledger.run(
    'INSERT INTO reopened VALUES (?, ?, ?, ?, ?)',
    part,
    readCount(row, 'config', `part ${part}: config`),
    file,
    readText(row, 'sha256', `part ${part}: sha256`),
    readText(row, 'skipped', `part ${part}: skipped`),
  )
}

/** The file of a part whose rows are undecided again, and what of it is known. */
export interface ReopenedPart {
  part: number
  file: string
  sha256: string
  /** The columns whose cells are worth keeping. */
  columns: readonly KeyedColumn[]
  /** Keys of columns with skipped cells: a null of theirs may be one. */
  skipped: ReadonlySet<number>
  /** Whether some of its cells are not to be taken: they are made again. */
  marked: boolean
}

export function readReopened(ledger: LedgerFile): number[] {
  return ledger
    .all('SELECT part FROM reopened ORDER BY part')
    .map((row) => readCount(row, 'part', 'reopened.part'))
}

/** Files of some parts from a part on, those of reopened ones too. */
export function readPartFiles(
  ledger: LedgerFile,
  from: number,
  most: number,
): { part: number; file: string; sha256: string }[] {
  return ledger
    .all(
      `SELECT number AS part, file, sha256 FROM part WHERE number >= ?1 AND file IS NOT NULL
      UNION ALL SELECT part, file, sha256 FROM reopened WHERE part >= ?1
      ORDER BY part LIMIT ?2`,
      from,
      most,
    )
    .map((row) => ({
      part: readCount(row, 'part', 'part.number'),
      file: readText(row, 'file', 'part.file'),
      sha256: readText(row, 'sha256', 'part.sha256'),
    }))
}

/** Columns that are no longer in the config are taken along: their cells are there when they come back. */
export function readReopenedPart(
  ledger: LedgerFile,
  partRows: number,
  part: number,
): ReopenedPart | null {
  const row = ledger.get('SELECT * FROM reopened WHERE part = ?', part)
  if (row === undefined) return null
  const columns = readColumns(ledger, readCount(row, 'config', 'reopened.config'))
  const marked = ledger.get(
    `SELECT 1 FROM failure WHERE ${marksOfPart} LIMIT 1`,
    ...bounds(part, partRows),
  )
  return { ...fileOf(row, part, columns.filter(isPaid)), marked: marked !== undefined }
}

/**
 * The file of a part that is about to get further rows, where it has columns that are no longer in
 * the config: the new file will be without them.
 */
export function readOutdatedPart(
  ledger: LedgerFile,
  { config, columns }: ConfigInForce,
  part: number,
): ReopenedPart | null {
  const row = ledger.get(
    'SELECT * FROM part WHERE number = ? AND file IS NOT NULL AND config <> ?',
    part,
    config,
  )
  if (row === undefined) return null
  const wanted = new Set(columns.map(({ key }) => key))
  const left = readColumns(ledger, readCount(row, 'config', `part ${part}: config`)).filter(
    (column) => isPaid(column) && !wanted.has(column.key),
  )
  return left.length === 0 ? null : fileOf(row, part, left)
}

function isPaid({ settings }: KeyedColumn): boolean {
  return settings.pure !== true
}

function fileOf(row: SqlRow, part: number, columns: readonly KeyedColumn[]): ReopenedPart {
  const skipped = parseStored(readText(row, 'skipped'), 'skipped')
  return {
    part,
    file: readText(row, 'file'),
    sha256: readText(row, 'sha256'),
    columns,
    skipped: new Set(Object.keys(skipped ?? {}).map(Number)),
    marked: false,
  }
}

/**
 * Takes some rows of a reopened part's file as known cells.
 *
 * A null that a skip or a failure left is not an answer: the condition is asked again, and the failure
 * is among those of the row.
 */
export function takeCells(
  ledger: LedgerFile,
  { columns, skipped, marked }: ReopenedPart,
  block: RowBlock,
): void {
  const take = marked ? takeUnlessMarked : 'INSERT OR IGNORE INTO cell VALUES (?, ?, ?)'
  ledger.write(() => {
    for (const position of columns.keys()) {
      const { key, settings } = columnAt(columns, position)
      for (const [at, value] of (block.columns[position] ?? []).entries()) {
        const row = block.rows[at] as number
        if (value !== null) {
          const stored = toSql(settings.type, value)
          ledger.run(take, row, key, stored)
        } else if (!skipped.has(key)) {
          ledger.run(
            `INSERT OR IGNORE INTO cell SELECT ?1, ?2, NULL WHERE NOT EXISTS
              (SELECT 1 FROM failure WHERE row = ?1 AND column_key = ?2)`,
            row,
            key,
          )
        }
      }
    }
  })
}

const takeUnlessMarked = `INSERT OR IGNORE INTO cell SELECT ?1, ?2, ?3 WHERE NOT EXISTS
  (SELECT 1 FROM failure WHERE row = ?1 AND column_key = ?2 AND outcome = '${retryOutcome}')`

const marksOfPart = `row >= ? AND row < ? AND outcome = '${retryOutcome}'`

function bounds(part: number, partRows: number): [number, number] {
  return [part * partRows, (part + 1) * partRows]
}

/** Nothing is taken from its file any more. */
function forgetMarks(ledger: LedgerFile, part: number, partRows: number): void {
  ledger.run(`DELETE FROM failure WHERE ${marksOfPart}`, ...bounds(part, partRows))
}

/** All of its cells are taken: the file is an orphan now. */
export function forgetReopened(
  ledger: LedgerFile,
  partRows: number,
  { part, file }: ReopenedPart,
): void {
  ledger.write(() => {
    forgetMarks(ledger, part, partRows)
    ledger.run('DELETE FROM reopened WHERE part = ?', part)
    ledger.run('INSERT INTO intent VALUES (?)', file)
  })
}
