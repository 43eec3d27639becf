import { DatabaseSync } from 'node:sqlite'

/*
 * Records that were kept so far, in a database beside the pass: memory holds its cache alone. It is
 * lost with the pass, so nothing is written safely.
 */
const settings = `PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
  PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -16384; PRAGMA temp_store = FILE`

/** Records by one hash. */
export interface SeenRecords extends Disposable {
  /** The row of the first record with a hash; null where this is the first, which is kept from then on. */
  firstOf(hash: Uint8Array, row: number): number | null
}

export function openSeenRecords(path: string): SeenRecords {
  const database = open(
    path,
    'CREATE TABLE seen (hash BLOB PRIMARY KEY, row INTEGER NOT NULL) WITHOUT ROWID',
  )
  const add = database.prepare('INSERT OR IGNORE INTO seen VALUES (?, ?)')
  const read = database.prepare('SELECT row FROM seen WHERE hash = ?')
  return {
    firstOf(hash, row) {
      if (add.run(hash, row).changes !== 0) return null
      return Number(read.get(hash)?.['row'])
    },
    [Symbol.dispose]: () => database.close(),
  }
}

/** Records by several keys, with what they are compared by. */
export interface KeptRecords extends Disposable {
  /** Those with one of the keys, the first ones first. */
  candidates(keys: readonly number[]): Iterable<{ row: number; content: Uint8Array }>
  add(keys: readonly number[], row: number, content: Uint8Array): void
}

/** Candidates of a key: thousands of records with the same key are one text in variations. */
const MOST_OF_KEY = 100

export function openKeptRecords(path: string): KeptRecords {
  const database = open(
    path,
    `CREATE TABLE kept (number INTEGER PRIMARY KEY, row INTEGER NOT NULL, content BLOB NOT NULL);
    CREATE TABLE alike (key INTEGER, number INTEGER, PRIMARY KEY (key, number)) WITHOUT ROWID`,
  )
  const keep = database.prepare('INSERT INTO kept VALUES (?, ?, ?)')
  const note = database.prepare('INSERT OR IGNORE INTO alike VALUES (?, ?)')
  const find = database.prepare(
    `SELECT number FROM alike WHERE key = ? ORDER BY number LIMIT ${MOST_OF_KEY}`,
  )
  const read = database.prepare('SELECT row, content FROM kept WHERE number = ?')
  let count = 0
  return {
    *candidates(keys) {
      const numbers = new Set(
        keys.flatMap((key) => find.all(key).map(({ number }) => Number(number))),
      )
      for (const number of [...numbers].toSorted((one, other) => one - other)) {
        const found = read.get(number)
        if (found === undefined || !(found['content'] instanceof Uint8Array)) continue
        yield { row: Number(found['row']), content: found['content'] }
      }
    },
    add(keys, row, content) {
      keep.run(count, row, content)
      for (const key of keys) note.run(key, count)
      count += 1
    },
    [Symbol.dispose]: () => database.close(),
  }
}

function open(path: string, tables: string): DatabaseSync {
  const database = new DatabaseSync(path)
  database.exec(`${settings}; ${tables}; BEGIN`)
  return database
}
