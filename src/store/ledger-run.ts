import { RowSet } from '../plan/row-set.ts'
import type { Interval } from '../plan/interval.ts'
import { RowsmithError } from '../util/errors.ts'
import { corrupt, readCount, readText, type LedgerFile } from './ledger-file.ts'
import { readIncompleteParts } from './ledger-parts.ts'
import { columnTypes, rowColumn, type ColumnSettings, type RunSettings } from './settings.ts'

/** Writes what a new run is. Runs inside the transaction that makes the tables. */
export function fillLedger(ledger: LedgerFile, settings: RunSettings): void {
  const { name, seed, rows, frameRows, partRows, config, seedIdentity, columns } = settings
  const meta = Object.entries({ name, seed, rows, frameRows, partRows, config, seedIdentity })
  for (const [key, value] of meta) {
    if (value !== null) ledger.run('INSERT INTO meta VALUES (?, ?)', key, String(value))
  }
  for (const [position, column] of columns.entries()) {
    ledger.run(
      'INSERT INTO column_key (fingerprint, name, type, material) VALUES (?, ?, ?, ?)',
      column.fingerprint,
      column.name,
      column.type,
      column.material,
    )
    ledger.run(
      'INSERT INTO run_column VALUES (?, last_insert_rowid(), ?)',
      position,
      column.drop ? 1 : 0,
    )
  }
}

/** Refuses settings that a run folder can't hold. */
export function checkSettings({ rows, frameRows, partRows, columns }: RunSettings): void {
  requireThat(isCount(rows), `expected a whole number of rows from 0, got ${rows}`)
  requireThat(
    isCount(frameRows) && frameRows > 0,
    `expected frames of 1 row or more, got ${frameRows}`,
  )
  requireThat(
    isCount(partRows) && partRows > 0 && partRows % frameRows === 0,
    `expected parts of a multiple of ${frameRows} rows, got ${partRows}`,
  )
  const names = new Set([rowColumn])
  for (const { name } of columns) {
    requireThat(
      !names.has(name),
      name === rowColumn
        ? `a column can't be named ${rowColumn}: every part file has its row numbers under it`
        : `two columns are named ${name}`,
    )
    names.add(name)
  }
}

function requireThat(holds: boolean, message: string): void {
  if (!holds) throw new RowsmithError('config-invalid', message)
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

/** The stored settings, every field checked. */
export function readSettings(ledger: LedgerFile): RunSettings {
  const meta = new Map<string, string>()
  for (const row of ledger.all('SELECT key, value FROM meta')) {
    meta.set(readText(row, 'key', 'meta.key'), readText(row, 'value', 'meta.value'))
  }
  const frameRows = countOf(meta, 'frameRows', 1)
  const partRows = countOf(meta, 'partRows', 1)
  if (partRows % frameRows !== 0) {
    throw corrupt('meta.partRows', partRows, `a multiple of meta.frameRows (${frameRows})`)
  }
  const seed = textOf(meta, 'seed')
  if (!/^\d{1,20}$/.test(seed) || BigInt(seed) >= 1n << 64n) {
    throw corrupt('meta.seed', seed, 'a whole number from 0 below 2^64')
  }
  return {
    name: textOf(meta, 'name'),
    seed: BigInt(seed),
    rows: countOf(meta, 'rows', 0),
    frameRows,
    partRows,
    config: textOf(meta, 'config'),
    seedIdentity: meta.get('seedIdentity') ?? null,
    columns: readColumns(ledger).map(({ settings }) => settings),
  }
}

/** The run's columns by position, each with its key in the cell tables. */
export function readColumns(ledger: LedgerFile): { key: number; settings: ColumnSettings }[] {
  const rows = ledger.all(`
    SELECT position, column_key, dropped, fingerprint, name, type, material
    FROM run_column LEFT JOIN column_key ON id = column_key ORDER BY position`)
  return rows.map((row, position) => {
    if (row['position'] !== position) {
      throw corrupt('run_column.position', row['position'], String(position))
    }
    const type = columnTypes.find((known) => known === row['type'])
    if (type === undefined) {
      throw corrupt('column_key.type', row['type'], `one of ${columnTypes.join(', ')}`)
    }
    return {
      key: readCount(row, 'column_key', 'run_column.column_key'),
      settings: {
        name: readText(row, 'name', 'column_key.name'),
        type,
        fingerprint: readText(row, 'fingerprint', 'column_key.fingerprint'),
        material: readText(row, 'material', 'column_key.material'),
        drop: readCount(row, 'dropped', 'run_column.dropped') === 1,
      },
    }
  })
}

/** What is decided, checked against itself and against the parts that are not complete. */
export function readDecided(ledger: LedgerFile, partRows: number): Interval[] {
  const intervals: Interval[] = []
  let last = -1
  for (const row of ledger.all('SELECT start, end FROM decided ORDER BY start')) {
    const start = readCount(row, 'start', 'decided.start')
    const end = readCount(row, 'end', 'decided.end')
    if (end <= start) throw corrupt('decided.end', end, `more than its start ${start}`)
    if (start <= last) throw corrupt('decided.start', start, `more than the end before it, ${last}`)
    intervals.push({ start, end })
    last = end
  }
  const decided = RowSet.fromIntervals(intervals)
  for (const { part, rows } of readIncompleteParts(ledger, partRows)) {
    const there = decided.intersect(part * partRows, (part + 1) * partRows)
    if (there.count !== rows.count || !rows.subtract(there).isEmpty) {
      throw corrupt(
        `part ${part}: decided`,
        JSON.stringify([...rows.intervals()]),
        `what the table decided has there, ${JSON.stringify([...there.intervals()])}`,
      )
    }
  }
  return intervals
}

/** Begins a session and gives its number. */
export function beginSession(ledger: LedgerFile, wallTimeMs: number): number {
  const row = ledger.write(() =>
    ledger.get('INSERT INTO session (started) VALUES (?) RETURNING number', wallTimeMs),
  )
  return readCount(row ?? {}, 'number', 'session.number')
}

export function endSession(ledger: LedgerFile, session: number, wallTimeMs: number): void {
  ledger.write(() =>
    ledger.run('UPDATE session SET ended = ? WHERE number = ?', wallTimeMs, session),
  )
}

/** Stores another target. */
export function storeTarget(ledger: LedgerFile, rows: number): void {
  requireThat(isCount(rows), `expected a whole number of rows from 0, got ${rows}`)
  ledger.write(() => {
    ledger.run("UPDATE meta SET value = ? WHERE key = 'rows'", String(rows))
    ledger.run('UPDATE dataset SET current = 0')
  })
}

function textOf(meta: ReadonlyMap<string, string>, key: string): string {
  const value = meta.get(key)
  if (value === undefined) throw corrupt(`meta.${key}`, value, 'a value')
  return value
}

function countOf(meta: ReadonlyMap<string, string>, key: string, least: number): number {
  const text = textOf(meta, key)
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!isCount(value) || value < least) {
    throw corrupt(`meta.${key}`, text, `a whole number from ${least}`)
  }
  return value
}
