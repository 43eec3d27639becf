import { keyList, type KeyedColumn } from './ledger-config.ts'
import { readCount, type LedgerFile } from './ledger-file.ts'

/** Rows without an outcome whose cells are in the ledger: their part is not written yet. */
export interface UnwrittenRows {
  /** Rows with a cell of every column that is kept there, and rows with a failure that drops them. */
  whole: number
  /** Rows with a cell of the column that has most of them: skipped cells are not kept. */
  reached: number
}

export function readUnwritten(
  ledger: LedgerFile,
  columns: readonly KeyedColumn[],
  rows: number,
): UnwrittenRows {
  const kept = columns.filter(({ settings }) => settings.pure !== true)
  if (kept.length === 0) return { whole: 0, reached: 0 }
  const keys = keyList(kept)
  const undecided = `row < ${rows} AND NOT EXISTS (
    SELECT 1 FROM decided WHERE decided.start <= row AND decided.end > row)`
  const cells = ledger.all(
    `SELECT column_key, count(*) AS count FROM cell
    WHERE column_key IN (${keys}) AND ${undecided} GROUP BY column_key`,
  )
  const whole = ledger.get(
    `SELECT count(*) AS count FROM (
      SELECT row FROM (
        SELECT row, column_key, 0 AS dropped FROM cell WHERE column_key IN (${keys})
        UNION ALL SELECT row, column_key, outcome = 'dropped' FROM failure
        WHERE column_key IN (${keys}) AND outcome <> 'stopped')
      WHERE ${undecided}
      GROUP BY row HAVING max(dropped) = 1 OR count(DISTINCT column_key) = ${kept.length})`,
  )
  return {
    whole: readCount(whole ?? {}, 'count', 'cell'),
    reached: Math.max(0, ...cells.map((row) => readCount(row, 'count', 'cell'))),
  }
}
