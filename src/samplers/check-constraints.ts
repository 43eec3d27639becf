import type { ConfigPath, Problem } from '../config/problem.ts'
import { drawsFor, fixedInterval, gridOf } from './bounds.ts'
import { branchesOf, conversionOf, sampleTypeOf, type SamplerColumn } from './column.ts'
import { cellShares } from './declare-distribution.ts'
import {
  everything,
  type Interval,
  intervalText,
  isEmpty,
  isWithin,
  narrowed,
  onGrid,
} from './number-interval.ts'
import { refusal } from './refusal.ts'
import { numberOf } from './scalar-type.ts'
import { shareOf } from './scipy/draw-frozen.ts'

interface ConstraintContext {
  /** A sampler column by its name; null for any other. */
  sampler(name: string): SamplerColumn | null
  /** What a column is that is no sampler; null for a sampler, and for a name nobody has. */
  otherKind(name: string): string | null
}

/** What is wrong with the bounds of a column. */
export function checkConstraints(
  column: SamplerColumn,
  paths: readonly ConfigPath[],
  context: ConstraintContext,
): Problem[] {
  const problems = column.constraints.flatMap(({ rhs }, index) =>
    comparisonProblems(column, rhs, paths[index] ?? [], context),
  )
  // Where a parameter is wrong there is no distribution to look at.
  if (problems.length > 0 || column.constraints.length === 0) return problems
  const path = paths.at(-1) ?? []
  return kindOf(column) === 'numbers' ? emptyProblems(column, path, context) : []
}

/** What the cells of a column are compared as; null where its config is wrong. */
function kindOf(column: SamplerColumn): 'numbers' | 'dates' | 'no numbers' | null {
  const conversion = conversionOf(column)
  if (conversion === null) return null
  if (sampleTypeOf(column) === 'instant') return 'dates'
  const { output } = conversion
  return output === 'int64' || output === 'float64' ? 'numbers' : 'no numbers'
}

function comparisonProblems(
  column: SamplerColumn,
  rhs: number | string,
  path: ConfigPath,
  context: ConstraintContext,
): Problem[] {
  const { name } = column
  const kind = kindOf(column)
  if (kind === null) return []
  if (kind === 'no numbers') return [notComparable(column, [...path, 'target_column'])]
  if (typeof rhs === 'number') {
    if (kind === 'numbers') return []
    const message = `A constraint compares the dates of column '${name}' with a number`
    return [
      refusal('unsupported-constraint', [...path, 'rhs'], message, {
        expected: 'the name of a datetime or timedelta column',
        received: String(rhs),
        suggestion: 'Bound dates by the start and end of their column.',
      }),
    ]
  }
  const place = [...path, 'rhs']
  const other = context.sampler(rhs)
  if (other === null) {
    const received = context.otherKind(rhs)
    if (received === null) return []
    const message = `A constraint compares column '${name}' with '${rhs}', which is drawn by no sampler`
    const expected = 'a number, or the name of a sampler column'
    return [refusal('unsupported-constraint', place, message, { expected, received })]
  }
  const otherWise = kindOf(other)
  if (otherWise === null || otherWise === kind) return []
  const message = `A constraint compares column '${name}' with '${rhs}', and they do not go together`
  const details = { expected: kind, received: otherWise }
  return [refusal('unsupported-constraint', place, message, details)]
}

function notComparable({ name, sampler, convertTo }: SamplerColumn, path: ConfigPath): Problem {
  const suggestion =
    convertTo === 'str'
      ? 'Leave out its convert_to, and make the text in an expression column.'
      : 'Leave out what is not wanted from its values.'
  return refusal(
    'unsupported-constraint',
    path,
    `A constraint bounds column '${name}', whose values are no numbers and no dates`,
    { expected: 'a sampler column of numbers or dates', received: `a ${sampler.kind}`, suggestion },
  )
}

/** A parameter object of which the bounds leave nothing. */
function emptyProblems(
  column: SamplerColumn,
  path: ConfigPath,
  context: ConstraintContext,
): Problem[] {
  const { name, constraints } = column
  const left = constraints.reduce((interval, { operator, rhs }) => {
    if (typeof rhs === 'number') return narrowed(interval, operator, rhs)
    const other = context.sampler(rhs)
    if (other === null) return interval
    const { low, high } = cellRange(other)
    // What may hold in some row: below its highest, above its lowest cell.
    return narrowed(interval, operator, operator === 'lt' || operator === 'le' ? high : low)
  }, everything)
  return branchesOf(column).flatMap((params, index) => {
    if (!isImpossible(column, params, left)) return []
    const source = column.conditions[index - 1]?.source
    const where = source === undefined ? '' : ` where ${source}`
    return [
      refusal(
        'unsatisfiable-constraint',
        path,
        `The constraints of column '${name}' leave none of its values${where}`,
        {
          expected: `a value that is ${intervalText(left)}`,
          received: valuesText(column, params),
          suggestion: 'Widen a bound, or change the parameters of the column.',
        },
      ),
    ]
  })
}

function isImpossible(column: SamplerColumn, params: unknown, left: Interval): boolean {
  if (isEmpty(left)) return true
  const shares = cellShares(column, params)
  if (shares !== null) {
    return !shares.some(({ value, share }) => share > 0 && isWithin(left, numberOf(value)))
  }
  const grid = gridOf(column, params)
  if (grid !== null) {
    const { low, high } = onGrid(left, grid)
    if (low > high) return true
  }
  const frozen = column.sampler.frozen?.(params) ?? null
  if (frozen === null) return false
  const { low, high } = drawsFor(left, grid)
  return !(shareOf(frozen, low, high) > 0)
}

/** The smallest and the largest cell a column may have, as far as that is known. */
function cellRange(column: SamplerColumn): { low: number; high: number } {
  const ranges = branchesOf(column).map((params) => branchRange(column, params))
  const { low, high } = fixedInterval(column)
  return {
    low: Math.max(low, Math.min(...ranges.map((range) => range.low))),
    high: Math.min(high, Math.max(...ranges.map((range) => range.high))),
  }
}

function branchRange(column: SamplerColumn, params: unknown): { low: number; high: number } {
  const shares = cellShares(column, params)
  if (shares !== null) {
    const numbers = shares.map(({ value }) => numberOf(value))
    return { low: Math.min(...numbers), high: Math.max(...numbers) }
  }
  const { low, high } = column.sampler.frozen?.(params) ?? everything
  const reach = gridOf(column, params)?.reach ?? 0
  return { low: low - reach, high: high + reach }
}

function valuesText(column: SamplerColumn, params: unknown): string {
  const { low, high } = column.sampler.frozen?.(params) ?? branchRange(column, params)
  return `${column.sampler.kind} values from ${low} to ${high}`
}
