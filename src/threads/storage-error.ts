import { isDiskFull } from './system-error.ts'
import { RowsmithError, isRowsmithError, messageOf, type ErrorCode } from '../util/errors.ts'

/** Another connection holds the lock. */
export const sqliteBusy = 5
const sqliteCorrupt = 11
const sqliteFull = 13
const sqliteNotADatabase = 26
/** Growing the shared-memory index failed, which a full disk causes too. */
const sqliteSharedMemorySize = 4874

/** Gives what a file or SQLite call threw a code a caller can act on. */
export function storageError(thrown: unknown, doing: string): RowsmithError {
  if (isRowsmithError(thrown)) return thrown
  const code = codeOf(thrown)
  const message = `${doing}: ${messageOf(thrown)}`
  return new RowsmithError(code, message, { cause: thrown, hints: hintsOf(code) })
}

/** SQLite's extended result code, of an error that has one. */
export function sqliteCode(thrown: unknown): number | null {
  if (typeof thrown !== 'object' || thrown === null || !('errcode' in thrown)) return null
  return typeof thrown.errcode === 'number' ? thrown.errcode : null
}

function codeOf(thrown: unknown): ErrorCode {
  if (typeof thrown !== 'object' || thrown === null) return 'storage-failed'
  const sqlite = sqliteCode(thrown)
  if (sqlite !== null) {
    if (sqlite === sqliteSharedMemorySize) return 'disk-full'
    // The low byte is the primary code; the rest says which call met it.
    const primary = sqlite & 0xff
    if (primary === sqliteFull) return 'disk-full'
    if (primary === sqliteCorrupt || primary === sqliteNotADatabase) return 'ledger-corrupt'
  }
  return isDiskFull(thrown) ? 'disk-full' : 'storage-failed'
}

function hintsOf(code: ErrorCode): readonly string[] {
  if (code === 'disk-full') return ['Free space on the disk of the run folder and run it again.']
  if (code === 'ledger-corrupt') {
    return [
      'Run rowsmith check DIR --repair: it restores the ledger from its copy.',
      'Without one, restore ledger.sqlite from a backup, or start the run again in another folder.',
    ]
  }
  return []
}

/** An error in a form that crosses threads. */
export type PostedError =
  | { code: ErrorCode; message: string; hints: readonly string[]; cause: string | null }
  /** Of a failed call to the system, what it says of itself: its name, the call, the path. */
  | { system: object; message: string }

export function postError(thrown: unknown): PostedError {
  if (thrown instanceof Error && 'syscall' in thrown) {
    return { system: Object.fromEntries(Object.entries(thrown)), message: thrown.message }
  }
  const error = isRowsmithError(thrown)
    ? thrown
    : new RowsmithError('internal', messageOf(thrown), { cause: thrown })
  const { code, message, hints, cause } = error
  return { code, message, hints, cause: cause instanceof Error ? (cause.stack ?? null) : null }
}

export function receiveError(posted: PostedError): Error {
  const { message } = posted
  if ('system' in posted) return Object.assign(new Error(message), posted.system)
  const { code, hints, cause } = posted
  return new RowsmithError(code, message, cause === null ? { hints } : { hints, cause })
}
