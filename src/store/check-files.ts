import { join, resolve } from 'node:path'
import { datasetFolder, readBesideFolders, readDataset } from './ledger-dataset.ts'
import { openLedgerForReading, readNullableText, type LedgerFile } from './ledger-file.ts'
import { readMedia } from './ledger-media.ts'
import { readPartFiles } from './ledger-reopen.ts'
import { hashOfFile } from './verify.ts'

/** A file that is not as it was written. */
interface DamagedFile {
  /** From the run folder. */
  path: string
  problem: 'gone' | 'damaged'
}

/** Files of one kind that were looked at. */
export interface CheckedFiles<Damaged extends DamagedFile = DamagedFile> {
  files: number
  damaged: Damaged[]
}

export interface FileChecks {
  /** Part files. */
  parts: CheckedFiles<DamagedFile & { part: number }>
  /** Files of the run's own dataset and of those next to it, as far as they are as new as the parts. */
  dataset: CheckedFiles
  /** Files that cells name. */
  media: CheckedFiles
}

const pageFiles = 64

/** Hashes every file that the ledger names. A process that works on the run may replace parts meanwhile. */
export async function checkFiles(directory: string, ledgerPath: string): Promise<FileChecks> {
  const ledger = openLedgerForReading(ledgerPath)
  try {
    return {
      parts: await checkParts(directory, ledger),
      dataset: await checkDatasets(directory, ledger),
      media: await checkMedia(directory, ledger),
    }
  } finally {
    ledger.close()
  }
}

async function checkParts(directory: string, ledger: LedgerFile): Promise<FileChecks['parts']> {
  const checked: FileChecks['parts'] = { files: 0, damaged: [] }
  for (let from = 0; ;) {
    const page = readPartFiles(ledger, from, pageFiles)
    for (const { part, file, sha256 } of page) {
      const problem = await problemOf(resolve(directory, file), sha256)
      if (problem !== null && !names(ledger, part, file)) continue
      checked.files += 1
      if (problem !== null) checked.damaged.push({ part, path: file, problem })
    }
    const last = page.at(-1)
    if (last === undefined) return checked
    from = last.part + 1
  }
}

/** Whether the file is still the one of its part: else another process has replaced it. */
function names(ledger: LedgerFile, part: number, file: string): boolean {
  const rows = [
    ...ledger.all('SELECT file FROM part WHERE number = ?', part),
    ...ledger.all('SELECT file FROM reopened WHERE part = ?', part),
  ]
  return rows.some((row) => readNullableText(row, 'file', `part ${part}: file`) === file)
}

async function checkDatasets(directory: string, ledger: LedgerFile): Promise<CheckedFiles> {
  const checked: CheckedFiles = { files: 0, damaged: [] }
  for (const folder of [datasetFolder, ...readBesideFolders(ledger)]) {
    for (const { file, sha256 } of readDataset(ledger, folder) ?? []) {
      const path = join(folder, file)
      const problem = await problemOf(resolve(directory, path), sha256)
      if (problem !== null && readDataset(ledger, folder) === null) continue
      checked.files += 1
      if (problem !== null) checked.damaged.push({ path, problem })
    }
  }
  return checked
}

/** The name of such a file is a hash of its content. */
async function checkMedia(directory: string, ledger: LedgerFile): Promise<CheckedFiles> {
  const checked: CheckedFiles = { files: 0, damaged: [] }
  for (let behind = ''; ;) {
    const page = readMedia(ledger, behind, pageFiles)
    for (const { path } of page) {
      const sha256 = /([0-9a-f]{64})\.[^/]*$/.exec(path)?.[1] ?? ''
      const problem = await problemOf(resolve(directory, path), sha256)
      checked.files += 1
      if (problem !== null) checked.damaged.push({ path, problem })
    }
    const last = page.at(-1)
    if (last === undefined) return checked
    behind = last.path
  }
}

async function problemOf(path: string, sha256: string): Promise<DamagedFile['problem'] | null> {
  const found = await hashOfFile(path)
  if (found === null) return 'gone'
  return found === sha256 ? null : 'damaged'
}
