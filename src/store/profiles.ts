import { resolve } from 'node:path'
import { hasScores, type PartProfile } from '../profile/part-profile.ts'
import type { ComparedColumns } from '../profile/score-counts.ts'
import { comparedColumns } from './compared-columns.ts'
import { keyedColumns, type KeyedColumn } from './ledger-config.ts'
import { ledgerName, openLedgerForReading, readCount, type LedgerFile } from './ledger-file.ts'
import { readPartRecord, readSkipped, type PartRecord } from './ledger-parts.ts'
import { readMerged, runOf } from './ledger-profiles.ts'
import type { OpenRun } from './open-run.ts'
import { profileFile } from './profile-file.ts'
import type { RunSettings } from './run-settings.ts'
import { ledgerError } from './ledger-error.ts'
import type { RecordedFile } from './verify.ts'

/** Statistics of some records below the target, the next in row order. */
export interface ReadProfile {
  profile: PartProfile
  /** Skipped cells by column; null where they can't be determined. */
  skipped: readonly number[] | null
}

/**
 * The profiles of the records below the target, in row order, without locking the run.
 *
 * Parts whose statistics are not there, and the one the target lies inside of, are read again; with
 * `compared` also those that lack the scores of some of these columns.
 */
export async function* readProfiles(
  directory: string,
  settings: RunSettings,
  compared: readonly ComparedColumns[] = [],
): AsyncGenerator<ReadProfile> {
  const path = resolve(directory, ledgerName)
  const ledger = openLedgerForReading(path)
  try {
    const columns = keyedColumns(ledger, settings.columns)
    const reading = { directory, ledger, settings, columns, compared }
    const whole = Math.floor(settings.rows / settings.partRows)
    const end = Math.ceil(settings.rows / settings.partRows)
    for (let part = 0; part < end;) {
      const merged = readMerged(ledger, reading, part, whole)
      if (merged !== null) {
        const skipped = skippedBetween(ledger, columns, part, merged.next)
        yield { profile: merged.profile, skipped }
        part = merged.next
        continue
      }
      const run = runOf(part)
      yield* profilesOfRun(reading, part, Math.min(run.end, end))
      const next = firstWithFile(ledger, run.end, end)
      part = next === null ? end : runOf(next).start
    }
  } catch (error) {
    throw ledgerError(error, `reading ${path}`, path)
  } finally {
    ledger.close()
  }
}

interface Reading {
  directory: string
  ledger: LedgerFile
  settings: RunSettings
  columns: readonly KeyedColumn[]
  compared: readonly ComparedColumns[]
}

async function* profilesOfRun(
  reading: Reading,
  from: number,
  to: number,
): AsyncGenerator<ReadProfile> {
  for (let part = firstWithFile(reading.ledger, from, to); part !== null;) {
    const found = await profileOf(reading, part)
    if (found !== null) yield found
    part = firstWithFile(reading.ledger, part + 1, to)
  }
}

/** One look-up for each: the run may continue meanwhile. */
function firstWithFile(ledger: LedgerFile, from: number, to: number): number | null {
  const row = ledger.get(
    'SELECT number FROM part WHERE number >= ? AND number < ? AND file IS NOT NULL ORDER BY number LIMIT 1',
    from,
    to,
  )
  return row === undefined ? null : readCount(row, 'number', 'part.number')
}

async function profileOf(reading: Reading, number: number): Promise<ReadProfile | null> {
  const { directory, ledger, settings, columns, compared } = reading
  const { partRows, rows } = settings
  // A part that got more rows has another file by then; its record says which.
  let failed: string | null = null
  for (;;) {
    const part = readPartRecord(ledger, columns, partRows, number)
    const file = part === null ? null : fileOf(directory, part)
    if (part === null || file === null) return null
    const all = (number + 1) * partRows <= rows || lastRow(part) < rows
    const skipped = all ? columns.map(({ key }) => part.skipped.get(key) ?? 0) : null
    if (all && part.profile !== null && hasScores(part.profile, compared)) {
      return { profile: part.profile, skipped }
    }
    try {
      const place = { part: number, endRow: (number + 1) * partRows, below: rows, compared }
      return { profile: await profileFile(file, settings.columns, place), skipped }
    } catch (error) {
      if (file.path === failed) throw error
      failed = file.path
    }
  }
}

function fileOf(directory: string, { file, sha256 }: PartRecord): RecordedFile | null {
  return file === null || sha256 === null ? null : { path: resolve(directory, file), sha256 }
}

function lastRow({ decided }: PartRecord): number {
  return (decided.at(-1)?.end ?? 0) - 1
}

function skippedBetween(
  ledger: LedgerFile,
  columns: readonly KeyedColumn[],
  from: number,
  to: number,
): number[] {
  const sums = new Map<number, number>()
  const rows = ledger.each(
    "SELECT number, skipped FROM part WHERE number >= ? AND number < ? AND skipped <> '{}'",
    from,
    to,
  )
  for (const row of rows) {
    for (const [key, count] of readSkipped(row, readCount(row, 'number', 'part.number'))) {
      sums.set(key, (sums.get(key) ?? 0) + count)
    }
  }
  return columns.map(({ key }) => sums.get(key) ?? 0)
}

/** Parts that are looked up at once. */
const pageParts = 64

/**
 * Makes the statistics of complete parts that have none: those next to a part that was open again
 * were merged with what it had before.
 */
export async function completeProfiles(run: OpenRun): Promise<void> {
  const { directory, ledger, settings, writer } = run
  const { columns, partRows } = settings
  for (let from = 0; ;) {
    const parts = await ledger.call('unprofiledParts', from, pageParts)
    for (const part of parts) {
      const record = await ledger.call('partRecord', part)
      const file = record === null ? null : fileOf(directory, record)
      if (file === null) continue
      const place = { part, endRow: (part + 1) * partRows, compared: comparedColumns(settings) }
      const profile = await writer().call('profileFile', file, columns, place)
      await ledger.call('storeProfile', part, profile)
    }
    const last = parts.at(-1)
    if (last === undefined) return
    from = last + 1
  }
}
