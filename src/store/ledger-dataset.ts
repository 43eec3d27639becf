import { isMediaPath } from '../graph/media.ts'
import type { RecordColumn } from '../graph/processor-kind.ts'
import { forgetColumns, keepColumns, readKeptColumns } from './ledger-columns.ts'
import { corrupt } from './ledger-corrupt.ts'
import { readCount, readText, type LedgerFile } from './ledger-file.ts'
import { planDatasetFiles, type PartSize } from './dataset-plan.ts'

/** Folder of the run's own dataset, inside the run folder; every other one is an export. */
export const datasetFolder = 'data'
/** Folder of the datasets next to it, each in a folder of its name. */
export const besideFolder = 'processors-files'

/** A file of the joined dataset. */
export interface DatasetFile {
  /** Absolute. */
  path: string
  rows: number
  bytes: number
  sha256: string
}

/** A dataset file as the ledger stores it: by name, inside a folder known by its key. */
export type DatasetEntry = Omit<DatasetFile, 'path'> & { file: string }

/** A part file that goes into the dataset. */
export interface JoinPart {
  part: number
  /** Relative to the run folder. */
  file: string
  bytes: number
  sha256: string
}

/** Files of a dataset are cut once they hold this much. */
const datasetFileBytes = 512 * 1024 * 1024

/** Files and folders that were begun or replaced and not cleaned up: orphans of a crash at open. */
export function readIntents(ledger: LedgerFile): string[] {
  return ledger.all('SELECT path FROM intent ORDER BY path').map((row) => {
    const path = readText(row, 'path', 'intent.path')
    if (!intentName.test(path) && !isMediaPath(path)) {
      throw corrupt('intent.path', path, 'a part file, a media file or a join folder')
    }
    return path
  })
}

/** What opening a run may delete: names only this store gives. */
const intentName = /^parts\/part-\d+\.s\d+-\d+\.parquet$|\.s\d+-\d+\.joining$/

export function addIntent(ledger: LedgerFile, path: string): void {
  ledger.write(() => ledger.run('INSERT OR IGNORE INTO intent VALUES (?)', path))
}

export function removeIntents(ledger: LedgerFile, paths: readonly string[]): void {
  if (paths.length === 0) return
  ledger.write(() => {
    for (const path of paths) ledger.run('DELETE FROM intent WHERE path = ?', path)
  })
}

/** The first part of every file of the dataset of a target. */
export function planJoin(ledger: LedgerFile, partRows: number, target: number): number[] {
  function* sizes(): Generator<PartSize> {
    for (const row of ledger.each(partsOfJoin, 0, Math.ceil(target / partRows))) {
      yield {
        part: readCount(row, 'number', 'part.number'),
        bytes: readCount(row, 'bytes', 'part.bytes'),
      }
    }
  }
  return planDatasetFiles(sizes(), datasetFileBytes)
}

/** The part files from one part up to, without, another. */
export function readJoinParts(ledger: LedgerFile, from: number, to: number): JoinPart[] {
  return ledger.all(partsOfJoin, from, to).map((row) => {
    const part = readCount(row, 'number', 'part.number')
    return {
      part,
      file: readText(row, 'file', `part ${part}: file`),
      bytes: readCount(row, 'bytes', `part ${part}: bytes`),
      sha256: readText(row, 'sha256', `part ${part}: sha256`),
    }
  })
}

const partsOfJoin = `SELECT number, file, bytes, sha256 FROM part
  WHERE number >= ? AND number < ? AND file IS NOT NULL ORDER BY number`

/**
 * The dataset in a folder, or null when it is older than the parts; of one that other processors made
 * too, where they are given.
 */
export function readDataset(
  ledger: LedgerFile,
  directory: string,
  processors: string | null = null,
): DatasetEntry[] | null {
  const rows = ledger.all(
    `SELECT * FROM dataset
    WHERE directory = ?1 AND current = 1 AND (?2 IS NULL OR processors = ?2
      -- Behind the identity stands what was counted.
      OR (?2 <> '' AND instr(processors, ?2 || char(10)) = 1)) ORDER BY file`,
    directory,
    processors,
  )
  return rows.length === 0 ? null : rows.map(readEntry)
}

