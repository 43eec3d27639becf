import { grouped, percent } from '../util/format.ts'
import { type Finding, judgeHigh, share } from './finding.ts'
import type { ColumnStatistics } from './statistics.ts'
import { valueText } from './value-text.ts'

const failed = { check: 0.01, poor: 0.1 }
/** Cells from which on a single value says something. */
const fewCells = 20

/** What the statistics of a column say. */
export function columnFindings(column: ColumnStatistics): Finding[] {
  return [...failedCells(column), ...unlikeDeclared(column)]
}

function failedCells({ name, nulls, cells }: ColumnStatistics): Finding[] {
  const count = nulls.failed.reduce((sum, one) => sum + one.count, 0)
  const judged = judgeHigh(share(count, cells), failed)
  if (judged === null) return []
  const codes = nulls.failed.map(({ code }) => code).join(', ')
  return [
    {
      ...judged,
      code: 'failed-cells',
      column: name,
      message: `${grouped(count)} of ${grouped(cells)} cells (${percent(judged.value)}) are null because they failed: ${codes}`,
      advice: 'Fix the reason of the failures, then run create with --retry-failed.',
    },
  ]
}

function unlikeDeclared({ name, fit, distinct, cells, nulls, top }: ColumnStatistics): Finding[] {
  if (fit === null || fit.verdict !== 'differs') return []
  const present = cells - nulls.count
  const advice =
    'Samplers draw what the config declares: look for rows that failures or filters remove.'
  if (distinct?.exact === true && distinct.count === 1 && present >= fewCells) {
    const only = valueText(top?.values[0]?.value ?? null)
    return [
      {
        code: 'one-value',
        level: 'poor',
        column: name,
        value: 1,
        limit: 1,
        message: `always ${only} in ${grouped(present)} records, declared as ${fit.declared}`,
        advice,
      },
    ]
  }
  const gap = fit.gap?.share ?? 0
  return [
    {
      code: 'differs-from-declared',
      level: 'check',
      column: name,
      value: gap,
      limit: 0,
      message: `differs from ${fit.declared}${
        fit.gap === null
          ? ''
          : `: ${percent(fit.gap.observed)} at ${valueText(fit.gap.at)}, declared ${percent(fit.gap.declared)}`
      }`,
      advice,
    },
  ]
}
