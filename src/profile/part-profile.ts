import type { ColumnType } from '../graph/column-type.ts'
import { createSummary, type ColumnSummary, type StoredSummary } from './column-summary.ts'
import type { Scalar } from './scalar.ts'
import { countValues, type ValueCounts } from './value-counts.ts'

/** Statistics of the records of one part, or of several, by column. */
export interface PartProfile {
  columns: readonly StoredSummary[]
}

/** Grows whenever older statistics can't be merged with new ones; they are then made again. */
export const profileVersion = 1

/**
 * Values of the first part, and of those up to this row, are counted one by one, so that small
 * datasets have exact figures.
 */
const exactRows = 16_384
/** Different values of a later part that are kept one by one: as long as registers are not smaller. */
const exactInPart = 256

/** Collects the statistics of a part while its row groups pass by. */
export interface PartProfiler {
  /**
   * The columns of a row group, in order: what a part says depends on how its rows are grouped. With
   * their values counted, where who writes them needs that, too.
   */
  add(
    columns: readonly (readonly (Scalar | Float32Array)[])[],
    counts?: readonly (ValueCounts | null)[],
  ): void
  profile(): PartProfile
}

/** Which part of the run it is, and the row behind its last one. */
export interface PartPlace {
  part: number
  endRow: number
}

export function createPartProfiler(
  columns: readonly { type: ColumnType }[],
  { part, endRow }: PartPlace,
): PartProfiler {
  const exactDistinct = part === 0 || endRow <= exactRows ? exactRows : exactInPart
  const summaries = columns.map(({ type }) => createSummary(type, { exactDistinct }))
  return {
    add(values, counts) {
      for (const [id, summary] of summaries.entries()) {
        const own = values[id] ?? []
        const counted = counts === undefined ? countValues(own) : (counts[id] ?? null)
        if (counted === null) summary.addAll(own)
        else summary.addCounts(counted)
      }
    },
    profile: () => ({ columns: summaries.map((summary) => summary.store()) }),
  }
}

/** Merges the profiles of parts; in row order the result is always the same. */
export interface ProfileMerger {
  add(profile: PartProfile): void
  readonly columns: readonly ColumnSummary[]
  /** What was merged so far, in the form of one of them. */
  profile(): PartProfile
}

export function createProfileMerger(columns: readonly { type: ColumnType }[]): ProfileMerger {
  const summaries = columns.map(({ type }) => createSummary(type, { exactDistinct: exactRows }))
  return {
    columns: summaries,
    add(profile) {
      for (const [id, summary] of summaries.entries()) {
        const stored = profile.columns[id]
        if (stored !== undefined) summary.merge(stored)
      }
    },
    profile: () => ({ columns: summaries.map((summary) => summary.store()) }),
  }
}
