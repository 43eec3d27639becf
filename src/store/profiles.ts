import { resolve } from 'node:path'
import { createPartProfiler, readPartProfile, type PartProfile } from '../profile/part-profile.ts'
import { ledgerName, openLedgerForReading, readCount, type LedgerFile } from './ledger-file.ts'
import { readPartRecord, type PartRecord } from './ledger-parts.ts'
import { clipBlock, readPartFile } from './part-file.ts'
import type { RunSettings } from './settings.ts'
import { storageError } from './storage-error.ts'

/**
 * The profiles of the records below the target, in row order, without locking the run.
 *
 * Parts of older versions, and the one the target lies inside of, are read again.
 */
export async function* readProfiles(
  directory: string,
  settings: RunSettings,
): AsyncGenerator<PartProfile> {
  const path = resolve(directory, ledgerName)
  const ledger = openLedgerForReading(path)
  try {
    for (const part of partNumbers(ledger, settings)) {
      const profile = await profileOf(directory, ledger, settings, part)
      if (profile !== null) yield profile
    }
  } catch (error) {
    throw storageError(error, `reading ${path}`)
  } finally {
    ledger.close()
  }
}

/** Parts with a file, one look-up each: the run may go on meanwhile. */
function* partNumbers(ledger: LedgerFile, { rows, partRows }: RunSettings): Generator<number> {
  const end = Math.ceil(rows / partRows)
  for (let from = 0; ;) {
    const row = ledger.get(
      'SELECT number FROM part WHERE number >= ? AND number < ? AND file IS NOT NULL ORDER BY number LIMIT 1',
      from,
      end,
    )
    if (row === undefined) return
    const number = readCount(row, 'number', 'part.number')
    yield number
    from = number + 1
  }
}

async function profileOf(
  directory: string,
  ledger: LedgerFile,
  settings: RunSettings,
  number: number,
): Promise<PartProfile | null> {
  const { columns, partRows, rows } = settings
  // A part that got more rows has another file by then; its record says which.
  for (let tries = 0; ; tries += 1) {
    const part = readPartRecord(ledger, partRows, number)
    if (part?.file === null || part === null) return null
    const stored = readPartProfile(part.profile, columns.length)
    const whole = (number + 1) * partRows <= rows
    if (stored !== null && (whole || lastRow(part) < rows)) return stored
    try {
      return await profileFile(resolve(directory, part.file), settings, number)
    } catch (error) {
      if (tries >= 3 || !isMissing(error)) throw error
    }
  }
}

function lastRow({ decided }: PartRecord): number {
  return (decided.at(-1)?.end ?? 0) - 1
}

async function profileFile(
  path: string,
  { columns, partRows, rows }: RunSettings,
  number: number,
): Promise<PartProfile> {
  const profiler = createPartProfiler(columns, {
    part: number,
    endRow: (number + 1) * partRows,
  })
  for await (const block of readPartFile(path, columns)) profiler.add(clipBlock(block, rows))
  return profiler.profile()
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
