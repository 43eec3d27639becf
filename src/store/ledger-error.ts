import { closeSync, existsSync, openSync, readSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { isRowsmithError, RowsmithError } from '../util/errors.ts'
import { sqliteCode, storageError } from '../threads/storage-error.ts'

const sqliteCorrupt = 11
const readBytes = 1 << 20

/**
 * What a failed call to a ledger means. SQLite says that a database is malformed also when the disk
 * could not read it, so that is determined: only content that was read can be damaged.
 */
export function ledgerError(thrown: unknown, doing: string, path: string): RowsmithError {
  if (isRowsmithError(thrown) || ((sqliteCode(thrown) ?? 0) & 0xff) !== sqliteCorrupt) {
    return storageError(thrown, doing)
  }
  const unreadable = readThrough(path) ?? readThrough(`${path}-wal`)
  if (unreadable !== null) return storageError(unreadable, doing)
  if (!isWhole(path)) return storageError(thrown, doing)
  return new RowsmithError(
    'storage-failed',
    `${doing}: it could not be read at first, and is whole`,
    {
      cause: thrown,
      hints: ['Run the same command again, and check the disk if it happens again.'],
    },
  )
}

/** What reading a file throws; null when all of it can be read, or it is not there. */
function readThrough(path: string): unknown {
  if (!existsSync(path)) return null
  try {
    const file = openSync(path, 'r')
    try {
      const buffer = Buffer.allocUnsafe(readBytes)
      for (let at = 0; ;) {
        const count = readSync(file, buffer, 0, readBytes, at)
        if (count === 0) return null
        at += count
      }
    } finally {
      closeSync(file)
    }
  } catch (error) {
    return error
  }
}

/** Asks SQLite again, over another connection. */
function isWhole(path: string): boolean {
  try {
    using database = new DatabaseSync(path, { readOnly: true, timeout: 5000 })
    return database.prepare('PRAGMA quick_check(1)').get()?.['quick_check'] === 'ok'
  } catch {
    return false
  }
}
