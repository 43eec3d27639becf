import { RowSet } from '../plan/row-set.ts'
import { type ConfigVersion, keyList, type KeyedColumn, readColumns } from './ledger-config.ts'
import { readDecided } from './ledger-decided.ts'
import { readCount, type LedgerFile } from './ledger-file.ts'
import { applyConfig } from './ledger-reopen.ts'

/** What another version of the config would do to the rows below a target. */
export interface ForeseenChange {
  /** Rows that would be undecided, whether they are decided now or not. */
  undecided: number
  /**
   * By position of the version's columns: cells of these rows that are not there, about. Cells of a
   * pure column are never there.
   */
  missing: readonly number[]
}

/** Changes the config as `changeConfig` does, counts, and takes the change back. */
export function foreseeChange(
  ledger: LedgerFile,
  partRows: number,
  version: ConfigVersion,
  target: number,
): ForeseenChange {
  // A transaction for reading: it always ends with a rollback.
  return ledger.read(() => {
    const before = recordsByPart(ledger, partRows, target)
    const { columns } = applyConfig(ledger, partRows, version)
    const undecided = RowSet.fromIntervals(readDecided(ledger, partRows)).complement(target)
    const known = new Map<number, number>()
    const lost = addCells(ledger, columns, undecided, known)
    addFiles(ledger, before, { partRows, target }, known)
    return {
      undecided: undecided.count,
      missing: columns.map(({ key, settings }) =>
        settings.pure === true
          ? undecided.count
          : Math.max(0, undecided.count - lost - (known.get(key) ?? 0)),
      ),
    }
  })
}

/** Records below the target, by part with a file. */
function recordsByPart(
  ledger: LedgerFile,
  partRows: number,
  target: number,
): ReadonlyMap<number, number> {
  const rows = ledger.all(
    'SELECT number, accepted FROM part WHERE file IS NOT NULL AND number < ?',
    Math.ceil(target / partRows),
  )
  return new Map(
    rows.map((row) => {
      const part = readCount(row, 'number', 'part.number')
      const most = Math.min(partRows, target - part * partRows)
      return [part, Math.min(most, readCount(row, 'accepted', 'part.accepted'))]
    }),
  )
}

/** Adds cells in the ledger; answers the rows that are known to be dropped. */
function addCells(
  ledger: LedgerFile,
  columns: readonly KeyedColumn[],
  undecided: RowSet,
  known: Map<number, number>,
): number {
  const dropped = `SELECT row FROM failure
    WHERE row >= ?1 AND row < ?2 AND outcome = 'dropped' AND column_key IN (${keyList(columns)})`
  const counts = ['cell', 'failure'].map(
    (table) => `SELECT column_key, count(*) AS count FROM ${table}
      WHERE row >= ?1 AND row < ?2 AND row NOT IN (${dropped}) GROUP BY column_key`,
  )
  let lost = 0
  for (const { start, end } of undecided.intervals()) {
    const rows = ledger.get(`SELECT count(DISTINCT row) AS count FROM (${dropped})`, start, end)
    lost += readCount(rows ?? {}, 'count', 'failure')
    for (const sql of counts) {
      for (const row of ledger.all(sql, start, end)) {
        add(known, readCount(row, 'column_key', 'cell.column_key'), readCount(row, 'count'))
      }
    }
  }
  return lost
}

function addFiles(
  ledger: LedgerFile,
  before: ReadonlyMap<number, number>,
  { partRows, target }: { partRows: number; target: number },
  known: Map<number, number>,
): void {
  const columnsOf = new Map<number, KeyedColumn[]>()
  for (const row of ledger.all('SELECT part, config FROM reopened')) {
    const part = readCount(row, 'part', 'reopened.part')
    const config = readCount(row, 'config', 'reopened.config')
    const columns = columnsOf.get(config) ?? readColumns(ledger, config)
    columnsOf.set(config, columns)
    // One that was reopened before has as many as there can be, about.
    const most = Math.max(0, Math.min(partRows, target - part * partRows))
    for (const { key } of columns) add(known, key, before.get(part) ?? most)
  }
}

function add(known: Map<number, number>, key: number, count: number): void {
  known.set(key, (known.get(key) ?? 0) + count)
}
