import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { messageOf, RowsmithError } from '../util/errors.ts'
import { sqliteCode, storageError } from '../threads/storage-error.ts'
import { failedWith } from '../threads/system-error.ts'

/** Who holds a run folder; only for messages, the lock itself is the truth. */
export interface LockHolder {
  pid: number
  host: string
  /** ISO 8601. */
  since: string
}

export interface FolderLock {
  /** Idempotent. */
  release(): void
}

const sqliteBusy = 5
const sqliteReadOnly = 8
const sqliteCantOpen = 14
/** Long enough to outlast an inspection, which holds the lock for an instant. */
const waitMs = 250

/**
 * Takes a run folder for this process until it is released or the process ends in whatever way.
 *
 * The operating system owns the lock (an SQLite database held exclusively), so it is never stale.
 * Nothing in this process may open the file `lock` by other means: closing it would drop the lock.
 */
export function takeLock(directory: string, wallTimeMs: number): FolderLock {
  const database = openLock(directory, false)
  try {
    // Nothing is ever written, so no journal file has to lie next to it.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    if (isBusy(error)) throw lockedError(directory)
    throw notWritable(error, directory) ?? storageError(error, `locking ${directory}`)
  }
  const holderFile = join(directory, 'lock.json')
  const holder: LockHolder = {
    pid: process.pid,
    host: hostname(),
    since: new Date(wallTimeMs).toISOString(),
  }
  try {
    writeFileSync(holderFile, JSON.stringify(holder))
  } catch (error) {
    database.close()
    throw notWritable(error, directory) ?? storageError(error, `writing ${holderFile}`)
  }
  let released = false
  return {
    release() {
      if (released) return
      released = true
      rmSync(holderFile, { force: true })
      database.close()
    },
  }
}

/** Where a run can be read and not be worked on; null for any other error. */
function notWritable(error: unknown, directory: string): RowsmithError | null {
  const code = sqliteCode(error)
  const isRefused =
    failedWith(error, 'EACCES', 'EPERM', 'EROFS') ||
    (code !== null && [sqliteReadOnly, sqliteCantOpen].includes(code & 0xff))
  if (!isRefused) return null
  return new RowsmithError(
    'storage-failed',
    `the run folder ${directory} can't be written: ${messageOf(error)}`,
    {
      cause: error,
      hints: [
        'create and export write into it, show and report only read it: copy the folder to where you may write, or have its rights changed.',
      ],
    },
  )
}

/** Who holds the folder right now, or null when no living process does. */
export function readHolder(directory: string): LockHolder | null {
  if (!existsSync(join(directory, 'lock'))) return null
  const database = openLock(directory, true)
  try {
    database.prepare('SELECT count(*) FROM sqlite_schema').get()
    return null
  } catch (error) {
    if (isBusy(error)) return describedHolder(directory)
    throw storageError(error, `looking at the lock of ${directory}`)
  } finally {
    database.close()
  }
}

function openLock(directory: string, readOnly: boolean): DatabaseSync {
  const path = join(directory, 'lock')
  try {
    return new DatabaseSync(path, { readOnly, timeout: readOnly ? 0 : waitMs })
  } catch (error) {
    throw notWritable(error, directory) ?? storageError(error, `opening ${path}`)
  }
}

function isBusy(error: unknown): boolean {
  return ((sqliteCode(error) ?? 0) & 0xff) === sqliteBusy
}

function lockedError(directory: string): RowsmithError {
  const { pid, host, since } = describedHolder(directory)
  const who = pid === process.pid ? 'this process' : `process ${pid} on ${host}`
  return new RowsmithError(
    'folder-locked',
    `${directory} is in use by ${who} (pid ${pid}, since ${since}); one process at a time may run it`,
    { hints: [`Wait for process ${pid} to end or stop it; then run again, nothing is lost.`] },
  )
}

/** A holder killed between locking and writing leaves no readable file; then all is unknown. */
function describedHolder(directory: string): LockHolder {
  const unknown = { pid: 0, host: 'unknown', since: 'unknown' }
  let text: string
  try {
    text = readFileSync(join(directory, 'lock.json'), 'utf8')
  } catch {
    return unknown
  }
  try {
    // Written by `takeLock`; fields that are missing stay unknown.
    return { ...unknown, ...(JSON.parse(text) as Partial<LockHolder>) }
  } catch {
    return unknown
  }
}
