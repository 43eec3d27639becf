import type { Interval } from '../plan/interval.ts'
import { RowSet } from '../plan/row-set.ts'
import type { AbsentRow } from '../rows/part-content.ts'
import type { OutcomeTotals } from '../rows/row-outcome.ts'
import { filterTitle } from '../graph/filter-name.ts'
import type { PartProfile } from '../profile/part-profile.ts'
import { RowsmithError } from '../util/errors.ts'
import { columnAt, keyList, type KeyedColumn } from './ledger-config.ts'
import { corrupt } from './ledger-corrupt.ts'
import { addDecided, partRowsText, readPartRows } from './ledger-decided.ts'
import {
  parseStored,
  readCount,
  readNullableText,
  readText,
  type LedgerFile,
  type SqlRow,
} from './ledger-file.ts'
import { insertFailures, keptOutcome, type StoredFailure } from './ledger-journal.ts'
import { mergeProfiles, readProfile, storeProfile } from './ledger-profiles.ts'
import { readUsageOf, usageAdded, usagePlaces, usageValues } from './ledger-usage.ts'
import {
  addNullCells,
  nullCellsText,
  nullRows,
  parseNullCells,
  type NullCell,
  type NullCells,
} from './null-cells.ts'
import type { WrittenFile } from './parquet-codec.ts'

/** The same as the ledger keeps it: by column key. */
export type StoredAbsentRow = Omit<AbsentRow, 'column'> & { key: number }

interface PartCounts {
  /** The config version its file was made with. */
  config: number
  /** Relative to the run folder; null while no row of the part was accepted. */
  file: string | null
  sha256: string | null
  bytes: number
  /** In the file: one or more for each accepted row. */
  records: number
  accepted: number
  nullKept: number
  dropped: number
  rejected: number
}

/** What the ledger knows of a part; the only truth about its file. */
export interface PartRecord extends PartCounts {
  part: number
  decided: readonly Interval[]
  absent: readonly StoredAbsentRow[]
  /** Skipped cells by column key; a column without any is omitted. */
  skipped: ReadonlyMap<number, number>
  /** Null when it was merged with those of the parts next to it. */
  profile: PartProfile | null
}

export interface PartCommit {
  part: number
  accepted: readonly Interval[]
  /** Of the accepted rows. */
  records: number
  absent: readonly AbsentRow[]
  failures: readonly StoredFailure[]
  nullKept: number
  /** Skipped cells of the accepted rows by column id. */
  skipped: readonly number[]
  /** Null when no row was accepted: the part keeps the file it has. */
  file: (WrittenFile & { name: string; profile: PartProfile }) | null
}

/** The config in force, as parts are committed under it. */
export interface ConfigInForce {
  config: number
  columns: readonly KeyedColumn[]
}

/** What a part has before rows are added to it. */
export interface OldPart {
  file: string | null
  sha256: string | null
}

/** Checks new rows of a part and notes the file that is about to be made. */
export function beginPart(
  ledger: LedgerFile,
  partRows: number,
  part: number,
  fresh: RowSet,
  file: string | null,
): OldPart {
  const end = (part + 1) * partRows
  if (fresh.intersect(part * partRows, end).count !== fresh.count) {
    throw new RowsmithError(
      'internal',
      `part ${part} was given rows outside ${part * partRows}–${end}`,
    )
  }
  const row = ledger.get('SELECT number, file, sha256, decided FROM part WHERE number = ?', part)
  if (row !== undefined) {
    const known = readPartRows(row, part, partRows)
    if (fresh.subtract(known).count !== fresh.count) {
      throw new RowsmithError('internal', `part ${part} was given rows that are decided already`)
    }
  }
  if (file !== null) ledger.write(() => ledger.run('INSERT INTO intent VALUES (?)', file))
  if (row === undefined) return { file: null, sha256: null }
  return {
    file: readNullableText(row, 'file', `part ${part}: file`),
    sha256: readNullableText(row, 'sha256', `part ${part}: sha256`),
  }
}

