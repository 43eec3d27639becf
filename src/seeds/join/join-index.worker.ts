import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { storageError } from '../../threads/storage-error.ts'
import { serve } from '../../threads/worker-calls.ts'

/** Rows of a joined source that have a key, in their order. */
export interface IndexedRows {
  readonly keys: readonly string[]
  /** Numbers of the rows in the source, from 0. */
  readonly rows: readonly number[]
  /** The values that are added, each a JSON list. */
  readonly texts: readonly string[]
}

/** The rows of one key that fit into one answer. */
export interface FoundRows {
  readonly texts: readonly string[]
  /** What the next answer begins behind; null where there are no more. */
  readonly last: number | null
}

/** The first key that is there more than once. */
export interface RepeatedKey {
  readonly key: string
  readonly first: number
  readonly second: number
  /** How many keys are there more than once. */
  readonly count: number
}

/** The thread that owns the rows of joined sources, each by its number. */
export interface JoinIndexCalls {
  open(path: string): void
  add(source: number, rows: IndexedRows): void
  /** After the last row; gives null where no key is there twice. */
  finish(source: number): RepeatedKey | null
  /**
   * The rows of keys, in the order of these, at most so many for each: for as many of the keys as one answer holds,
   * at least one, whose rows begin behind the given one.
   */
  find(source: number, keys: readonly (string | null)[], most: number, behind: number): FoundRows[]
  /** Some keys, each once. */
  someKeys(source: number, most: number): string[]
}

/** It is lost with the process that made it, so nothing is written safely. */
const settings = `PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
  PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -16384; PRAGMA temp_store = FILE`

/** Of the texts in one answer. */
const mostCharacters = 1024 * 1024

let database: DatabaseSync | null = null
const statements = new Map<string, StatementSync>()

function opened(): DatabaseSync {
  if (database === null) throw new Error('the index is not open')
  return database
}

function prepared(sql: string): StatementSync {
  const known = statements.get(sql)
  if (known !== undefined) return known
  const made = opened().prepare(sql)
  statements.set(sql, made)
  return made
}

/** The row with number n has the rowid n + 1. */
function tableOf(source: number): string {
  return `row_${source}`
}

serve<JoinIndexCalls>(
  {
    open(path) {
      database = new DatabaseSync(path)
      database.exec(`${settings}; BEGIN`)
    },
    add(source, { keys, rows, texts }) {
      const table = tableOf(source)
      opened().exec(`CREATE TABLE IF NOT EXISTS ${table} (key TEXT NOT NULL, text TEXT NOT NULL)`)
      const insert = prepared(`INSERT INTO ${table} (rowid, key, text) VALUES (?, ?, ?)`)
      for (const [at, key] of keys.entries()) {
        insert.run((rows[at] ?? 0) + 1, key, texts[at] ?? '')
      }
    },
    finish(source) {
      const table = tableOf(source)
      // Sorted once behind the last row: keys that come in any order would each touch another page.
      opened().exec(`
        CREATE TABLE IF NOT EXISTS ${table} (key TEXT NOT NULL, text TEXT NOT NULL);
        CREATE INDEX ${table}_key ON ${table} (key)`)
      return repeatedKey(table)
    },
    find(source, keys, most, behind) {
      const found: FoundRows[] = []
      let left = mostCharacters
      for (const key of keys) {
        if (found.length > 0 && left <= 0) break
        const from = found.length === 0 ? behind : 0
        const rows = key === null ? nothing : rowsOf(source, key, { most, from, left })
        for (const text of rows.texts) left -= text.length
        found.push(rows)
      }
      return found
    },
    someKeys(source, most) {
      const read = prepared(`SELECT DISTINCT key FROM ${tableOf(source)} LIMIT ?`)
      return read.all(most).map(({ key }) => String(key))
    },
  },
  { errorOf: (thrown) => storageError(thrown, 'joining seeds in the folder for temporary files') },
)

const nothing: FoundRows = { texts: [], last: null }

function rowsOf(
  source: number,
  key: string,
  { most, from, left }: { most: number; from: number; left: number },
): FoundRows {
  const read = prepared(
    `SELECT rowid, text FROM ${tableOf(source)} WHERE key = ? AND rowid > ? ORDER BY rowid LIMIT ?`,
  )
  const texts: string[] = []
  let characters = 0
  for (const { rowid, text } of read.iterate(key, from, most)) {
    texts.push(String(text))
    characters += String(text).length
    if (characters >= left && texts.length < most) return { texts, last: Number(rowid) }
  }
  return { texts, last: null }
}

function repeatedKey(table: string): RepeatedKey | null {
  const repeated = `SELECT key, min(rowid) AS first FROM ${table} GROUP BY key HAVING count(*) > 1`
  const { count } = opened().prepare(`SELECT count(*) AS count FROM (${repeated})`).get() ?? {}
  const found = opened().prepare(`${repeated} ORDER BY first LIMIT 1`).get()
  if (found === undefined) return null
  const key = String(found['key'])
  const first = Number(found['first'])
  const next = opened()
    .prepare(`SELECT min(rowid) AS second FROM ${table} WHERE key = ? AND rowid > ?`)
    .get(key, first)
  return { key, first: first - 1, second: Number(next?.['second']) - 1, count: Number(count) }
}
