import { rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { mediaPathsOf } from '../graph/media.ts'
import { type KeyedColumn, keyList, readColumns } from './ledger-config.ts'
import { ledgerError } from './ledger-error.ts'
import { removeIntents } from './ledger-dataset.ts'
import {
  ledgerName,
  type LedgerFile,
  openLedgerForReading,
  readCount,
  readText,
} from './ledger-file.ts'
import { readSettings } from './ledger-run.ts'
import { readPartFile } from './part-file.ts'
import { verifyPart } from './verify.ts'

/** Media files of a run, counted. */
export interface MediaCount {
  files: number
  bytes: number
}

/** Files whose paths are read, or that are removed, at once. */
const pageFiles = 256

/**
 * Counts the media files that nothing names but cells of columns which are no longer in the config, and
 * those that nothing names at all. Reads without a lock.
 */
export async function countUnnamedMedia(directory: string): Promise<MediaCount> {
  const path = resolve(directory, ledgerName)
  const ledger = openLedgerForReading(path)
  try {
    if (!hasMedia(ledger)) return { files: 0, bytes: 0 }
    await noteNamed(ledger, directory, readSettings(ledger).columns)
    const found = ledger.get(
      `SELECT count(*) AS files, ifnull(sum(bytes), 0) AS bytes FROM media WHERE ${isUnnamed}`,
    )
    return { files: readCount(found ?? {}, 'files'), bytes: readCount(found ?? {}, 'bytes') }
  } catch (error) {
    throw ledgerError(error, `reading ${path}`, path)
  } finally {
    ledger.close()
  }
}

/**
 * Removes them, some at a time: a file that the ledger no longer knows is an intent until it is removed, so
 * that a crash leaves none.
 */
export async function removeUnnamedMedia(
  ledger: LedgerFile,
  directory: string,
  columns: readonly KeyedColumn[],
): Promise<MediaCount> {
  const removed: MediaCount = { files: 0, bytes: 0 }
  if (!hasMedia(ledger)) return removed
  await noteNamed(ledger, directory, columns)
  for (;;) {
    const page = ledger.all(`SELECT path, bytes FROM media WHERE ${isUnnamed} LIMIT ?`, pageFiles)
    if (page.length === 0) return removed
    const paths = page.map((row) => readText(row, 'path', 'media.path'))
    ledger.write(() => {
      for (const path of paths) {
        ledger.run('INSERT OR IGNORE INTO intent VALUES (?)', path)
        ledger.run('DELETE FROM media WHERE path = ?', path)
      }
    })
    for (const path of paths) await rm(resolve(directory, path), { force: true })
    removeIntents(ledger, paths)
    removed.files += page.length
    for (const row of page) removed.bytes += readCount(row, 'bytes', 'media.bytes')
  }
}

const isUnnamed = 'path NOT IN (SELECT path FROM temp.named)'

function hasMedia(ledger: LedgerFile): boolean {
  return ledger.get('SELECT 1 FROM media LIMIT 1') !== undefined
}

/**
 * Notes the files that cells in the ledger name, of columns in the config, and all that part files name:
 * these also hold columns that were only taken out of the config.
 */
async function noteNamed(
  ledger: LedgerFile,
  directory: string,
  columns: readonly KeyedColumn[],
): Promise<void> {
  // In the memory or the temporary folder of this connection, which may be one that only reads.
  ledger.run('CREATE TEMP TABLE IF NOT EXISTS named (path TEXT PRIMARY KEY) STRICT, WITHOUT ROWID')
  ledger.run('DELETE FROM temp.named')
  const ofMedia = columns.filter(isOfMedia)
  if (ofMedia.length > 0) {
    ledger.run(
      `INSERT OR IGNORE INTO temp.named SELECT item.value FROM cell, json_each(
        CASE WHEN substr(cell.value, 1, 1) = '[' THEN cell.value ELSE json_array(cell.value) END) AS item
      WHERE cell.column_key IN (${keyList(ofMedia)}) AND cell.value IS NOT NULL`,
    )
  }
  const inFiles = new Map<number, KeyedColumn[]>()
  for (const found of ledger.all(
    `SELECT config, file, sha256 FROM part WHERE file IS NOT NULL
    UNION ALL SELECT config, file, sha256 FROM reopened`,
  )) {
    const config = readCount(found, 'config', 'part.config')
    const named = inFiles.get(config) ?? readColumns(ledger, config).filter(isOfMedia)
    inFiles.set(config, named)
    if (named.length === 0) continue
    const file = readText(found, 'file', 'part.file')
    const path = resolve(directory, file)
    try {
      // What a damaged file names can't be known, and may come back with the file.
      verifyPart({ path, sha256: readText(found, 'sha256', 'part.sha256') })
      await noteFile(ledger, path, named)
    } catch (error) {
      // Whoever works on the run has just made another file of this part.
      if (isFileOfPart(ledger, file)) throw error
    }
  }
}

function isFileOfPart(ledger: LedgerFile, file: string): boolean {
  const sql = `SELECT 1 FROM part WHERE file = ?1 UNION ALL SELECT 1 FROM reopened WHERE file = ?1`
  return ledger.get(sql, file) !== undefined
}

function isOfMedia({ settings }: KeyedColumn): boolean {
  return settings.type === 'media'
}

async function noteFile(
  ledger: LedgerFile,
  path: string,
  columns: readonly KeyedColumn[],
): Promise<void> {
  const inFile = columns.map(({ settings }) => settings)
  for await (const block of readPartFile(path, inFile)) {
    for (const value of block.columns.flat()) {
      if (typeof value !== 'string') continue
      for (const named of mediaPathsOf(value)) {
        ledger.run('INSERT OR IGNORE INTO temp.named VALUES (?)', named)
      }
    }
  }
}
