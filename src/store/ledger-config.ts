import { knownTypes, readColumnType } from '../graph/column-type.ts'
import { RowsmithError } from '../util/errors.ts'
import { corrupt } from './ledger-corrupt.ts'
import { readCount, readText, type LedgerFile } from './ledger-file.ts'
import type { ColumnSettings, RunSettings } from './run-settings.ts'

/** A column as the tables know it. */
export interface KeyedColumn {
  key: number
  settings: ColumnSettings
}

/** What can be changed of a run by changing its config. */
export type ConfigVersion = Pick<RunSettings, 'config' | 'columns' | 'compared'> &
  Partial<Pick<RunSettings, 'seedIdentity' | 'kept'>>

/** Adds a version of the config and gives its id; inside a transaction. */
export function addConfig(ledger: LedgerFile, { config, columns }: ConfigVersion): number {
  const row = ledger.get('INSERT INTO config (text) VALUES (?) RETURNING id', config)
  const id = readCount(row ?? {}, 'id', 'config.id')
  for (const [position, column] of columns.entries()) {
    ledger.run(
      'INSERT INTO config_column VALUES (?, ?, ?, ?, ?)',
      id,
      position,
      keyOf(ledger, column),
      column.hidden === true ? 2 : column.drop ? 1 : 0,
      column.pure === true ? 1 : 0,
    )
  }
  return id
}

function keyOf(ledger: LedgerFile, { fingerprint, name, type, material }: ColumnSettings): number {
  const found = ledger.get('SELECT * FROM column_key WHERE fingerprint = ?', fingerprint)
  if (found === undefined) {
    const made = ledger.get(
      'INSERT INTO column_key (fingerprint, name, type, material) VALUES (?, ?, ?, ?) RETURNING id',
      fingerprint,
      name,
      type,
      material,
    )
    return readCount(made ?? {}, 'id', 'column_key.id')
  }
  if (found['name'] !== name || found['type'] !== type) {
    throw new RowsmithError(
      'fingerprint-changed',
      `column ${name} of type ${type} has the fingerprint of column ${String(found['name'])} of type ${String(found['type'])}`,
      { hints: ['Use the version of rowsmith that made the run, with the same plugins.'] },
    )
  }
  return readCount(found, 'id', 'column_key.id')
}

/** The text of a config version. */
export function readConfig(ledger: LedgerFile, id: number): string {
  const row = ledger.get('SELECT text FROM config WHERE id = ?', id)
  if (row === undefined) throw corrupt(`config ${id}`, undefined, 'a version of the config')
  return readText(row, 'text', 'config.text')
}

/** Columns of a config version by position, each with its key in the other tables. */
export function readColumns(ledger: LedgerFile, config: number): KeyedColumn[] {
  const rows = ledger.all(
    `SELECT position, column_key, dropped, pure, fingerprint, name, type, material
    FROM config_column LEFT JOIN column_key ON id = column_key
    WHERE config = ? ORDER BY position`,
    config,
  )
  return rows.map((row, position) => {
    if (row['position'] !== position) {
      throw corrupt('config_column.position', row['position'], String(position))
    }
    const type = readColumnType(row['type'])
    if (type === null) {
      throw corrupt('column_key.type', row['type'], `one of ${knownTypes}`)
    }
    const pure = readCount(row, 'pure', 'config_column.pure') === 1
    const dropped = readCount(row, 'dropped', 'config_column.dropped')
    return {
      key: readCount(row, 'column_key', 'config_column.column_key'),
      settings: {
        name: readText(row, 'name', 'column_key.name'),
        type,
        fingerprint: readText(row, 'fingerprint', 'column_key.fingerprint'),
        material: readText(row, 'material', 'column_key.material'),
        drop: dropped > 0,
        ...(pure ? { pure } : {}),
        ...(dropped === 2 ? { hidden: true } : {}),
      },
    }
  })
}

/** Columns with their keys in this ledger. */
export function keyedColumns(
  ledger: LedgerFile,
  columns: readonly ColumnSettings[],
): KeyedColumn[] {
  return columns.map((settings) => {
    const { fingerprint } = settings
    const row = ledger.get('SELECT id FROM column_key WHERE fingerprint = ?', fingerprint) ?? {}
    return { key: readCount(row, 'id', `column_key of ${settings.name}`), settings }
  })
}

/** Keys for a list in a statement: they are whole numbers of this ledger's own. */
export function keyList(columns: readonly KeyedColumn[]): string {
  return columns.map(({ key }) => key).join(', ')
}

export function columnAt(columns: readonly KeyedColumn[], position: number): KeyedColumn {
  const column = columns[position]
  if (column === undefined) throw new RangeError(`the run has no column ${position}`)
  return column
}
