import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { systemCode } from '../threads/system-error.ts'
import { messageOf } from '../util/errors.ts'
import { syncFile, syncFolder } from './parquet-codec.ts'
import { hashOf } from './verify.ts'

/** The ledger as it was when the run was closed last: what a damaged one is restored from. */
export const copyName = 'ledger.copy.sqlite'
/** What its bytes are, and whether the ledger still has the same. */
export const sumName = 'ledger.sum.json'

export interface LedgerSum {
  /** False from the opening of the run on, until it is closed again. */
  closed: boolean
  /** Of the copy; of the ledger, too, while it is closed. */
  sha256: string
}

/** A larger ledger has no copy: closing a run would take seconds. */
const mostBytes = 512 * 2 ** 20

/** Before a ledger is changed: its bytes are no longer those that were summed up. Durable. */
export function noteOpened(ledgerPath: string): void {
  const sum = readSum(ledgerPath)
  if (sum === null || !sum.closed) return
  writeSum(ledgerPath, { ...sum, closed: false })
}

/**
 * Copies a ledger that was closed, and sums it up; returns why it could not, or null. A disk that has no room
 * for it takes nothing from the run: the ledger is whole, and has no copy of its latest state then.
 */
export function keepCopy(ledgerPath: string): string | null {
  const copy = join(dirname(ledgerPath), copyName)
  const unfinished = `${copy}.tmp`
  try {
    // Whoever reads it keeps its last changes in the log next to it.
    if (sizeOf(`${ledgerPath}-wal`) > 0 || sizeOf(ledgerPath) > mostBytes) return null
    copyFileSync(ledgerPath, unfinished, constants.COPYFILE_FICLONE)
    syncFile(unfinished)
    const sha256 = hashOf(unfinished)
    renameSync(unfinished, copy)
    writeSum(ledgerPath, { closed: true, sha256 })
    return null
  } catch (error) {
    if (systemCode(error) === null) throw error
    rmSync(unfinished, { force: true, recursive: true })
    return messageOf(error)
  }
}

/** What was summed up when the run was closed last; null where nothing readable was. */
export function readSum(ledgerPath: string): LedgerSum | null {
  const path = join(dirname(ledgerPath), sumName)
  if (!existsSync(path)) return null
  try {
    const found: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (typeof found !== 'object' || found === null) return null
    const { closed, sha256 } = found as Partial<Record<keyof LedgerSum, unknown>>
    return typeof closed === 'boolean' && typeof sha256 === 'string' ? { closed, sha256 } : null
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

function writeSum(ledgerPath: string, sum: LedgerSum): void {
  const path = join(dirname(ledgerPath), sumName)
  const unfinished = `${path}.tmp`
  const file = openSync(unfinished, 'w')
  try {
    writeSync(file, `${JSON.stringify(sum)}\n`)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(unfinished, path)
  syncFolder(dirname(path))
}

/** 0 for a file that is not there. */
function sizeOf(path: string): number {
  return existsSync(path) ? statSync(path).size : 0
}
