import { counted, grouped, percent } from '../util/format.ts'
import { type Finding, judgeHigh, judgeLow, share, type VerdictInput } from './finding.ts'
import type { Agreement, JudgedScore } from './judgements.ts'

/** Share of what a validator calls valid. */
const valid = { check: 0.9, poor: 0.5 }
/** Share of scores in the lower half of a scale of numbers. */
const low = { check: 0.3, poor: 0.6 }
/** Share of the most frequent score: a judge that gives nothing else tells nothing apart. */
const constant = { check: 0.98, poor: null }
/** Krippendorff's own limits are 0.667 for tentative conclusions and 0.8 for firm ones. */
const alpha = { check: 0.667, poor: 0.4 }
/** Records from which on scores say something. */
const fewRecords = 20

/** What judges and validators say, and how far they agree. */
export function judgementFindings({ judges, agreement }: VerdictInput): Finding[] {
  return [...judges.flatMap(scoreFindings), ...agreement.flatMap(agreementFindings)]
}

function scoreFindings({ column, score, given }: JudgedScore): Finding[] {
  const all = given.reduce((sum, { count }) => sum + count, 0)
  if (all < fewRecords) return []
  const isVerdict = given.some(({ option }) => option === 'true' || option === 'false')
  if (isVerdict) return validFindings({ column, score, given }, all)
  const title = `${column}.${score}`
  const lowShare = lowerHalf(given)
  const judged = lowShare === null ? null : judgeHigh(lowShare, low)
  const most = given.reduce((one, other) => (other.count > one.count ? other : one))
  const same = given.length < 2 ? null : judgeHigh(most.count / all, constant)
  return [
    ...(judged === null
      ? []
      : [
          {
            ...judged,
            code: 'low-scores',
            column: title,
            message: `${percent(judged.value)} of ${counted(all, 'score')} are in the lower half of the scale`,
            advice:
              'Read the records with low scores and their reasons, and change the prompt that made them.',
          } as const,
        ]),
    ...(same === null
      ? []
      : [
          {
            ...same,
            code: 'constant-scores',
            column: title,
            message: `${percent(same.value)} of ${counted(all, 'score')} are ${most.option}`,
            advice:
              'The judge tells little apart: describe the options of its scale more sharply, or use another model.',
          } as const,
        ]),
  ]
}

function validFindings(
  { column, score, given }: Pick<JudgedScore, 'column' | 'score' | 'given'>,
  all: number,
): Finding[] {
  const count = given.find(({ option }) => option === 'true')?.count ?? 0
  const judged = judgeLow(share(count, all), valid)
  if (judged === null) return []
  return [
    {
      ...judged,
      code: 'invalid-values',
      column: score === 'is_valid' ? column : `${column}.${score}`,
      message: `${grouped(count)} of ${grouped(all)} (${percent(judged.value)}) are valid`,
      advice:
        'Read the reasons, change the prompt, or leave the others out with on_invalid: reject.',
    },
  ]
}

/** Share of scores below the middle of a scale of numbers; null for words, whose order no one knows. */
function lowerHalf(given: JudgedScore['given']): number | null {
  const numbers = given.map(({ option, count }) => ({ number: Number(option), count }))
  if (given.length < 2 || numbers.some(({ number }) => !Number.isFinite(number))) return null
  const scale = numbers.map(({ number }) => number)
  const middle = (Math.min(...scale) + Math.max(...scale)) / 2
  const all = numbers.reduce((sum, { count }) => sum + count, 0)
  const below = numbers.reduce((sum, { number, count }) => sum + (number < middle ? count : 0), 0)
  return share(below, all)
}

function agreementFindings({ columns, score, alpha: value, units, level }: Agreement): Finding[] {
  if (value === null || units < fewRecords) return []
  const judged = judgeLow(value, alpha)
  if (judged === null) return []
  return [
    {
      ...judged,
      code: 'judges-disagree',
      column: columns.join(', '),
      message: `they agree little${score === null ? '' : ` on ${score}`}: alpha ${value.toFixed(2)} (${level}, ${grouped(units)} records)`,
      advice: 'Say more exactly what each score means, and read records on which they differ.',
    },
  ]
}