/** All files this run put into a folder, current or not: only those may be replaced. */
export function readOwnFiles(ledger: LedgerFile, directory: string): string[] {
  return ledger
    .all('SELECT file FROM dataset WHERE directory = ?', directory)
    .map((row) => readText(row, 'file', 'dataset.file'))
}

/** Notes the names that are about to appear in a folder, so that a crash leaves no unknown file. */
export function beginSwap(ledger: LedgerFile, directory: string, files: readonly string[]): void {
  ledger.write(() => {
    ledger.run('UPDATE dataset SET current = 0 WHERE directory = ?', directory)
    for (const file of files) {
      ledger.run("INSERT OR IGNORE INTO dataset VALUES (?, ?, 0, 0, '', 0, '')", directory, file)
    }
  })
}

/** How a dataset was made. */
export interface MadeDataset {
  intent: string
  processors: string
  /** The config version that says so. */
  config: number
  /** Of one of the run folder that processors made; null for others. */
  columns: readonly RecordColumn[] | null
}

/** A dataset that processors made, as new as the parts: no kind is needed to read it. */
export interface ReadableDataset {
  files: DatasetEntry[]
  columns: RecordColumn[]
  processors: string
}

/** Null for one that is not there, is older than the parts or the config, or was joined. */
export function readMadeDataset(
  ledger: LedgerFile,
  directory: string,
  config: number,
): ReadableDataset | null {
  const files = readDataset(ledger, directory)
  const columns = files === null ? null : readKeptColumns(ledger, directory, config)
  if (files === null || columns === null) return null
  return { files, columns, processors: readProcessors(ledger, directory) }
}

/** Makes a dataset true. */
export function commitDataset(
  ledger: LedgerFile,
  directory: string,
  files: readonly DatasetEntry[],
  { intent, processors, columns, config }: MadeDataset,
): void {
  ledger.write(() => {
    ledger.run('DELETE FROM dataset WHERE directory = ?', directory)
    if (columns === null) forgetColumns(ledger, directory)
    else keepColumns(ledger, directory, { config, columns })
    for (const { file, rows, bytes, sha256 } of files) {
      ledger.run(
        'INSERT INTO dataset VALUES (?, ?, ?, ?, ?, 1, ?)',
        directory,
        file,
        rows,
        bytes,
        sha256,
        processors,
      )
    }
    ledger.run('DELETE FROM intent WHERE path = ?', intent)
  })
}

/** What was done to the records of a dataset; empty where they are those of the parts. */
export function readProcessors(ledger: LedgerFile, directory = datasetFolder): string {
  const row = ledger.get(
    'SELECT processors FROM dataset WHERE directory = ? AND current = 1 LIMIT 1',
    directory,
  )
  return row === undefined ? '' : readText(row, 'processors', 'dataset.processors')
}

/** Folders of datasets next to the run's own, current or not. */
export function readBesideFolders(ledger: LedgerFile): string[] {
  const start = `${besideFolder}/`
  return ledger
    .all(
      'SELECT DISTINCT directory FROM dataset WHERE substr(directory, 1, ?) = ? ORDER BY directory',
      start.length,
      start,
    )
    .map((row) => readText(row, 'directory', 'dataset.directory'))
}

/** The files of a folder are missing. */
export function forgetDataset(ledger: LedgerFile, directory: string): void {
  ledger.write(() => {
    ledger.run('DELETE FROM dataset WHERE directory = ?', directory)
    forgetColumns(ledger, directory)
  })
}

function readEntry(row: Record<string, unknown>): DatasetEntry {
  const file = readText(row, 'file', 'dataset.file')
  if (file.includes('/') || file.includes('\\')) {
    throw corrupt('dataset.file', file, 'a file name without a folder')
  }
  return {
    file,
    rows: readCount(row, 'rows', 'dataset.rows'),
    bytes: readCount(row, 'bytes', 'dataset.bytes'),
    sha256: readText(row, 'sha256', 'dataset.sha256'),
  }
}
