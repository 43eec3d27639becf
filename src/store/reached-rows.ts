import { resolve } from 'node:path'
import { ledgerError } from './ledger-error.ts'
import { ledgerName, openLedgerForReading, readCount } from './ledger-file.ts'
import { readSettings } from './ledger-run.ts'

/**
 * In how many rows each column of a run was tried, by its position: decided rows, and those whose cell the
 * ledger has. Reads without a lock.
 */
export function readReachedRows(directory: string): number[] {
  const path = resolve(directory, ledgerName)
  const ledger = openLedgerForReading(path)
  try {
    return ledger.read(() => {
      const { columns } = readSettings(ledger)
      const decided = ledger.get('SELECT ifnull(sum(end - start), 0) AS count FROM decided') ?? {}
      const waiting = `SELECT count(*) AS count FROM cell WHERE column_key = ? AND NOT EXISTS (
        SELECT 1 FROM decided WHERE decided.start <= cell.row AND decided.end > cell.row)`
      return columns.map(
        ({ key }) =>
          readCount(decided, 'count', 'decided') +
          readCount(ledger.get(waiting, key) ?? {}, 'count', 'cell'),
      )
    })
  } catch (error) {
    throw ledgerError(error, `reading ${path}`, path)
  } finally {
    ledger.close()
  }
}
