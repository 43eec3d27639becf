import { join, resolve } from 'node:path'
import { ledgerError } from './ledger-error.ts'
import { ledgerName, openLedgerForReading } from './ledger-file.ts'

/** Copies the ledger of a run as it is now into an empty folder, also while another process writes it. */
export function copyLedger(directory: string, folder: string): void {
  const path = resolve(directory, ledgerName)
  const ledger = openLedgerForReading(path)
  try {
    ledger.run('VACUUM INTO ?', join(folder, ledgerName))
  } catch (error) {
    throw ledgerError(error, `copying ${path}`, path)
  } finally {
    ledger.close()
  }
}
