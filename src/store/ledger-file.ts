import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { RowsmithError, isRowsmithError } from '../util/errors.ts'
import { corrupt } from './ledger-corrupt.ts'
import { applicationId, checkSchema, formatVersion, tables } from './ledger-schema.ts'
import { ledgerError } from './ledger-error.ts'
import { sqliteCode } from '../threads/storage-error.ts'

export const ledgerName = 'ledger.sqlite'
const sqliteReadOnly = 8
const sqliteCantOpen = 14
const sqliteReadOnlyRollback = 776

export type SqlRow = Record<string, unknown>

/** An open ledger: prepared statements, and transactions that stop permanently at the first failure. */
export class LedgerFile {
  readonly path: string
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()
  #failure: RowsmithError | null = null

  constructor(path: string, database: DatabaseSync) {
    this.path = path
    this.#database = database
  }

  run(sql: string, ...values: SQLInputValue[]): void {
    this.#prepare(sql).run(...values)
  }

  get(sql: string, ...values: SQLInputValue[]): SqlRow | undefined {
    return this.#prepare(sql).get(...values)
  }

  all(sql: string, ...values: SQLInputValue[]): SqlRow[] {
    return this.#prepare(sql).all(...values)
  }

  /** Reads with every integer as a bigint, for values that use all 64 bits. */
  allExact(sql: string, ...values: SQLInputValue[]): SqlRow[] {
    const statement = this.#prepare(sql)
    statement.setReadBigInts(true)
    return statement.all(...values)
  }

  /** Like `each`, with every integer as a bigint. */
  eachExact(sql: string, ...values: SQLInputValue[]): Iterable<SqlRow> {
    const statement = this.#prepare(sql)
    statement.setReadBigInts(true)
    return statement.iterate(...values)
  }

  each(sql: string, ...values: SQLInputValue[]): Iterable<SqlRow> {
    return this.#prepare(sql).iterate(...values)
  }

