import { knownTypes, readColumnType } from '../graph/column-type.ts'
import type { RecordColumn } from '../graph/processor-kind.ts'
import { corrupt } from './ledger-corrupt.ts'
import { parseStored, readText, type LedgerFile } from './ledger-file.ts'

const prefix = 'columns:'

/** Notes the columns of a dataset that processors made, and by which config; inside a transaction. */
export function keepColumns(
  ledger: LedgerFile,
  directory: string,
  { config, columns }: { config: number; columns: readonly RecordColumn[] },
): void {
  const text = JSON.stringify({ config, columns: columns.map(({ name, type }) => [name, type]) })
  ledger.run('INSERT OR REPLACE INTO meta VALUES (?, ?)', prefix + directory, text)
}

export function forgetColumns(ledger: LedgerFile, directory: string): void {
  ledger.run('DELETE FROM meta WHERE key = ?', prefix + directory)
}

/** The columns of a dataset, where processors made it by the config in force; null otherwise. */
export function readKeptColumns(
  ledger: LedgerFile,
  directory: string,
  inForce: number,
): RecordColumn[] | null {
  const row = ledger.get('SELECT value FROM meta WHERE key = ?', prefix + directory)
  if (row === undefined) return null
  const text = readText(row, 'value', 'meta.columns')
  const stored = parseStored(text, 'meta.columns')
  const { config, columns } = fieldsOf(stored)
  if (typeof config !== 'number' || !Array.isArray(columns)) {
    throw corrupt('meta.columns', text, 'columns of a dataset')
  }
  if (config !== inForce) return null
  return columns.map((column: unknown) => {
    const [name, written]: unknown[] = Array.isArray(column) ? column : []
    const type = readColumnType(written)
    if (typeof name === 'string' && type !== null) return { name, type }
    throw corrupt('meta.columns', text, `names, each with one of ${knownTypes}`)
  })
}

function fieldsOf(value: unknown): { config?: unknown; columns?: unknown } {
  return typeof value === 'object' && value !== null ? value : {}
}
