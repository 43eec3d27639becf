import type { Interval } from '../plan/interval.ts'
import { RowSet } from '../plan/row-set.ts'
import type { AbsentRow } from '../scheduler/part-content.ts'
import { RowsmithError } from '../util/errors.ts'
import {
  corrupt,
  readCount,
  readNullableText,
  readText,
  type LedgerFile,
  type SqlRow,
} from './ledger-file.ts'
import { insertFailures, type KeyedColumn, type StoredFailure } from './ledger-journal.ts'
import type { WrittenFile } from './parquet.ts'

/** What the ledger knows of a part; the only truth about its file. */
export interface PartRecord {
  part: number
  /** Relative to the run folder; null while no row of the part was accepted. */
  file: string | null
  sha256: string | null
  bytes: number
  accepted: number
  nullKept: number
  dropped: number
  rejected: number
  decided: readonly Interval[]
  absent: readonly AbsentRow[]
  /** By column id, as of when the part was written. */
  fingerprints: readonly string[]
  profile: unknown
}

/** Counts of rows below the target by outcome; null-kept rows are accepted rows. */
export interface RowTotals {
  accepted: number
  nullKept: number
  dropped: number
  rejected: number
}

export interface PartCommit {
  part: number
  accepted: readonly Interval[]
  absent: readonly AbsentRow[]
  failures: readonly StoredFailure[]
  nullKept: number
  profile: string
  /** Null when no row was accepted: the part keeps the file it has. */
  file: (WrittenFile & { name: string }) | null
}

/** The incomplete parts with the rows they have decided. */
export function* readIncompleteParts(
  ledger: LedgerFile,
  partRows: number,
): Generator<{ part: number; rows: RowSet }> {
  const rows = ledger.all('SELECT number, decided FROM part WHERE decided IS NOT NULL')
  for (const row of rows) {
    const part = readCount(row, 'number', 'part.number')
    yield { part, rows: readPartRows(row, part, partRows) }
  }
}

/** What a part has before rows are added to it. */
export interface OldPart {
  file: string | null
  profile: unknown
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
  const row = ledger.get('SELECT number, file, decided, profile FROM part WHERE number = ?', part)
  if (row !== undefined) {
    const known = readPartRows(row, part, partRows)
    if (fresh.subtract(known).count !== fresh.count) {
      throw new RowsmithError('internal', `part ${part} was given rows that are decided already`)
    }
  }
  if (file !== null) ledger.write(() => ledger.run('INSERT INTO intent VALUES (?)', file))
  if (row === undefined) return { file: null, profile: null }
  return {
    file: readNullableText(row, 'file', `part ${part}: file`),
    profile: parseStored(readText(row, 'profile', 'part.profile'), `part ${part}: profile`),
  }
}

/** Makes a part true: from here on its rows are decided. An old file becomes an orphan. */
export function commitPart(
  ledger: LedgerFile,
  columns: readonly KeyedColumn[],
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

    insertFailures(ledger, columns, failures)
    const nullRows = [...(old?.nullRows ?? []), ...foldNullFailures(ledger, accepted)]
    for (const { start, end } of accepted) {
      ledger.run('DELETE FROM cell WHERE row >= ? AND row < ?', start, end)
    }
    for (const { row: number, outcome, column, code } of absent) {
      ledger.run('INSERT INTO absent VALUES (?, ?, ?, ?)', number, outcome, column, code)
    }
    const dropped = absent.filter(({ outcome }) => outcome === 'dropped').length
    ledger.run(
      'INSERT OR REPLACE INTO part VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      part,
      file?.name ?? old?.file ?? null,
      file?.sha256 ?? old?.sha256 ?? null,
      file?.bytes ?? old?.bytes ?? 0,
      (old?.accepted ?? 0) + taken.count,
      (old?.nullKept ?? 0) + commit.nullKept,
      (old?.dropped ?? 0) + dropped,
      (old?.rejected ?? 0) + absent.length - dropped,
      partRowsText(known.union(fresh), partRows),
      JSON.stringify(nullRows.sort((one, other) => one - other)),
      JSON.stringify(columns.map(({ settings }) => settings.fingerprint)),
      commit.profile,
    )
    for (const interval of fresh.intervals()) addDecided(ledger, interval)
    ledger.run('UPDATE dataset SET current = 0')
    if (file !== null) {
      ledger.run('DELETE FROM intent WHERE path = ?', file.name)
      if (old !== null && old.file !== null) ledger.run('INSERT INTO intent VALUES (?)', old.file)
    }
  })
}