/** Makes a part true: from here on its rows are decided. An old file becomes an orphan. */
export function commitPart(
  ledger: LedgerFile,
  { config, columns }: ConfigInForce,
  partRows: number,
  commit: PartCommit,
): void {
  const { part, accepted, absent, failures, file } = commit
  ledger.write(() => {
    const row = ledger.get('SELECT * FROM part WHERE number = ?', part)
    const old = row === undefined ? null : readPartCounts(row, part)
    const known = row === undefined ? RowSet.empty : readPartRows(row, part, partRows)
    const taken = RowSet.fromIntervals(accepted)
    const fresh = taken.union(RowSet.fromRows(absent.map(({ row: number }) => number)))
    const all = known.union(fresh)

    insertFailures(ledger, columns, failures)
    const nullCells = addNullCells(
      row === undefined ? new Map() : readNullCells(row, part),
      foldNullFailures(ledger, columns, accepted),
    )
    // What columns of an older config have stays: it is there when they come back.
    const own = `row >= ? AND row < ? AND column_key IN (${keyList(columns)})`
    for (const { start, end } of accepted) {
      ledger.run(`DELETE FROM cell WHERE ${own}`, start, end)
      ledger.run(`DELETE FROM exchange WHERE ${own}`, start, end)
    }
    for (const { row: number, outcome, column, code } of absent) {
      const { key } = columnAt(columns, column)
      ledger.run('INSERT INTO absent VALUES (?, ?, ?, ?)', number, outcome, key, code)
    }
    const dropped = absent.filter(({ outcome }) => outcome === 'dropped').length
    const skipped = addSkipped(
      row === undefined ? new Map() : readSkipped(row, part),
      commit,
      columns,
    )
    const decided = partRowsText(all, partRows)
    ledger.run(
      'INSERT OR REPLACE INTO part VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      part,
      // A file that stays is still one of its own config, and may have more columns.
      old === null || old.file === null || file !== null ? config : old.config,
      file?.name ?? old?.file ?? null,
      file?.sha256 ?? old?.sha256 ?? null,
      file?.bytes ?? old?.bytes ?? 0,
      (old?.records ?? 0) + commit.records,
      (old?.accepted ?? 0) + taken.count,
      (old?.nullKept ?? 0) + commit.nullKept,
      (old?.dropped ?? 0) + dropped,
      (old?.rejected ?? 0) + absent.length - dropped,
      decided,
      nullCellsText(nullCells),
      skippedText(skipped),
    )
    for (const interval of fresh.intervals()) {
      addDecided(ledger, interval)
      // What stopped an earlier session was made since.
      const { start, end } = interval
      ledger.run(
        "DELETE FROM failure WHERE row >= ? AND row < ? AND outcome = 'stopped'",
        start,
        end,
      )
    }
    ledger.run('UPDATE dataset SET current = 0')
    if (file !== null) {
      storeProfile(ledger, columns, part, file.profile)
      ledger.run('DELETE FROM intent WHERE path = ?', file.name)
      if (old !== null && old.file !== null) ledger.run('INSERT INTO intent VALUES (?)', old.file)
    }
    if (decided === null) mergeProfiles(ledger, columns, part)
  })
}

/**
 * Sums up the failures of rows that now stand with a null; gives those cells. Each keeps its own words
 * and its cost, and stands among the sums from now on. A column of an older
 * config keeps its failures, as it keeps its cells: they are known when it comes back.
 */
function foldNullFailures(
  ledger: LedgerFile,
  columns: readonly KeyedColumn[],
  accepted: readonly Interval[],
): NullCell[] {
  const where = `row >= ? AND row < ? AND outcome = 'null'
    AND column_key IN (${keyList(columns)})`
  const found: NullCell[] = []
  for (const { start, end } of accepted) {
    const before = found.length
    // One by one: a model's words about all rows of a part are many.
    for (const row of ledger.each(`SELECT * FROM failure WHERE ${where}`, start, end)) {
      const cell = {
        row: readCount(row, 'row', 'failure.row'),
        key: readCount(row, 'column_key', 'failure.column_key'),
        code: readText(row, 'code', 'failure.code'),
      }
      found.push(cell)
      ledger.run(
        `INSERT INTO null_failure VALUES (?, ?, ?, ?, ?, 1, ${usagePlaces})
          ON CONFLICT DO UPDATE SET count = count + 1, ${usageAdded}`,
        cell.key,
        cell.code,
        readText(row, 'message', 'failure.message'),
        readNullableText(row, 'raw', 'failure.raw'),
        cell.row,
        ...usageValues(readUsageOf(row, 'failure')),
      )
    }
    if (found.length > before) {
      ledger.run(`UPDATE failure SET outcome = '${keptOutcome}' WHERE ${where}`, start, end)
    }
  }
  return found
}

export function readPartRecord(
  ledger: LedgerFile,
  columns: readonly KeyedColumn[],
  partRows: number,
  part: number,
): PartRecord | null {
  const row = ledger.get('SELECT * FROM part WHERE number = ?', part)
  if (row === undefined) return null
  return {
    part,
    ...readPartCounts(row, part),
    decided: [...readPartRows(row, part, partRows).intervals()],
    absent: readAbsent(ledger, part * partRows, (part + 1) * partRows),
    skipped: readSkipped(row, part),
    profile: readProfile(ledger, columns, 0, part),
  }
}

export function readAbsent(ledger: LedgerFile, start: number, end: number): StoredAbsentRow[] {
  const rows = ledger.all('SELECT * FROM absent WHERE row >= ? AND row < ?', start, end)
  return rows.map((row) => {
    const { outcome } = row
    if (outcome !== 'dropped' && outcome !== 'rejected') {
      throw corrupt('absent.outcome', outcome, "'dropped' or 'rejected'")
    }
    return {
      row: readCount(row, 'row', 'absent.row'),
      outcome,
      key: readCount(row, 'column_key', 'absent.column_key'),
      code: readText(row, 'code', 'absent.code'),
    }
  })
}

