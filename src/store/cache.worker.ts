import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { sqliteBusy, sqliteCode } from '../threads/storage-error.ts'
import { serve } from '../threads/worker-calls.ts'

/** An answer by the hash of what was asked. */
export interface CachedText {
  /** Hex. */
  key: string
  /** As `replyText` writes it. */
  reply: string
}

export interface OpenCacheOptions {
  readOnly: boolean
  /** Writers of other processes are awaited for so long, in ms. */
  patienceMs: number
}

/** The thread that owns a cache: other processes may use the same file at the same time. */
export interface CacheCalls {
  open(path: string, options: OpenCacheOptions): void
  /** By position of the keys; null for one that is not there. */
  find(keys: readonly string[]): (string | null)[]
  /** The first answer to a question stays, unless it is to be replaced. */
  keep(entries: readonly CachedText[], options: { replace: boolean }): void
  /** In the order of their keys, from behind one on; hex, empty for the beginning. */
  page(behind: string, most: number): CachedText[]
  count(): { entries: number; bytes: number }
  close(): void
}

/** `rowc`: a file of another program is refused. */
const applicationId = 0x72_6f_77_63
/** Between two tries of what SQLite does not wait for by itself. */
const pauseMs = 20

let database: DatabaseSync | null = null
const statements = new Map<string, StatementSync>()

function prepared(sql: string): StatementSync {
  if (database === null) throw new Error('the cache is not open')
  const known = statements.get(sql)
  if (known !== undefined) return known
  const made = database.prepare(sql)
  statements.set(sql, made)
  return made
}

function open(path: string, options: OpenCacheOptions): void {
  const { readOnly, patienceMs } = options
  if (!readOnly) mkdirSync(dirname(path), { recursive: true })
  const opened = new DatabaseSync(path, { readOnly, timeout: patienceMs })
  try {
    prepareFile(opened, path, options)
  } catch (error) {
    opened.close()
    throw error
  }
  database = opened
}

function prepareFile(opened: DatabaseSync, path: string, options: OpenCacheOptions): void {
  // In this order: whoever makes the file at the same time writes its id before its table.
  const { count } = opened.prepare('SELECT count(*) AS count FROM sqlite_schema').get() ?? {}
  const { application_id: id } = opened.prepare('PRAGMA application_id').get() ?? {}
  const { readOnly, patienceMs } = options
  if (id !== applicationId && (Number(count) > 0 || readOnly)) {
    throw new Error(`${path} is not a cache of answers`)
  }
  if (readOnly) return
  // Two processes that make the file at the same time: SQLite refuses one of them this at once.
  whenFree(patienceMs, () => opened.exec('PRAGMA journal_mode = WAL'))
  opened.exec(`
    PRAGMA synchronous = NORMAL;
    PRAGMA application_id = ${applicationId};
    CREATE TABLE IF NOT EXISTS answer (key BLOB PRIMARY KEY, reply TEXT NOT NULL) WITHOUT ROWID`)
}

function whenFree(patienceMs: number, work: () => void): void {
  for (let tries = Math.ceil(patienceMs / pauseMs); ; tries -= 1) {
    try {
      return work()
    } catch (error) {
      if (sqliteCode(error) !== sqliteBusy || tries <= 0) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs)
    }
  }
}

function textOf(row: Record<string, unknown> | undefined): string | null {
  const reply = row?.['reply']
  return typeof reply === 'string' ? reply : null
}

const calls: CacheCalls = {
  open,
  find(keys) {
    const statement = prepared('SELECT reply FROM answer WHERE key = ?')
    return keys.map((key) => textOf(statement.get(Buffer.from(key, 'hex'))))
  },
  keep(entries, { replace }) {
    const statement = prepared(
      `INSERT OR ${replace ? 'REPLACE' : 'IGNORE'} INTO answer VALUES (?, ?)`,
    )
    prepared('BEGIN IMMEDIATE').run()
    try {
      for (const { key, reply } of entries) statement.run(Buffer.from(key, 'hex'), reply)
      prepared('COMMIT').run()
    } catch (error) {
      // Of some errors, such as a full disk, SQLite has rolled it back already.
      if (database?.isTransaction === true) prepared('ROLLBACK').run()
      throw error
    }
  },
  page(behind, most) {
    return prepared('SELECT hex(key) AS key, reply FROM answer WHERE key > ? ORDER BY key LIMIT ?')
      .all(Buffer.from(behind, 'hex'), most)
      .map((row) => ({ key: String(row['key']).toLowerCase(), reply: textOf(row) ?? '' }))
  },
  count() {
    const row = prepared('SELECT count(*) AS entries FROM answer').get()
    const size = prepared(
      'SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size',
    ).get()
    return { entries: Number(row?.['entries']), bytes: Number(size?.['bytes']) }
  },
  close() {
    statements.clear()
    database?.close()
    database = null
  },
}

serve(calls)