/** Sums up the failures of rows that now stand with a null; gives those rows. */
function foldNullFailures(ledger: LedgerFile, accepted: readonly Interval[]): Set<number> {
  const found = new Set<number>()
  for (const { start, end } of accepted) {
    const rows = ledger.all(
      "SELECT * FROM failure WHERE row >= ? AND row < ? AND outcome = 'null'",
      start,
      end,
    )
    if (rows.length === 0) continue
    for (const row of rows) {
      const number = readCount(row, 'row', 'failure.row')
      found.add(number)
      ledger.run(
        `INSERT INTO null_failure VALUES (?, ?, ?, ?, ?, 1, ?, ?) ON CONFLICT DO UPDATE SET
          count = count + 1, input_tokens = input_tokens + excluded.input_tokens,
          output_tokens = output_tokens + excluded.output_tokens`,
        readCount(row, 'column_key', 'failure.column_key'),
        readText(row, 'code', 'failure.code'),
        readText(row, 'message', 'failure.message'),
        readNullableText(row, 'raw', 'failure.raw'),
        number,
        readCount(row, 'input_tokens', 'failure.input_tokens'),
        readCount(row, 'output_tokens', 'failure.output_tokens'),
      )
    }
    ledger.run("DELETE FROM failure WHERE row >= ? AND row < ? AND outcome = 'null'", start, end)
  }
  return found
}

export function readPartRecord(
  ledger: LedgerFile,
  partRows: number,
  part: number,
): PartRecord | null {
  const row = ledger.get('SELECT * FROM part WHERE number = ?', part)
  if (row === undefined) return null
  const { nullRows: _, ...counts } = readPartCounts(row, part)
  const fingerprints = parseStored(readText(row, 'fingerprints'), `part ${part}: fingerprints`)
  return {
    part,
    ...counts,
    decided: [...readPartRows(row, part, partRows).intervals()],
    absent: readAbsent(ledger, part * partRows, (part + 1) * partRows),
    fingerprints: Array.isArray(fingerprints) ? fingerprints.map(String) : [],
    profile: parseStored(readText(row, 'profile'), `part ${part}: profile`),
  }
}

function readAbsent(ledger: LedgerFile, start: number, end: number): AbsentRow[] {
  const rows = ledger.all('SELECT * FROM absent WHERE row >= ? AND row < ?', start, end)
  return rows.map((row) => {
    const { outcome, column } = row
    if (outcome !== 'dropped' && outcome !== 'rejected') {
      throw corrupt('absent.outcome', outcome, "'dropped' or 'rejected'")
    }
    return {
      row: readCount(row, 'row', 'absent.row'),
      outcome,
      column: Number(column),
      code: readText(row, 'code', 'absent.code'),
    }
  })
}

/** Makes all dropped rows undecided again and gives them; their paid cells are still there. */
export function retryDropped(ledger: LedgerFile, partRows: number): Interval[] {
  return ledger.write(() => {
    const found = ledger.all("SELECT row FROM absent WHERE outcome = 'dropped' ORDER BY row")
    const rows = RowSet.fromRows(found.map((row) => readCount(row, 'row', 'absent.row')))
    if (rows.isEmpty) return []
    const parts = new Set<number>()
    for (const { start, end } of rows.intervals()) {
      ledger.run('DELETE FROM absent WHERE row >= ? AND row < ?', start, end)
      ledger.run('DELETE FROM failure WHERE row >= ? AND row < ?', start, end)
      removeDecided(ledger, { start, end })
      const last = Math.floor((end - 1) / partRows)
      for (let part = Math.floor(start / partRows); part <= last; part += 1) parts.add(part)
    }
    for (const part of parts) {
      const row = ledger.get('SELECT number, decided FROM part WHERE number = ?', part)
      if (row === undefined) throw corrupt(`part ${part}`, row, 'the part of a dropped row')
      const left = readPartRows(row, part, partRows).subtract(rows)
      const text = partRowsText(left, partRows)
      ledger.run('UPDATE part SET dropped = 0, decided = ? WHERE number = ?', text, part)
    }
    ledger.run('UPDATE dataset SET current = 0')
    return [...rows.intervals()]
  })
}

