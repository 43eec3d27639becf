import { counted, grouped, percent } from '../util/format.ts'
import { type Finding, judgeHigh, share, type VerdictInput } from './finding.ts'

const dropped = { check: 0.01, poor: 0.1 }
const rejected = { check: 0.5, poor: null }
const cut = { check: 0.01, poor: 0.1 }

/** What rows and answers say of the dataset as a whole. */
export function rowFindings({ rows, cutAnswers, isWorking }: VerdictInput): Finding[] {
  const { accepted, nullKept, remaining, requested } = rows
  const decided = accepted + nullKept + rows.dropped + rows.rejected
  const droppedShare = judgeHigh(share(rows.dropped, decided), dropped)
  const rejectedShare = judgeHigh(share(rows.rejected, decided), rejected)
  const isEmpty = decided > 0 && accepted + nullKept === 0
  return [
    ...(isEmpty
      ? [
          {
            code: 'no-records',
            level: 'poor',
            column: null,
            value: 0,
            limit: 1,
            message: `no record of ${counted(decided, 'decided row')}`,
            advice: 'See what failed and what filters rejected.',
          } as const,
        ]
      : []),
    ...(remaining === 0
      ? []
      : [
          {
            code: 'unfinished',
            level: 'check',
            column: null,
            value: remaining,
            limit: 1,
            message: `unfinished, ${grouped(remaining)} of ${counted(requested, 'row')} remain`,
            advice: isWorking
              ? 'A run is making them.'
              : 'Run the same create command again to make them.',
          } as const,
        ]),
    ...(droppedShare === null
      ? []
      : [
          {
            ...droppedShare,
            code: 'dropped-rows',
            column: null,
            message: `${grouped(rows.dropped)} of ${counted(decided, 'row')} dropped because a cell failed`,
            advice: 'Fix the reason of the failures, then run create with --retry-failed.',
          } as const,
        ]),
    ...(rejectedShare === null
      ? []
      : [
          {
            ...rejectedShare,
            code: 'rejected-rows',
            column: null,
            message: `filters rejected ${grouped(rows.rejected)} of ${counted(decided, 'row')}`,
            advice: 'Change the prompt so that more rows pass, or loosen the filter.',
          } as const,
        ]),
    ...cutAnswers.flatMap(({ column, cut: count, answers }): Finding[] => {
      const judged = judgeHigh(share(count, answers), cut)
      if (judged === null) return []
      return [
        {
          ...judged,
          code: 'cut-answers',
          column,
          message: `${grouped(count)} of ${counted(answers, 'answer')} (${percent(judged.value)}) cut off`,
          advice: 'Raise max_tokens of the model, or ask for shorter answers.',
        },
      ]
    }),
  ]
}
