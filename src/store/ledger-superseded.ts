import { keyList, type KeyedColumn } from './ledger-config.ts'
import { readCount, readText, type LedgerFile } from './ledger-file.ts'

/** What the ledger keeps of a column that is not in the config any more. */
export interface SupersededColumn {
  name: string
  cells: number
  /** Of their values. */
  bytes: number
}

/** Columns of older configs with cells, failures or exchanges, the largest first. */
export function readSuperseded(
  ledger: LedgerFile,
  columns: readonly KeyedColumn[],
): SupersededColumn[] {
  const beside = `column_key NOT IN (${keyList(columns)})`
  const rows = ledger.all(`
    WITH every AS (
      SELECT column_key, 1 AS cells, ifnull(octet_length(value), 0) AS bytes FROM cell WHERE ${beside}
      UNION ALL SELECT column_key, 0, octet_length(reply) FROM exchange WHERE ${beside}
      UNION ALL SELECT column_key, 0, octet_length(message) + ifnull(octet_length(raw), 0)
      FROM failure WHERE ${beside})
    SELECT name, sum(cells) AS cells, sum(bytes) AS bytes
    FROM every JOIN column_key ON id = column_key GROUP BY column_key ORDER BY bytes DESC, id`)
  return rows.map((row) => ({
    name: readText(row, 'name', 'column_key.name'),
    cells: readCount(row, 'cells'),
    bytes: readCount(row, 'bytes'),
  }))
}

/** Forgets all of it, so many rows in a transaction. */
export function forgetSuperseded(
  ledger: LedgerFile,
  columns: readonly KeyedColumn[],
  rowsAtOnce: number,
): void {
  const beside = `column_key NOT IN (${keyList(columns)})`
  for (const table of ['cell', 'exchange', 'failure']) {
    for (let from = 0; ;) {
      const next = ledger.get(
        `SELECT row FROM ${table} WHERE row >= ? AND ${beside} ORDER BY row LIMIT 1`,
        from,
      )
      if (next === undefined) break
      const start = readCount(next, 'row', `${table}.row`)
      from = start + rowsAtOnce
      ledger.write(() =>
        ledger.run(`DELETE FROM ${table} WHERE row >= ? AND row < ? AND ${beside}`, start, from),
      )
    }
  }
}
