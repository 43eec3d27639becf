import { fixedInterval } from './bounds.ts'
import { type CellDomain, columnDomain, type End, isCoarser, textUnit } from './cell-domain.ts'
import { branchesOf, type SamplerColumn, sampleTypeOf } from './column.ts'
import { everything, type Interval, narrowed } from './number-interval.ts'

/** That the cells of one column lie below those of another in every row. */
interface Comparison {
  readonly below: string
  readonly above: string
  /** Whether they are never equal. */
  readonly isStrict: boolean
}

/** Columns that are compared with each other, at once or by way of others. */
export interface Compared {
  readonly columns: ReadonlyMap<string, SamplerColumn>
  readonly comparisons: readonly Comparison[]
}

interface ComparedContext {
  /** The columns that have constraints. */
  readonly constrained: readonly string[]
  readonly find: FindSampler
}

/** All columns that a column is compared with, at once or by way of others. */
export function comparedWith(name: string, { constrained, find }: ComparedContext): Compared {
  const all = constrained.flatMap((target) => comparisonsOf(find(target), find))
  const columns = new Map<string, SamplerColumn>()
  const waiting = [name]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const column = columns.has(next) ? null : find(next)
    if (column === null) continue
    columns.set(next, column)
    // A column without bounds may still lie behind the one that it adds time to.
    if (column.constraints.length === 0) all.push(...comparisonsOf(column, find))
    for (const { below, above } of all) {
      if (below === next) waiting.push(above)
      if (above === next) waiting.push(below)
    }
  }
  const comparisons = all.filter(({ below, above }) => columns.has(below) && columns.has(above))
  return { columns, comparisons }
}

type FindSampler = (name: string) => SamplerColumn | null

function comparisonsOf(column: SamplerColumn | null, find: FindSampler): Comparison[] {
  if (column === null) return []
  const { name } = column
  const written = column.constraints.flatMap(({ operator, rhs }): Comparison[] => {
    // What does not go together is reported where it stands.
    if (typeof rhs === 'number' || isOfDates(find(rhs)) !== isOfDates(column)) return []
    const isStrict = operator === 'lt' || operator === 'gt'
    const isBelow = operator === 'lt' || operator === 'le'
    return [{ below: isBelow ? name : rhs, above: isBelow ? rhs : name, isStrict }]
  })
  return [...written, ...offsetsOf(column, find)]
}

function isOfDates(column: SamplerColumn | null): boolean | null {
  return column === null ? null : sampleTypeOf(column) === 'instant'
}

/** That a column adds time to another one. */
function offsetsOf(column: SamplerColumn, find: FindSampler): Comparison[] {
  const { name, sampler } = column
  const offsets = branchesOf(column).flatMap((params) => sampler.notBelow?.(params) ?? [])
  const [first] = offsets
  if (first === undefined || offsets.some((offset) => offset.name !== first.name)) return []
  const reference = find(first.name)
  const unit = textUnit(column)
  // By their text, a date without its time lies before the time it was added to.
  if (reference === null || isCoarser(unit, textUnit(reference))) return []
  const isStrict = unit === 's' && offsets.every(({ isAbove }) => isAbove)
  return [{ below: first.name, above: name, isStrict }]
}

/**
 * Columns of which each lies below the next one, and the last one below the first: no values do, or
 * equal ones only.
 */
export function circleThrough(
  name: string,
  { comparisons }: Pick<Compared, 'comparisons'>,
): { comparisons: Comparison[]; isStrict: boolean } | null {
  const strict = walk(name, comparisons, true)
  const circle = strict ?? walk(name, comparisons, false)
  return circle === null ? null : { comparisons: circle, isStrict: strict !== null }
}

/** The shortest way back to a column; one with a strict comparison on it if `needsStrict`. */
function walk(
  name: string,
  comparisons: readonly Comparison[],
  needsStrict: boolean,
): Comparison[] | null {
  const seen = new Set<string>()
  let ways = [{ at: name, isStrict: false, way: [] as Comparison[] }]
  while (ways.length > 0) {
    const further: typeof ways = []
    for (const { at, isStrict, way } of ways) {
      for (const step of comparisons) {
        if (step.below !== at) continue
        const next = { at: step.above, isStrict: isStrict || step.isStrict, way: [...way, step] }
        if (next.at === name && (next.isStrict || !needsStrict)) return next.way
        const key = `${next.isStrict} ${next.at}`
        if (seen.has(key)) continue
        seen.add(key)
        further.push(next)
      }
    }
    ways = further
  }
  return null
}

