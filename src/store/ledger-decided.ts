import type { Interval } from '../plan/interval.ts'
import { RowSet } from '../plan/row-set.ts'
import { corrupt } from './ledger-corrupt.ts'
import {
  parseStored,
  readCount,
  readNullableText,
  type LedgerFile,
  type SqlRow,
} from './ledger-file.ts'

/** What is decided, checked against itself and against the parts that are not complete. */
export function readDecided(ledger: LedgerFile, partRows: number): Interval[] {
  const intervals: Interval[] = []
  let last = -1
  for (const row of ledger.all('SELECT start, end FROM decided ORDER BY start')) {
    const start = readCount(row, 'start', 'decided.start')
    const end = readCount(row, 'end', 'decided.end')
    if (end <= start) throw corrupt('decided.end', end, `more than its start ${start}`)
    if (start <= last) throw corrupt('decided.start', start, `more than the end before it, ${last}`)
    intervals.push({ start, end })
    last = end
  }
  const decided = RowSet.fromIntervals(intervals)
  for (const { part, rows } of readIncompleteParts(ledger, partRows)) {
    const there = decided.intersect(part * partRows, (part + 1) * partRows)
    if (there.count !== rows.count || !rows.subtract(there).isEmpty) {
      throw corrupt(
        `part ${part}: decided`,
        JSON.stringify([...rows.intervals()]),
        `what the table decided has there, ${JSON.stringify([...there.intervals()])}`,
      )
    }
  }
  return intervals
}

/** The incomplete parts with the rows they have decided. */
function* readIncompleteParts(
  ledger: LedgerFile,
  partRows: number,
): Generator<{ part: number; rows: RowSet }> {
  const rows = ledger.all('SELECT number, decided FROM part WHERE decided IS NOT NULL')
  for (const row of rows) {
    const part = readCount(row, 'number', 'part.number')
    yield { part, rows: readPartRows(row, part, partRows) }
  }
}

/** Joins an interval with those it meets. */
export function addDecided(ledger: LedgerFile, { start, end }: Interval): void {
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

export function removeDecided(ledger: LedgerFile, { start, end }: Interval): void {
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

/** The rows a part has decided; refused when they are not in order inside the part. */
export function readPartRows(row: SqlRow, part: number, partRows: number): RowSet {
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

export function partRowsText(rows: RowSet, partRows: number): string | null {
  if (rows.count === partRows) return null
  return JSON.stringify([...rows.intervals()].map(({ start, end }) => [start, end]))
}
