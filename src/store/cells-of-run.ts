import { resolve } from 'node:path'
import { fromStored, type StoredValue } from '../graph/stored-value.ts'
import { isMissing } from '../threads/system-error.ts'
import type { Cell } from '../util/value.ts'
import { type KeyedColumn, keyList, readColumns } from './ledger-config.ts'
import { ledgerError } from './ledger-error.ts'
import {
  ledgerName,
  openLedgerForReading,
  readCount,
  readText,
  type LedgerFile,
} from './ledger-file.ts'
import { readPartFile } from './part-file.ts'
import type { ColumnSettings } from './run-settings.ts'
import { fromSql } from './sql-value.ts'

/** A cell of a run that another one can use. */
export interface FoundCell {
  row: number
  /** Position among the columns that were asked for. */
  column: number
  value: Cell
}

/**
 * Cells of the first rows of a run, for columns that are made from the same; read without a lock, in no
 * order, and perhaps twice. Files that media cells name are the run's own, so these cells are omitted.
 */
export async function* cellsOfRun(
  directory: string,
  columns: readonly ColumnSettings[],
  rows: number,
): AsyncGenerator<FoundCell> {
  const path = resolve(directory, ledgerName)
  const ledger = openLedgerForReading(path)
  try {
    const wanted = new Map<number, { position: number; settings: ColumnSettings }>()
    for (const [position, settings] of columns.entries()) {
      const { fingerprint, pure, type } = settings
      if (pure === true || type === 'media') continue
      const key = ledger.get('SELECT id FROM column_key WHERE fingerprint = ?', fingerprint)
      if (key !== undefined)
        wanted.set(readCount(key, 'id', 'column_key.id'), { position, settings })
    }
    if (wanted.size === 0) return
    const keyed = [...wanted].map(([key, { settings }]) => ({ key, settings }))
    yield* cellsInLedger(ledger, keyed, rows, wanted)
    yield* cellsInFiles(ledger, { directory, rows }, wanted)
  } catch (error) {
    throw ledgerError(error, `reading ${path}`, path)
  } finally {
    ledger.close()
  }
}

type Wanted = ReadonlyMap<number, { position: number; settings: ColumnSettings }>

function* cellsInLedger(
  ledger: LedgerFile,
  keyed: readonly KeyedColumn[],
  rows: number,
  wanted: Wanted,
): Generator<FoundCell> {
  const sql = `SELECT row, column_key, value FROM cell
    WHERE row < ? AND column_key IN (${keyList(keyed)})`
  for (const found of ledger.allExact(sql, rows)) {
    const column = wanted.get(Number(found['column_key']))
    if (column === undefined) continue
    const { settings, position } = column
    yield* cell(Number(found['row']), position, settings, fromSql(settings.type, found['value']))
  }
}

async function* cellsInFiles(
  ledger: LedgerFile,
  { directory, rows }: { directory: string; rows: number },
  wanted: Wanted,
): AsyncGenerator<FoundCell> {
  const files = ledger.all(
    `SELECT part.config, part.file FROM part, meta WHERE meta.key = 'partRows'
      AND part.file IS NOT NULL AND part.number * CAST(meta.value AS INTEGER) < ?1
    UNION ALL SELECT reopened.config, reopened.file FROM reopened, meta WHERE meta.key = 'partRows'
      AND reopened.part * CAST(meta.value AS INTEGER) < ?1`,
    rows,
  )
  for (const found of files) {
    const there = readColumns(ledger, readCount(found, 'config', 'part.config'))
    const taken = there.flatMap(({ key }) => wanted.get(key) ?? [])
    const path = resolve(directory, readText(found, 'file', 'part.file'))
    try {
      for await (const block of readPartFile(
        path,
        taken.map(({ settings }) => settings),
      )) {
        for (const [at, row] of block.rows.entries()) {
          if (row >= rows) break
          for (const [index, { position, settings }] of taken.entries()) {
            yield* cell(row, position, settings, block.columns[index]?.[at] ?? null)
          }
        }
      }
    } catch (error) {
      // Whoever works on the run has just made another file of this part.
      if (!isMissing(error)) throw error
    }
  }
}

/** A null may be a failure or a skipped cell: the next run finds that out by itself. */
function* cell(
  row: number,
  column: number,
  { type }: ColumnSettings,
  value: StoredValue,
): Generator<FoundCell> {
  if (value !== null) yield { row, column, value: fromStored(type, value) }
}