/** A column's bounds by numbers and by the columns it is compared with, as wide as any row has them. */
export interface Reach {
  readonly interval: Interval
  /** The columns that its lower bound comes from, then itself, then those of its upper bound. */
  readonly chain: readonly Comparison[]
}

/**
 * How far the columns of comparisons without a circle may reach, given what each may be by itself.
 * `isKnown` omits columns of which nothing should be concluded.
 */
export function reaches(
  { columns, comparisons }: Compared,
  find: FindSampler,
  isKnown: (name: string) => boolean,
): (name: string) => Reach {
  const limits = new Map<string, Limits>()
  for (const [name, column] of columns) {
    if (!isKnown(name)) continue
    const domain = columnDomain(column, find)
    const { low, lowOpen, high, highOpen } = fixedInterval(column)
    const least = domain.from({ value: low, isOpen: lowOpen })
    const most = domain.upTo({ value: high, isOpen: highOpen })
    limits.set(name, { domain, least, most, lower: null, upper: null })
  }
  // Comparisons that circle without an end, such as a ≤ b ≤ a, may take as many rounds as there are cells.
  for (let round = 0; round < mostRounds; round += 1) {
    const moved = comparisons.map((comparison) => tighten(limits, comparison))
    if (!moved.includes(true)) break
  }
  return (name) => {
    const column = columns.get(name)
    let interval = column === undefined ? everything : fixedInterval(column)
    const chain: Comparison[] = []
    for (const comparison of comparisons) {
      const { below, above, isStrict } = comparison
      const end = above === name ? limits.get(below)?.least : limits.get(above)?.most
      if (end === undefined || !(above === name || below === name)) continue
      if (!Number.isFinite(end.value)) continue
      const isOpen = isStrict || end.isOpen
      const before = interval
      const operator = above === name ? (isOpen ? 'gt' : 'ge') : isOpen ? 'lt' : 'le'
      interval = narrowed(interval, operator, end.value)
      if (interval !== before) chain.push(...wayTo(limits, comparison, above === name))
    }
    return { interval, chain }
  }
}

interface Limits {
  readonly domain: CellDomain
  least: End
  most: End
  /** What the ends come from, where it is another column. */
  lower: Comparison | null
  upper: Comparison | null
}

const mostRounds = 200

/** Moves the end of one column by what another one may be; false where that changes nothing. */
function tighten(limits: ReadonlyMap<string, Limits>, comparison: Comparison): boolean {
  const below = limits.get(comparison.below)
  const above = limits.get(comparison.above)
  if (below === undefined || above === undefined) return false
  const { isStrict } = comparison
  let isMoved = false
  const { value: low, isOpen: lowOpen } = below.least
  const least = above.domain.from({ value: low, isOpen: lowOpen || isStrict })
  // Where nothing is left, one of the two is reported: nothing more follows from it.
  if (Number.isFinite(least.value) && isTighter(least, above.least, 1)) {
    above.least = least
    above.lower = comparison
    isMoved = true
  }
  const { value: high, isOpen: highOpen } = above.most
  const most = below.domain.upTo({ value: high, isOpen: highOpen || isStrict })
  if (Number.isFinite(most.value) && isTighter(most, below.most, -1)) {
    below.most = most
    below.upper = comparison
    isMoved = true
  }
  return isMoved
}

function isTighter(one: End, other: End, direction: 1 | -1): boolean {
  const distance = (one.value - other.value) * direction
  return distance > 0 || (one.value === other.value && one.isOpen && !other.isOpen)
}

/** The comparisons by which an end amounted to a column. */
function wayTo(
  limits: ReadonlyMap<string, Limits>,
  last: Comparison,
  isLower: boolean,
): Comparison[] {
  const way = [last]
  for (let length = 0; length < mostRounds; length += 1) {
    const [first, final] = [way[0], way.at(-1)]
    const next = isLower
      ? limits.get(first?.below ?? '')?.lower
      : limits.get(final?.above ?? '')?.upper
    if (next === undefined || next === null || way.includes(next)) break
    if (isLower) way.unshift(next)
    else way.push(next)
  }
  return way
}

/** `a < b ≤ c`, and what is no chain behind a comma. */
export function comparisonText(comparisons: readonly Comparison[]): string {
  let text = ''
  let last: string | null = null
  for (const { below, above, isStrict } of comparisons) {
    if (below !== last) text += text === '' ? below : `, ${below}`
    text += ` ${isStrict ? '<' : '≤'} ${above}`
    last = above
  }
  return text
}
