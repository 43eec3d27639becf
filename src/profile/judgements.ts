import type { GraphAgreement } from '../graph/graph.ts'
import type { Score } from '../graph/kind.ts'
import { cohensKappa } from './cohens-kappa.ts'
import { krippendorffAlpha, type WeightedPair, weightedPairs } from './krippendorff.ts'
import {
  type PairCount,
  scoreText,
  type StoredScore,
  type StoredScores,
  unnamedScore,
} from './score-counts.ts'

/** A judge's verdicts for one score, over all records. */
export interface JudgedScore {
  column: string
  score: string
  /** Every option of the config in its order, then what is none. */
  given: readonly { option: string; count: number }[]
  /** The models' summaries of its reasons, if the config requests them. */
  summaries: readonly JudgeSummary[]
}

interface JudgeSummary {
  /** The alias of the model. */
  by: string
  /** Null where the model gave none, which `failure` explains. */
  text: string | null
  failure: string | null
}

/** Why a validator called values invalid, most frequent first: of some of the records. */
export interface InvalidReasons {
  column: string
  /** The target column, where the validator judges several. */
  target: string | null
  /** Records that were looked at. */
  records: number
  /** Reasons that differ only in figures are one; it is the first of them. */
  reasons: readonly { reason: string; count: number }[]
}

/** The agreement of columns on one score. */
export interface Agreement {
  columns: readonly string[]
  /** Null where the values of the columns are the scores. */
  score: string | null
  level: GraphAgreement['level']
  /** Krippendorff's alpha; null where there is none, which `reason` explains. */
  alpha: number | null
  reason: AgreementReason | null
  /** Records with two scores or more. */
  units: number
  /** The scores of these records. */
  values: number
  /** Each two of the columns, over the records that both judged. */
  pairs: readonly AgreementPair[]
}

/**
 * Why there is no alpha: fewer than two scores of any record, all scores the same, scores that have
 * no place on the scale, or more different ones than are counted.
 */
export type AgreementReason = 'no-units' | 'no-variation' | 'no-scale' | 'too-many-scores'

/** The agreement of two columns on one score. */
export interface AgreementPair {
  columns: readonly [string, string]
  alpha: number | null
  /** Cohen's kappa, which takes scores as names; null with fewer than two different scores. */
  kappa: number | null
  units: number
  /** Records for which both gave the same score. */
  same: number
}

export interface Judgements {
  judges: readonly JudgedScore[]
  agreement: readonly Agreement[]
}

export function judgedScore(
  column: string,
  { name, options }: Score,
  scores: StoredScores,
): JudgedScore {
  const given = new Map(scores?.[name]?.given[0])
  const listed = options.map(({ value }) => ({
    option: value,
    count: given.get(scoreText(value) ?? '') ?? 0,
  }))
  const known = new Set(options.map(({ value }) => scoreText(value)))
  const others = [...given].filter(([option]) => !known.has(option))
  return {
    column,
    score: name,
    given: [...listed, ...others.map(([option, count]) => ({ option, count }))],
    summaries: [],
  }
}

export function agreementIn(agreement: GraphAgreement, scores: StoredScores): Agreement {
  const { columns, score, level, options } = agreement
  const stored = scores?.[score ?? unnamedScore] ?? nothing
  const order = orderOf(options, stored)
  const units = Object.entries(stored.units)
  const pairs = weightedPairs(stored.pairs)
  const alpha = krippendorffAlpha(pairs, level, order)
  return {
    columns,
    score,
    level,
    alpha,
    reason: alpha === null ? reasonOf(scores, pairs) : null,
    units: units.reduce((total, [, count]) => total + count, 0),
    values: units.reduce((total, [inRow, count]) => total + Number(inRow) * count, 0),
    pairs: pairsOf(agreement, stored, order),
  }
}

const nothing: StoredScore = { given: [], units: {}, pairs: {}, between: {} }

function reasonOf(scores: StoredScores, pairs: readonly WeightedPair[]): AgreementReason {
  if (scores === null) return 'too-many-scores'
  const different = new Set(pairs.flatMap(([one, other]) => [one, other]))
  if (different.size === 0) return 'no-units'
  return different.size === 1 ? 'no-variation' : 'no-scale'
}

/** Numbers have their order, and words that of the config. */
function orderOf(options: readonly string[], { given }: StoredScore): string[] {
  const listed = options.map((option) => scoreText(option) ?? '')
  const all = [...new Set([...listed, ...given.flatMap((list) => list.map(([score]) => score))])]
  const areNumbers = all.every((score) => Number.isFinite(Number(score)))
  return areNumbers ? all.toSorted((one, other) => Number(one) - Number(other)) : listed
}

function pairsOf(
  { columns, level }: GraphAgreement,
  { between }: StoredScore,
  order: readonly string[],
): AgreementPair[] {
  return columns.flatMap((one, at) =>
    columns.slice(at + 1).map((other, behind): AgreementPair => {
      const counts = between[`${at},${at + 1 + behind}`] ?? []
      return {
        columns: [one, other],
        alpha: krippendorffAlpha(counts, level, order),
        kappa: cohensKappa(counts),
        units: sum(counts),
        same: sum(counts.filter(([first, second]) => first === second)),
      }
    }),
  )
}

function sum(counts: readonly PairCount[]): number {
  return counts.reduce((total, [, , count]) => total + count, 0)
}

const reasons: Readonly<Record<AgreementReason, string>> = {
  'no-units': 'none: no record has two scores',
  'no-variation': 'none: all scores are the same',
  'no-scale': 'none: some scores have no place on the scale',
  'too-many-scores': 'none: too many different scores',
}

/** Alpha for people, or why there is none. */
export function alphaText({ alpha, reason }: Pick<Agreement, 'alpha' | 'reason'>): string {
  if (alpha !== null) return alpha.toFixed(3)
  return reasons[reason ?? 'no-units']
}
