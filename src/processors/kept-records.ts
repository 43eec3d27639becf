import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type Candidate, openContentFile } from './content-file.ts'

/*
 * Records that were kept so far, on disk in addition to the pass: memory holds a cache of bounded size alone. It
 * is lost with the pass, so nothing is written safely.
 */
const settings = `PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
  PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -16384; PRAGMA temp_store = FILE`

/** Records by one hash. */
export interface SeenRecords extends Disposable {
  /** The row of the first record with a hash; null where this is the first, which is kept from then on. */
  firstOf(hash: Uint8Array, row: number): number | null
}

export function openSeenRecords(folder: string): SeenRecords {
  const database = open(
    folder,
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

/** Records by several keys, with what they are compared by: an array of numbers of 32 bits. */
export interface KeptRecords extends Disposable {
  /** Those with one of the keys, the first ones first. */
  candidates(keys: readonly number[]): Iterable<Candidate>
  add(keys: readonly number[], row: number, content: Uint32Array | Float32Array): void
}

/** Candidates of a key: thousands of records with the same key are one text in variations. */
const MOST_OF_KEY = 100

export function openKeptRecords(folder: string): KeptRecords {
  const database = open(
    folder,
    'CREATE TABLE alike (key INTEGER, place INTEGER, PRIMARY KEY (key, place)) WITHOUT ROWID',
  )
  // In addition to the database, whose cache then holds nothing but keys.
  const contents = openContentFile(join(folder, 'contents'))
  const note = database.prepare('INSERT OR IGNORE INTO alike VALUES (?, ?)')
  const find = database.prepare(
    `SELECT place FROM alike WHERE key = ? ORDER BY place LIMIT ${MOST_OF_KEY}`,
  )
  find.setReturnArrays(true)
  return {
    *candidates(keys) {
      const places = new Set<number>()
      for (const key of keys) {
        // Rows as arrays, which the types do not know of.
        for (const [place] of find.all(key) as unknown as number[][]) places.add(place ?? 0)
      }
      for (const place of Float64Array.from(places).sort()) yield contents.at(place)
    },
    add(keys, row, content) {
      const place = contents.add(row, content)
      for (const key of keys) note.run(key, place)
    },
    [Symbol.dispose]() {
      contents[Symbol.dispose]()
      database.close()
    },
  }
}

function open(folder: string, tables: string): DatabaseSync {
  const database = new DatabaseSync(join(folder, 'kept.sqlite'))
  database.exec(`${settings}; ${tables}; BEGIN`)
  return database
}