export function readTotals(ledger: LedgerFile, partRows: number, target: number): RowTotals {
  const whole = Math.floor(target / partRows)
  const sums =
    ledger.get(
      `SELECT ifnull(sum(accepted), 0) AS accepted, ifnull(sum(null_kept), 0) AS null_kept,
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
  const accepted = below.count - absent.length
  return {
    accepted: totals.accepted + accepted,
    nullKept:
      totals.nullKept +
      // The caller's count is exact for all rows it gave; a cut needs the rows themselves.
      (accepted === counts.accepted
        ? counts.nullKept
        : counts.nullRows.filter((number) => number < target).length),
    dropped: totals.dropped + dropped,
    rejected: totals.rejected + absent.length - dropped,
  }
}

/** Joins an interval with those it meets. */
function addDecided(ledger: LedgerFile, { start, end }: Interval): void {
  let from = start
  let to = end
  for (const row of ledger.all(decidedFrom('>=', '<='), start, end)) {
    const other = readCount(row, 'start', 'decided.start')
    from = Math.min(from, other)
    to = Math.max(to, readCount(row, 'end', 'decided.end'))
    ledger.run('DELETE FROM decided WHERE start = ?', other)
  }
  ledger.run('INSERT INTO decided VALUES (?, ?)', from, to)
}

function removeDecided(ledger: LedgerFile, { start, end }: Interval): void {
  for (const row of ledger.all(decidedFrom('>', '<'), start, end)) {
    const from = readCount(row, 'start', 'decided.start')
    const to = readCount(row, 'end', 'decided.end')
    ledger.run('DELETE FROM decided WHERE start = ?', from)
    if (from < start) ledger.run('INSERT INTO decided VALUES (?, ?)', from, start)
    if (to > end) ledger.run('INSERT INTO decided VALUES (?, ?)', end, to)
  }
}

/** Intervals from the one at `?1` to the last that starts before `?2`: a seek, never a scan. */
function decidedFrom(reaches: '>' | '>=', starts: '<' | '<='): string {
  return `
    SELECT start, end FROM
      (SELECT start, end FROM decided WHERE start <= ?1 ORDER BY start DESC LIMIT 1)
    WHERE end ${reaches} ?1
    UNION ALL SELECT start, end FROM decided WHERE start > ?1 AND start ${starts} ?2`
}

interface PartCounts {
  file: string | null
  sha256: string | null
  bytes: number
  accepted: number
  nullKept: number
  dropped: number
  rejected: number
  /** Rows among the accepted whose failure left a null. */
  nullRows: number[]
}

function readPartCounts(row: SqlRow, part: number): PartCounts {
  const nullRows = parseStored(readText(row, 'null_rows'), `part ${part}: null_rows`)
  return {
    file: readNullableText(row, 'file', `part ${part}: file`),
    sha256: readNullableText(row, 'sha256', `part ${part}: sha256`),
    bytes: readCount(row, 'bytes', `part ${part}: bytes`),
    accepted: readCount(row, 'accepted', `part ${part}: accepted`),
    nullKept: readCount(row, 'null_kept', `part ${part}: null_kept`),
    dropped: readCount(row, 'dropped', `part ${part}: dropped`),
    rejected: readCount(row, 'rejected', `part ${part}: rejected`),
    nullRows: Array.isArray(nullRows) ? nullRows.map(Number) : [],
  }
}

/** The rows a part has decided; refused when they are not in order inside the part. */
function readPartRows(row: SqlRow, part: number, partRows: number): RowSet {
  const start = part * partRows
  const end = start + partRows
  const text = readNullableText(row, 'decided', `part ${part}: decided`)
  if (text === null) return RowSet.fromIntervals([{ start, end }])
  const expected = `ascending [start, end] pairs that do not overlap, inside ${start}–${end}`
  const list = parseStored(text, `part ${part}: decided`)
  if (!Array.isArray(list)) throw corrupt(`part ${part}: decided`, text, expected)
  let last = start
  const intervals = list.map((pair: unknown) => {
    const [from, to]: unknown[] = Array.isArray(pair) ? pair : []
    const fits =
      Number.isSafeInteger(from) &&
      Number.isSafeInteger(to) &&
      Number(from) >= last &&
      Number(to) > Number(from) &&
      Number(to) <= end
    if (!fits) throw corrupt(`part ${part}: decided`, text, expected)
    last = Number(to)
    return { start: Number(from), end: last }
  })
  return RowSet.fromIntervals(intervals)
}

function partRowsText(rows: RowSet, partRows: number): string | null {
  if (rows.count === partRows) return null
  return JSON.stringify([...rows.intervals()].map(({ start, end }) => [start, end]))
}

function parseStored(text: string, field: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw corrupt(field, text, 'JSON')
  }
}
