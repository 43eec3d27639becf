import { isMediaPath, mediaPathsOf } from '../graph/media.ts'
import { corrupt } from './ledger-corrupt.ts'
import { readCount, readText, type LedgerFile } from './ledger-file.ts'

/** A file that cells name, as the ledger knows it. */
export interface StoredMedia {
  path: string
  bytes: number
}

/** Sizes of files that no durable cell names yet, by path. */
export type PendingMedia = Map<string, number>

/** Notes a file that is about to be written, unless a cell names it already. */
export function beginMedia(
  ledger: LedgerFile,
  pending: PendingMedia,
  { path, bytes }: StoredMedia,
): void {
  if (ledger.get('SELECT 1 FROM media WHERE path = ?', path) !== undefined) return
  pending.set(path, bytes)
  ledger.write(() => ledger.run('INSERT OR IGNORE INTO intent VALUES (?)', path))
}

/** The files of a cell are the run's from now on; inside the transaction that writes the cell. */
export function settleMedia(ledger: LedgerFile, pending: PendingMedia, cell: string): void {
  for (const path of mediaPathsOf(cell)) {
    const bytes = pending.get(path)
    if (bytes === undefined) continue
    ledger.run('INSERT OR IGNORE INTO media VALUES (?, ?)', path, bytes)
    ledger.run('DELETE FROM intent WHERE path = ?', path)
    pending.delete(path)
  }
}

/** Some files behind a path, in the order of their paths. */
export function readMedia(ledger: LedgerFile, behind: string, most: number): StoredMedia[] {
  return ledger
    .all('SELECT path, bytes FROM media WHERE path > ? ORDER BY path LIMIT ?', behind, most)
    .map((row) => {
      const path = readText(row, 'path', 'media.path')
      if (!isMediaPath(path))
        throw corrupt('media.path', path, 'media/<two digits>/<hash>.<ending>')
      return { path, bytes: readCount(row, 'bytes', 'media.bytes') }
    })
}

/** Files with their bytes, by the endings of their names. */
export function readMediaTotals(
  ledger: LedgerFile,
): { ending: string; files: number; bytes: number }[] {
  // A hash has 64 digits: the ending begins behind `media/ab/`, the hash and the point.
  const sql = `SELECT substr(path, 75) AS ending, count(*) AS files, sum(bytes) AS bytes
    FROM media GROUP BY ending ORDER BY files DESC, ending`
  return ledger.all(sql).map((row) => ({
    ending: readText(row, 'ending', 'media.path'),
    files: readCount(row, 'files', 'media'),
    bytes: readCount(row, 'bytes', 'media.bytes'),
  }))
}