/** Rejected rows below the target, by the column and the code that rejected them. */
export interface RejectionSummary {
  /** What the filter is called; of a column that rejects rows itself, its name. */
  name: string
  code: string
  count: number
  /** The first of them. */
  row: number
}

/** The most frequent first. */
export function readRejections(
  ledger: LedgerFile,
  columns: readonly KeyedColumn[],
  target: number,
): RejectionSummary[] {
  const rows = ledger.all(
    `SELECT column_key, code, count(*) AS count, min(row) AS row FROM absent
    WHERE outcome = 'rejected' AND row < ?
    GROUP BY column_key, code ORDER BY count DESC, column_key, code`,
    target,
  )
  return rows.flatMap((row) => {
    const column = columns.find(({ key }) => key === row['column_key'])
    if (column === undefined) return []
    return {
      name: filterTitle(column.settings.name),
      code: readText(row, 'code', 'absent.code'),
      count: readCount(row, 'count', 'absent'),
      row: readCount(row, 'row', 'absent.row'),
    }
  })
}

/** Rows below the target by outcome; a part counts its null-kept rows among the accepted ones. */
export function readTotals(
  ledger: LedgerFile,
  columns: readonly KeyedColumn[],
  partRows: number,
  target: number,
): OutcomeTotals {
  const whole = Math.floor(target / partRows)
  const sums =
    ledger.get(
      `SELECT ifnull(sum(accepted - null_kept), 0) AS accepted, ifnull(sum(null_kept), 0) AS null_kept,
        ifnull(sum(dropped), 0) AS dropped, ifnull(sum(rejected), 0) AS rejected
      FROM part WHERE number < ?`,
      whole,
    ) ?? {}
  const totals = {
    accepted: readCount(sums, 'accepted', 'part.accepted'),
    nullKept: readCount(sums, 'null_kept', 'part.null_kept'),
    dropped: readCount(sums, 'dropped', 'part.dropped'),
    rejected: readCount(sums, 'rejected', 'part.rejected'),
  }
  const row = ledger.get('SELECT * FROM part WHERE number = ?', whole)
  if (row === undefined) return totals
  const below = readPartRows(row, whole, partRows).intersect(0, target)
  const absent = readAbsent(ledger, whole * partRows, target)
  const dropped = absent.filter(({ outcome }) => outcome === 'dropped').length
  const counts = readPartCounts(row, whole)
  const records = below.count - absent.length
  const nullKept =
    // The caller's count is exact for all rows it gave; a cut needs the rows themselves.
    records === counts.accepted
      ? counts.nullKept
      : [...nullRows(readNullCells(row, whole), new Set(columns.map(({ key }) => key)))].filter(
          (number) => number < target,
        ).length
  return {
    accepted: totals.accepted + records - nullKept,
    nullKept: totals.nullKept + nullKept,
    dropped: totals.dropped + dropped,
    rejected: totals.rejected + absent.length - dropped,
  }
}

function readPartCounts(row: SqlRow, part: number): PartCounts {
  return {
    config: readCount(row, 'config', `part ${part}: config`),
    file: readNullableText(row, 'file', `part ${part}: file`),
    sha256: readNullableText(row, 'sha256', `part ${part}: sha256`),
    bytes: readCount(row, 'bytes', `part ${part}: bytes`),
    records: readCount(row, 'records', `part ${part}: records`),
    accepted: readCount(row, 'accepted', `part ${part}: accepted`),
    nullKept: readCount(row, 'null_kept', `part ${part}: null_kept`),
    dropped: readCount(row, 'dropped', `part ${part}: dropped`),
    rejected: readCount(row, 'rejected', `part ${part}: rejected`),
  }
}

export function readNullCells(row: SqlRow, part: number): NullCells {
  const field = `part ${part}: null_cells`
  return parseNullCells(parseStored(readText(row, 'null_cells', field), field), field)
}

/** Skipped cells by column key. */
export function readSkipped(row: SqlRow, part: number): Map<number, number> {
  const field = `part ${part}: skipped`
  const text = readText(row, 'skipped', field)
  const found = parseStored(text, field)
  if (typeof found !== 'object' || found === null) throw corrupt(field, text, 'counts by column')
  return new Map(Object.entries(found).map(([key, count]) => [Number(key), Number(count)]))
}

function addSkipped(
  before: ReadonlyMap<number, number>,
  { skipped }: PartCommit,
  columns: readonly KeyedColumn[],
): Map<number, number> {
  const sums = new Map(before)
  for (const [column, count] of skipped.entries()) {
    if (count === 0) continue
    const { key } = columnAt(columns, column)
    sums.set(key, (sums.get(key) ?? 0) + count)
  }
  return sums
}

function skippedText(skipped: ReadonlyMap<number, number>): string {
  return JSON.stringify(Object.fromEntries(skipped))
}
