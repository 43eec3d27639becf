import { corrupt } from './ledger-corrupt.ts'
import { readText, type LedgerFile } from './ledger-file.ts'

/** In `meta`; absent while the cost of every request is known, or no limit was set. */
const key = 'assumed'

/** Dollars that requests of unknown cost count with, over all sessions. */
export function readAssumed(ledger: LedgerFile): number {
  const row = ledger.get('SELECT value FROM meta WHERE key = ?', key)
  if (row === undefined) return 0
  const text = readText(row, 'value', `meta.${key}`)
  const dollars = text === '' ? Number.NaN : Number(text)
  if (Number.isFinite(dollars) && dollars >= 0) return dollars
  throw corrupt(`meta.${key}`, text, 'dollars')
}

/** Inside a transaction. */
export function addAssumed(ledger: LedgerFile, dollars: number): void {
  if (dollars === 0) return
  const sum = String(readAssumed(ledger) + dollars)
  ledger.run('INSERT OR REPLACE INTO meta VALUES (?, ?)', key, sum)
}
