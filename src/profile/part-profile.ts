import type { ColumnType } from '../graph/column-type.ts'
import { createSummary, type ColumnSummary, type StoredSummary } from './column-summary.ts'
import type { Scalar } from './scalar.ts'

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

/** Values by column, in row order. */
interface Block {
  columns: readonly (readonly (Scalar | Float32Array)[])[]
}

/** Collects the statistics of a part while its blocks pass by. */
export interface PartProfiler {
  add(block: Block): void
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
    add(block) {
      for (const [id, summary] of summaries.entries()) {
        for (const value of block.columns[id] ?? []) summary.add(value)
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
