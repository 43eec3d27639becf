import type { OutcomeTotals } from '../rows/row-outcome.ts'
import type { Judgements } from './judgements.ts'
import type { ColumnStatistics } from './statistics.ts'
import type { TextFigures } from './text-figures.ts'

/** `good`: nothing was found; `check`: something should be looked at; `poor`: something is likely wrong. */
type VerdictLevel = 'good' | 'check' | 'poor'

/** Whether a dataset is likely to be of use, by rules that read its figures. */
export interface Verdict {
  /** That of the worst finding. */
  level: VerdictLevel
  /** The worst first, then in the order of the columns. */
  findings: readonly Finding[]
}

/** An observation about a dataset, with its level and the figures behind it. */
export interface Finding {
  /** The rule. */
  code: FindingCode
  level: Exclude<VerdictLevel, 'good'>
  /** The column, or the field of its values, as `review.title`; null for the dataset as a whole. */
  column: string | null
  /** The figure that the rule compares, mostly a share from 0 to 1. */
  value: number
  /** The limit of its level that the figure passes. */
  limit: number
  /** What was found, for people. */
  message: string
  /** What can be done. */
  advice: string
}

type FindingCode =
  | 'no-records'
  | 'unfinished'
  | 'dropped-rows'
  | 'rejected-rows'
  | 'failed-cells'
  | 'cut-answers'
  | 'one-value'
  | 'differs-from-declared'
  | 'few-different'
  | 'near-duplicates'
  | 'repeated-openings'
  | 'repeated-phrase'
  | 'invalid-values'
  | 'low-scores'
  | 'constant-scores'
  | 'judges-disagree'

/** What the rules read. */
export interface VerdictInput extends Judgements {
  rows: OutcomeTotals & { requested: number; remaining: number }
  cutAnswers: readonly { column: string; cut: number; answers: number }[]
  /** A process makes the rows that remain. */
  isWorking: boolean
  columns: readonly ColumnStatistics[]
  texts: readonly TextFigures[]
}

/** From where on a figure is a finding of each level; null where a rule has no such level. */
export interface Limits {
  check: number
  poor: number | null
}

type Judged = Pick<Finding, 'level' | 'value' | 'limit'>

/** Of a figure that should be low; null below both limits. */
export function judgeHigh(value: number, { check, poor }: Limits): Judged | null {
  if (poor !== null && value >= poor) return { level: 'poor', value, limit: poor }
  return value >= check ? { level: 'check', value, limit: check } : null
}

/** Of a figure that should be high; null above both limits. */
export function judgeLow(value: number, { check, poor }: Limits): Judged | null {
  if (poor !== null && value < poor) return { level: 'poor', value, limit: poor }
  return value < check ? { level: 'check', value, limit: check } : null
}

export function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole
}
