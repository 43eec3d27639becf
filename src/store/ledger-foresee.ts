import { RowSet } from '../plan/row-set.ts'
import { type ConfigVersion, keyList, type KeyedColumn, readColumns } from './ledger-config.ts'
import { readDecided } from './ledger-decided.ts'
import { readCount, type LedgerFile } from './ledger-file.ts'
import { applyConfig } from './ledger-reopen.ts'

/** What another version of the config would do to the rows below a target. */
export interface ForeseenChange {
  /** Rows that would be undecided, whether they are decided now or not. */
  undecided: number
  /** Of these, rows that filters rejected: most of them will be rejected again. */
  rejected: number
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
    const rejected = countRejected(ledger, target)
    const { columns } = applyConfig(ledger, partRows, version)
    const undecided = RowSet.fromIntervals(readDecided(ledger, partRows)).complement(target)
    const known = new Map<number, number>()
    const files = addFiles(ledger, before, { partRows, target }, known)
    const lost = addCells(ledger, { columns, partRows, undecided, files }, known)
    return {
      undecided: undecided.count,
      rejected: rejected - countRejected(ledger, target),
      missing: columns.map(({ key, settings }) =>
        settings.pure === true
          ? undecided.count
          : Math.max(0, undecided.count - lost - (known.get(key) ?? 0)),
      ),
    }
  })
}

function countRejected(ledger: LedgerFile, target: number): number {
  const sql = "SELECT count(*) AS count FROM absent WHERE outcome = 'rejected' AND row < ?"
  return readCount(ledger.get(sql, target) ?? {}, 'count', 'absent')
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

interface Counting {
  columns: readonly KeyedColumn[]
  partRows: number
  undecided: RowSet
  /** Keys of the columns that the file of a reopened part has: its cells are counted. */
  files: ReadonlyMap<number, ReadonlySet<number>>
}

/** Adds cells in the ledger; answers the rows that are known to be dropped. */
function addCells(
  ledger: LedgerFile,
  { columns, partRows, undecided, files }: Counting,
  known: Map<number, number>,
): number {
  const dropped = `SELECT row FROM failure
    WHERE row >= ?1 AND row < ?2 AND outcome = 'dropped' AND column_key IN (${keyList(columns)})`
  const counts = ['cell', "failure WHERE outcome = 'null'"].map(
    (table) => `SELECT column_key, row / ${partRows} AS part, count(*) AS count
      FROM ${table} ${table.includes('WHERE') ? 'AND' : 'WHERE'} row >= ?1 AND row < ?2
        AND row NOT IN (${dropped}) GROUP BY column_key, part`,
  )
  let lost = 0
  for (const { start, end } of undecided.intervals()) {
    const rows = ledger.get(`SELECT count(DISTINCT row) AS count FROM (${dropped})`, start, end)
    lost += readCount(rows ?? {}, 'count', 'failure')
    for (const sql of counts) {
      for (const row of ledger.all(sql, start, end)) {
        const key = readCount(row, 'column_key', 'cell.column_key')
        if (files.get(readCount(row, 'part'))?.has(key) === true) continue
        add(known, key, readCount(row, 'count'))
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
): Counting['files'] {
  const keysOf = new Map<number, ReadonlySet<number>>()
  const files = new Map<number, ReadonlySet<number>>()
  for (const row of ledger.all('SELECT part, config FROM reopened')) {
    const part = readCount(row, 'part', 'reopened.part')
    const config = readCount(row, 'config', 'reopened.config')
    const keys = keysOf.get(config) ?? new Set(readColumns(ledger, config).map(({ key }) => key))
    keysOf.set(config, keys)
    files.set(part, keys)
    // One that was reopened before has as many as there can be, about.
    const most = Math.max(0, Math.min(partRows, target - part * partRows))
    for (const key of keys) add(known, key, before.get(part) ?? most)
  }
  return files
}

function add(known: Map<number, number>, key: number, count: number): void {
  known.set(key, (known.get(key) ?? 0) + count)
}
