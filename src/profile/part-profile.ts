import type { ColumnType } from '../graph/column-type.ts'
import { createSummary, type ColumnSummary, type StoredSummary } from './column-summary.ts'
import type { Scalar } from './scalar.ts'
import {
  type ComparedColumns,
  createScoreCounts,
  type ScoreCounts,
  type StoredScores,
} from './score-counts.ts'
import { countValues, type ValueCounts } from './value-counts.ts'

/** Statistics of the records of one part, or of several, by column. */
export interface PartProfile {
  columns: readonly StoredSummary[]
  /** Scores of columns that are counted together, by what says which; absent without any. */
  scores?: Readonly<Record<string, StoredScores>>
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

/** Which part of the run it is, the row behind its last one, and what of it is compared. */
export interface PartPlace {
  part: number
  endRow: number
  compared?: readonly ComparedColumns[]
}

export function createPartProfiler(
  columns: readonly { type: ColumnType }[],
  { part, endRow, compared = [] }: PartPlace,
): PartProfiler {
  const exactDistinct = part === 0 || endRow <= exactRows ? exactRows : exactInPart
  const summaries = columns.map(({ type }) => createSummary(type, { exactDistinct }))
  const scores = compared.map((one) => ({ ...one, counts: createScoreCounts() }))
  return {
    add(values, counts) {
      for (const { columns: together, counts: own } of scores) {
        own.addAll(
          together.map(({ position, hasObjects }) => ({
            cells: values[position] ?? [],
            hasObjects,
          })),
        )
      }
      for (const [id, summary] of summaries.entries()) {
        const own = values[id] ?? []
        const counted = counts === undefined ? countValues(own) : (counts[id] ?? null)
        if (counted === null) summary.addAll(own)
        else summary.addCounts(counted)
      }
    },
    profile: () => ({
      columns: summaries.map((summary) => summary.store()),
      ...storedScores(scores.map(({ id, counts }) => [id, counts.store()])),
    }),
  }
}

function storedScores(
  scores: readonly (readonly [string, StoredScores])[],
): Pick<PartProfile, 'scores'> {
  return scores.length === 0 ? {} : { scores: Object.fromEntries(scores) }
}

/** Whether a profile has the scores of all of these columns. */
export function hasScores(
  { scores = {} }: PartProfile,
  compared: readonly ComparedColumns[],
): boolean {
  return compared.every(({ id }) => id in scores)
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
  const scores = createScoreMerger()
  return {
    columns: summaries,
    add(profile) {
      scores.add(profile)
      for (const [id, summary] of summaries.entries()) {
        const stored = profile.columns[id]
        if (stored !== undefined) summary.merge(stored)
      }
    },
    profile: () => ({
      columns: summaries.map((summary) => summary.store()),
      ...storedScores(scores.stored()),
    }),
  }
}

interface ScoreMerger {
  add(profile: PartProfile): void
  stored(): [string, StoredScores][]
}

/** Merges the scores of profiles: those of columns that every one of them has. */
export function createScoreMerger(): ScoreMerger {
  let merged: Map<string, ScoreCounts> | null = null
  return {
    add({ scores = {} }) {
      merged ??= new Map(Object.keys(scores).map((id) => [id, createScoreCounts()]))
      for (const [id, counts] of merged) {
        const own = scores[id]
        if (own === undefined) merged.delete(id)
        else counts.merge(own)
      }
    },
    stored: () => [...(merged ?? [])].map(([id, counts]) => [id, counts.store()]),
  }
}
