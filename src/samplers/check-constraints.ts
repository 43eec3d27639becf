import type { ConfigPath, Problem } from '../config/problem.ts'
import { fixedInterval, gridOf } from './bounds.ts'
import { branchDomain, columnDomain } from './cell-domain.ts'
import { branchesOf, conversionOf, sampleTypeOf, type SamplerColumn } from './column.ts'
import {
  circleThrough,
  type Compared,
  comparedWith,
  comparisonText,
  type Reach,
  reaches,
} from './comparisons.ts'
import { intervalText, isEmpty } from './number-interval.ts'
import { refusal } from './refusal.ts'
import { defaultPattern, formatter } from './strftime.ts'

interface ConstraintContext {
  /** A sampler column by its name; null for any other. */
  sampler(name: string): SamplerColumn | null
  /** What a column is that is no sampler; null for a sampler, and for a name no one has. */
  otherKind(name: string): string | null
  /** The sampler columns that have constraints, in the order of the config. */
  constrained(): readonly string[]
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
  const kind = kindOf(column)
  return kind === 'numbers' || kind === 'dates' ? emptyProblems(column, path, context) : []
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
      : 'Remove the unwanted values from its list.'
  return refusal(
    'unsupported-constraint',
    path,
    `A constraint bounds column '${name}', whose values are neither numbers nor dates`,
    { expected: 'a sampler column of numbers or dates', received: `a ${sampler.kind}`, suggestion },
  )
}

/** A parameter object of which the bounds leave nothing: those that are numbers, or all of them. */
function emptyProblems(
  column: SamplerColumn,
  path: ConfigPath,
  context: ConstraintContext,
): Problem[] {
  const find = (name: string): SamplerColumn | null => context.sampler(name)
  const own = emptyBranches(column, { interval: fixedInterval(column), chain: [] }, { path, find })
  if (own.length > 0 || !comparesColumns(column)) return own
  const constrained = context.constrained()
  const compared = comparedWith(column.name, { constrained, find })
  return contradiction(compared, constrained, { path, find }).get(column.name) ?? []
}

function comparesColumns({ constraints }: SamplerColumn): boolean {
  return constraints.some(({ rhs }) => typeof rhs === 'string')
}

/** Says which combination of compared columns is impossible, for one of them. */
function contradiction(
  compared: Compared,
  constrained: readonly string[],
  place: Place,
): ReadonlyMap<string, Problem[]> {
  const targets = constrained
    .flatMap((name) => compared.columns.get(name) ?? [])
    .filter(comparesColumns)
  for (const column of targets) {
    const problems = circleProblems(column, compared, place)
    if (problems.length > 0) return new Map([[column.name, problems]])
  }
  const isPossible = (column: SamplerColumn): boolean =>
    emptyBranches(column, { interval: fixedInterval(column), chain: [] }, place).length === 0
  const possible = new Set(
    [...compared.columns.values()].filter(isPossible).map(({ name }) => name),
  )
  const reachOf = reaches(compared, place.find, (name) => possible.has(name))
  for (const column of targets) {
    if (!possible.has(column.name)) continue
    const problems = emptyBranches(column, reachOf(column.name), place)
    if (problems.length > 0) return new Map([[column.name, problems]])
  }
  return new Map()
}

interface Place {
  readonly path: ConfigPath
  readonly find: (name: string) => SamplerColumn | null
}

/** Values that would have to be below themselves, or equal to others at random. */
function circleProblems(
  { name }: SamplerColumn,
  compared: Compared,
  { path, find }: Place,
): Problem[] {
  const circle = circleThrough(name, compared)
  if (circle === null) return []
  const { comparisons, isStrict } = circle
  const continuous = comparisons.find(({ above }) => {
    const column = compared.columns.get(above)
    return column !== undefined && columnDomain(column, find).isContinuous
  })
  if (!isStrict && continuous === undefined) return []
  const [first, last] = [comparisons[0], comparisons.at(-1)]
  const text = comparisonText(comparisons)
  const above = `${last?.isStrict === true ? 'above' : 'at least'} '${last?.below}'`
  const below = `${first?.isStrict === true ? 'below' : 'at most'} '${first?.above}'`
  const why = isStrict ? '' : `, and draws of '${continuous?.above}' are never equal to others`
  return [
    refusal(
      'unsatisfiable-constraint',
      path,
      `The constraints of column '${name}' leave none of its values: they say ${text}${why}`,
      {
        expected: `a value that is ${above} and ${below}`,
        received: text,
        suggestion: 'Remove one of these constraints, or reverse it.',
      },
    ),
  ]
}

function emptyBranches(
  column: SamplerColumn,
  { interval, chain }: Reach,
  { path, find }: Place,
): Problem[] {
  const { name } = column
  return branchesOf(column).flatMap((params, index) => {
    const domain = branchDomain(column, params, find)
    if (!isEmpty(interval) && domain.leaves(interval)) return []
    const source = column.conditions[index - 1]?.source
    const where = source === undefined ? '' : ` where ${source}`
    const by = chain.length === 0 ? '' : `, with ${comparisonText(chain)}`
    const show = showing(column)
    return [
      refusal(
        'unsatisfiable-constraint',
        path,
        `The constraints of column '${name}' leave none of its values${where}${by}`,
        {
          expected: `${cellWords(column, params)} that is ${intervalText(interval, show)}`,
          received: `${column.sampler.kind} values from ${show(domain.low)} to ${show(domain.high)}`,
          suggestion: 'Widen a bound, or change the parameters of the column.',
        },
      ),
    ]
  })
}

function cellWords(column: SamplerColumn, params: unknown): string {
  if (sampleTypeOf(column) === 'instant') return 'a date'
  const size = gridOf(column, params)?.size
  if (size === undefined) return 'a value'
  return size === 1 ? 'a whole number' : `a multiple of ${size}`
}

/** Dates by their usual text, whatever pattern their cells have. */
function showing(column: SamplerColumn): (value: number) => string {
  return sampleTypeOf(column) === 'instant' ? formatter(defaultPattern) : String
}
