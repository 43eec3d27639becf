import {
  createProfileMerger,
  hasScores,
  type PartProfile,
  profileVersion,
} from '../profile/part-profile.ts'
import type { ComparedColumns } from '../profile/score-counts.ts'
import type { StoredSummary } from '../profile/column-summary.ts'
import type { KeyedColumn } from './ledger-config.ts'
import { parseStored, readCount, readText, type LedgerFile } from './ledger-file.ts'

/*
 * Statistics form a tree: those of 64 complete parts next to each other are merged into one profile,
 * and those of the parts forgotten, so that a billion rows do not keep gigabytes of them. 64
 * profiles of a level make one of the next, which only makes reports quicker.
 *
 * Which profiles there are depends on which parts are complete, and what is in them on these
 * parts: never on the order in which they amounted to be.
 */

/** Parts of a run that are merged, and profiles of one level that make one of the next. */
const fanOut = 64
/** 64^8 parts hold more rows than there can be. */
const topLevel = 8

/** A profile as the ledger keeps it: by column key, so that the order of columns can change. */
interface StoredProfile {
  version: number
  columns: Record<string, StoredSummary>
  scores?: NonNullable<PartProfile['scores']>
}

/** Keeps the statistics of a part; inside a transaction. */
export function storeProfile(
  ledger: LedgerFile,
  columns: readonly KeyedColumn[],
  part: number,
  profile: PartProfile,
): void {
  write(ledger, columns, 0, part, profile)
}

function write(
  ledger: LedgerFile,
  columns: readonly KeyedColumn[],
  level: number,
  number: number,
  profile: PartProfile,
): void {
  const stored: StoredProfile = {
    version: profileVersion,
    columns: Object.fromEntries(
      columns.map(({ key }, position) => [key, profile.columns[position] as StoredSummary]),
    ),
    ...scoresOf(profile),
  }
  ledger.run(
    'INSERT OR REPLACE INTO profile VALUES (?, ?, ?)',
    level,
    number,
    JSON.stringify(stored),
  )
}

/**
 * A profile of the columns, or null for none: when there is none, one of another version, or one
 * that lacks a column.
 */
export function readProfile(
  ledger: LedgerFile,
  columns: readonly KeyedColumn[],
  level: number,
  number: number,
): PartProfile | null {
  const row = ledger.get(
    'SELECT profile FROM profile WHERE level = ? AND number = ?',
    level,
    number,
  )
  return row === undefined ? null : parseProfile(readText(row, 'profile'), columns)
}

function parseProfile(text: string, columns: readonly KeyedColumn[]): PartProfile | null {
  // Written by `write` under this version; whoever changes it changes the version.
  const stored = parseStored(text, 'profile.profile') as StoredProfile | null
  if (stored?.version !== profileVersion) return null
  const summaries = columns.map(({ key }) => stored.columns[key])
  if (!summaries.every((summary) => summary !== undefined)) return null
  return { columns: summaries, ...scoresOf(stored) }
}

function scoresOf({
  scores,
}: {
  scores?: PartProfile['scores'] | undefined
}): Pick<PartProfile, 'scores'> {
  return scores === undefined ? {} : { scores }
}

/** Merges the profiles around a part that became complete as far up as that goes. */
export function mergeProfiles(
  ledger: LedgerFile,
  columns: readonly KeyedColumn[],
  part: number,
): void {
  for (let level = 0, number = part; level < topLevel; level += 1) {
    number = Math.floor(number / fanOut)
    const first = number * fanOut
    if (level === 0 ? !partsComplete(ledger, first) : !levelComplete(ledger, level, first)) return
    const merger = createProfileMerger(columns.map(({ settings }) => settings))
    for (const row of ledger.all(profilesOfRun, level, first, first + fanOut)) {
      const profile = parseProfile(readText(row, 'profile'), columns)
      // Of an older config or version: whoever makes a report reads the files.
      if (profile === null) return
      merger.add(profile)
    }
    write(ledger, columns, level + 1, number, merger.profile())
    if (level === 0) ledger.run(forgetParts, first, first + fanOut)
  }
}

const profilesOfRun =
  'SELECT profile FROM profile WHERE level = ? AND number >= ? AND number < ? ORDER BY number'
const forgetParts = 'DELETE FROM profile WHERE level = 0 AND number >= ? AND number < ?'

/** Whether all parts of a run are complete, and there is a profile of each that has a file. */
function partsComplete(ledger: LedgerFile, first: number): boolean {
  const row =
    ledger.get(
      `SELECT count(*) AS complete, sum(file IS NOT NULL AND NOT EXISTS
        (SELECT 1 FROM profile WHERE level = 0 AND profile.number = part.number)) AS without
      FROM part WHERE number >= ? AND number < ? AND decided IS NULL`,
      first,
      first + fanOut,
    ) ?? {}
  return readCount(row, 'complete') === fanOut && readCount(row, 'without') === 0
}

function levelComplete(ledger: LedgerFile, level: number, first: number): boolean {
  const row =
    ledger.get(
      'SELECT count(*) AS count FROM profile WHERE level = ? AND number >= ? AND number < ?',
      level,
      first,
      first + fanOut,
    ) ?? {}
  return readCount(row, 'count') === fanOut
}

/** A part is open again: what it was merged into is no longer true. Inside a transaction. */
export function forgetMerged(ledger: LedgerFile, part: number): void {
  for (let level = 1, number = part; level <= topLevel; level += 1) {
    number = Math.floor(number / fanOut)
    ledger.run('DELETE FROM profile WHERE level = ? AND number = ?', level, number)
  }
}

/** Statistics of parts next to each other, and the part behind them. */
export interface ProfileRun {
  profile: PartProfile
  next: number
}

/**
 * The largest merged profile that begins at a part and ends before another one; without some of the
 * scores that are compared it is none.
 */
export function readMerged(
  ledger: LedgerFile,
  { columns, compared }: { columns: readonly KeyedColumn[]; compared: readonly ComparedColumns[] },
  part: number,
  end: number,
): ProfileRun | null {
  for (let level = topLevel; level > 0; level -= 1) {
    const span = fanOut ** level
    if (part % span !== 0 || part + span > end) continue
    const profile = readProfile(ledger, columns, level, part / span)
    if (profile !== null && hasScores(profile, compared)) return { profile, next: part + span }
  }
  return null
}

/** The parts that are merged with a part, from the first to behind the last. */
export function runOf(part: number): { start: number; end: number } {
  const start = Math.floor(part / fanOut) * fanOut
  return { start, end: start + fanOut }
}

/** Some complete parts with a file whose statistics are nowhere, in order. */
export function readUnprofiled(ledger: LedgerFile, from: number, most: number): number[] {
  return ledger
    .all(
      `SELECT number FROM part WHERE number >= ? AND file IS NOT NULL AND decided IS NULL
        AND NOT EXISTS (SELECT 1 FROM profile WHERE level = 0 AND profile.number = part.number)
        AND NOT EXISTS (SELECT 1 FROM profile
          WHERE level = 1 AND profile.number = part.number / ${fanOut})
      ORDER BY number LIMIT ?`,
      from,
      most,
    )
    .map((row) => readCount(row, 'number', 'part.number'))
}