  /**
   * One durable transaction. When SQLite can't write it, every later one is refused too: a record
   * counts as durable only if all earlier ones are.
   */
  write<Result>(work: () => Result): Result {
    if (this.#failure !== null) throw this.#failure
    try {
      this.#database.exec('BEGIN IMMEDIATE')
      const result = work()
      this.#database.exec('COMMIT')
      return result
    } catch (error) {
      // SQLite has rolled back by itself after some failures.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      // A refusal of ours leaves the ledger as good as before.
      if (isRowsmithError(error)) throw error
      this.#failure = ledgerError(error, `writing ${this.path}`, this.path)
      throw this.#failure
    }
  }

  /** Reads that all see the same instant. */
  read<Result>(work: () => Result): Result {
    this.#database.exec('BEGIN')
    try {
      return work()
    } finally {
      this.#database.exec('ROLLBACK')
    }
  }

  /**
   * Gives the room of cells that parts hold by now back to the file system; answers whether that
   * worked. The ledger is whole either way, so a disk that refuses is no failure of the run.
   */
  shrink(): boolean {
    if (this.#failure !== null) return false
    try {
      this.#database.exec('PRAGMA incremental_vacuum')
      return true
    } catch {
      return false
    }
  }

  close(): void {
    this.#statements.clear()
    this.#database.close()
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.#database.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }
}

/** Opens a ledger for writing, or makes the tables of a new one together with `fill`. */
export function openLedger(path: string, fill: ((ledger: LedgerFile) => void) | null): LedgerFile {
  const database = connect(path, false)
  try {
    const found = recognise(database, path)
    if (found === 'ledger' && fill !== null) throw alreadyThere(path)
    if (found === 'empty' && fill === null) throw missing(path)
    // Only an empty file takes the page size: a cell of a page or so stays in one piece.
    // Both hold from the first table on; the second lets `shrink` give pages back.
    if (fill !== null) database.exec('PRAGMA page_size = 8192; PRAGMA auto_vacuum = INCREMENTAL')
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    const ledger = new LedgerFile(path, database)
    if (fill !== null) {
      ledger.write(() => {
        // Both stand in the header page, so a creation that was cut short has neither.
        database.exec(
          `PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${formatVersion}`,
        )
        database.exec(tables)
        fill(ledger)
      })
    }
    return ledger
  } catch (error) {
    database.close()
    throw ledgerError(error, `opening ${path}`, path)
  }
}

/** Opens a ledger for reading only, also next to a process that writes it. */
export function openLedgerForReading(path: string): LedgerFile {
  try {
    return readable(path, connect(path, true))
  } catch (error) {
    // A reader makes an index next to the ledger, which it can't in a folder that can't be written.
    if (!wantsToWrite(error)) throw ledgerError(error, `opening ${path}`, path)
    if (hasLog(path)) {
      throw new RowsmithError(
        'storage-failed',
        `${path} can't be read in a folder that can't be written: a part of it is still in its log`,
        { cause: error, hints: ['Copy the whole run folder to where you may write.'] },
      )
    }
    return readable(path, connect(asUnchanging(path), true))
  }
}

function readable(path: string, database: DatabaseSync): LedgerFile {
  try {
    if (recognise(database, path) === 'empty') throw missing(path)
    return new LedgerFile(path, database)
  } catch (error) {
    database.close()
    throw error
  }
}

function wantsToWrite(error: unknown): boolean {
  const primary = (sqliteCode(error) ?? 0) & 0xff
  return primary === sqliteReadOnly || primary === sqliteCantOpen
}

/** Whether a part of the ledger lies next to it, in its write-ahead log. */
function hasLog(path: string): boolean {
  return (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0
}

/** For a folder in which no one writes: without a log, the file is all there is. */
function asUnchanging(path: string): URL {
  const url = pathToFileURL(resolve(path))
  url.searchParams.set('immutable', '1')
  return url
}

/**
 * Whether a file holds a run. The file of a creation that was cut short holds none, and only SQLite
 * can tell: all of a young ledger may lie next to it, in its write-ahead log.
 */
export function holdsRun(path: string): boolean {
  if (!existsSync(path)) return false
  try {
    return isLedger(path, path)
  } catch (error) {
    // As for a reader; what lies in a log that can't be read is likely a run.
    if (wantsToWrite(error)) return hasLog(path) || isLedger(path, asUnchanging(path))
    throw ledgerError(error, `opening ${path}`, path)
  }
}

function isLedger(path: string, location: string | URL): boolean {
  const database = connect(location, true)
  try {
    return recognise(database, path) === 'ledger'
  } finally {
    database.close()
  }
}

/** Whether a file is no ledger yet; other contents and newer formats are refused. */
function recognise(database: DatabaseSync, path: string): 'empty' | 'ledger' {
  if (isCutShort(database)) return 'empty'
  const id = Number(database.prepare('PRAGMA application_id').get()?.['application_id'])
  const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version'])
  const objects = database.prepare('SELECT count(*) AS count FROM sqlite_schema').get()?.['count']
  if (id === 0 && version === 0 && objects === 0) return 'empty'
  if (id !== applicationId) {
    throw new RowsmithError(
      'folder-foreign',
      `${path} is an SQLite database of another program (application id ${id}, expected ${applicationId})`,
      { hints: ['Choose another folder for the run.'] },
    )
  }
  if (version > formatVersion) {
    throw new RowsmithError(
      'format-newer',
      `${path} has format version ${version}; this rowsmith reads up to version ${formatVersion}`,
      { hints: ['Install a newer rowsmith to open this run.'] },
    )
  }
  if (version !== formatVersion) {
    throw corrupt('user_version', version, `a format version from 1 to ${formatVersion}`)
  }
  checkSchema(database)
  return 'ledger'
}

/**
 * Whether a rollback journal waits to be applied, which a reader may not do. A ledger has a
 * write-ahead log instead from its first transaction on: only its creation leaves such a journal.
 */
function isCutShort(database: DatabaseSync): boolean {
  try {
    database.prepare('PRAGMA schema_version').get()
    return false
  } catch (error) {
    if (sqliteCode(error) === sqliteReadOnlyRollback) return true
    throw error
  }
}

function connect(path: string | URL, readOnly: boolean): DatabaseSync {
  try {
    return new DatabaseSync(path, { readOnly, timeout: 5000 })
  } catch (error) {
    const name = typeof path === 'string' ? path : fileURLToPath(path)
    throw ledgerError(error, `opening ${name}`, name)
  }
}

export function missing(path: string): RowsmithError {
  const state = existsSync(path) ? 'holds none yet' : 'does not exist'
  return new RowsmithError('run-missing', `there is no run here: ${path} ${state}`, {
    hints: ['Check the path, or create a run there.'],
  })
}

function alreadyThere(path: string): RowsmithError {
  return new RowsmithError('folder-foreign', `a run exists here already: ${path}`, {
    hints: ['Open it to continue it, or choose another folder.'],
  })
}

/** A whole number ≥ 0 out of a row, refused by its field name otherwise. */
export function readCount(row: SqlRow, key: string, field: string = key): number {
  const value = row[key]
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw corrupt(field, value, 'a whole number from 0')
}

/** A number out of a row that may be missing. */
export function readNullableNumber(row: SqlRow, key: string, field: string = key): number | null {
  const value = row[key]
  if (value === null || typeof value === 'number') return value
  throw corrupt(field, value, 'a number or NULL')
}

export function readText(row: SqlRow, key: string, field: string = key): string {
  const value = row[key]
  if (typeof value === 'string') return value
  throw corrupt(field, value, 'text')
}

export function readNullableText(row: SqlRow, key: string, field: string = key): string | null {
  return row[key] === null ? null : readText(row, key, field)
}

/** What stands in `meta` under a key, as JSON; null where nothing does. */
export function readMeta(ledger: LedgerFile, key: string): { text: string; value: unknown } | null {
  const row = ledger.get('SELECT value FROM meta WHERE key = ?', key)
  if (row === undefined) return null
  const text = readText(row, 'value', `meta.${key}`)
  return { text, value: parseStored(text, `meta.${key}`) }
}

/** A value that is stored as JSON text. */
export function parseStored(text: string, field: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw corrupt(field, text, 'JSON')
  }
}
