import type {
  ContinuousDistribution,
  DiscreteDistribution,
  Distribution,
  ListedDistribution,
  Rounding,
} from '../graph/distribution.ts'
import { Double } from '../util/value.ts'
import type { Histogram } from './histogram.ts'
import { hashScalar, shortened, type Scalar } from './scalar.ts'
import type { ColumnSummary } from './column-summary.ts'
import { timeOf } from './time.ts'

/** How a column's cells stand to what its config declares. */
export interface Fit {
  /** What is declared, for people. */
  declared: string
  /** `too-few`: the rows can't tell; `not-compared`: more values than are counted one by one. */
  verdict: 'as-declared' | 'differs' | 'too-few' | 'not-compared'
  /** The largest difference, as a share of the cells, and where it is. */
  gap: { share: number; at: string; declared: number; observed: number } | null
  /** Declared shares by bin of the column's histogram; null for values that are reported one by one. */
  bins: readonly number[] | null
}

/** Declared shares of values, by their hash. */
export type DeclaredShares = ReadonlyMap<number, { value: Scalar; share: number }>

export interface Comparison {
  fit: Fit
  /** Null where there is none for single values. */
  shares: DeclaredShares | null
}

/** Cells below which no verdict is given. */
const fewest = 30
/** A difference beyond so many standard deviations is none of chance. */
const deviations = 4
/** What the digest may be off by. */
const digestError = 0.01
/** Rounded values up to which each has a declared share of its own. */
const fewValues = 24

/** `histogram` is the one of the observed cells; its bins are those of the declared shares. */
export function compareWith(
  distribution: Distribution,
  summary: ColumnSummary,
  histogram: Histogram | null,
): Comparison {
  switch (distribution.shape) {
    case 'listed':
      return compareList(distribution, summary)
    case 'continuous':
      return compareCurve(distribution, summary, histogram)
    case 'discrete':
      return compareCurve(asCurve(distribution), summary, histogram)
    case 'unique':
      break
  }
  return { fit: fitUnique(distribution.label, summary), shares: null }
}

function compareList(
  { label, shares: declared }: ListedDistribution,
  summary: ColumnSummary,
): Comparison {
  const cells = summary.cells - summary.nulls
  const { error, values } = summary.frequent.store()
  const shares = new Map<number, { value: Scalar; share: number }>()
  for (const { value, share } of declared) {
    const scalar = scalarOf(value)
    if (scalar !== null) shares.set(hashScalar(scalar), { value: shortened(scalar), share })
  }
  if (error > 0 || cells === 0) return { fit: notCompared(label), shares }
  const counts = new Map(values.map(([value, count, hash]) => [hash, { value, count }]))
  let gap: Fit['gap'] = null
  let differs = false
  for (const hash of new Set([...shares.keys(), ...counts.keys()])) {
    const share = shares.get(hash)?.share ?? 0
    const count = counts.get(hash)?.count ?? 0
    const distance = Math.abs(count - share * cells)
    // Three more: of what is rare, chance alone makes one or two where none is expected.
    if (distance > deviations * Math.sqrt(cells * share * (1 - share)) + (share > 0 ? 3 : 0)) {
      differs = true
    }
    if (gap === null || distance / cells > gap.share) {
      const at = String(shares.get(hash)?.value ?? counts.get(hash)?.value)
      gap = { share: distance / cells, at, declared: share, observed: count / cells }
    }
  }
  return { fit: { declared: label, verdict: verdictOf(cells, differs), gap, bins: null }, shares }
}

/** Of whole numbers: between two of them nothing is added. */
function asCurve({ label, cdf }: DiscreteDistribution): ContinuousDistribution {
  const rounding: Rounding = { draws: (cell) => [cell - 0.5, cell + 0.5], below: Math.floor }
  return { shape: 'continuous', label, of: 'number', cdf, rounding }
}

/** Kolmogorov and Smirnov's largest distance of the two distribution functions. */
function compareCurve(
  distribution: ContinuousDistribution,
  summary: ColumnSummary,
  histogram: Histogram | null,
): Comparison {
  const { label, of, rounding } = distribution
  const digest = (of === 'time' ? summary.times : summary.numbers)?.digest
  const cells = digest?.count ?? 0
  if (digest === undefined || cells === 0) return { fit: notCompared(label), shares: null }
  const values = cellsOneByOne(summary, of)
  const steps =
    values === null ? digestSteps(digest, distribution) : cellSteps(values, cells, distribution)
  let gap: NonNullable<Fit['gap']> = { share: 0, at: '', declared: 0, observed: 0 }
  for (const { observed, declared, at, isBefore } of steps) {
    const distance = Math.abs(observed - declared)
    if (distance > gap.share) {
      gap = { share: distance, at: `${isBefore ? '<' : '≤'} ${shown(at, of)}`, declared, observed }
    }
  }
  // 1.95 / √n is passed at random once in a thousand times.
  const allowed = 1.95 / Math.sqrt(cells) + (values === null ? digestError : 0)
  const isListed = rounding !== null && values !== null && values.length <= fewValues
  return {
    fit: {
      declared: label,
      verdict: verdictOf(cells, gap.share > allowed),
      gap,
      bins: isListed || histogram === null ? null : declaredBins(histogram, distribution),
    },
    shares: isListed ? sharesOfCells(values, distribution) : null,
  }
}

interface Cell {
  at: number
  value: Scalar
  count: number
  hash: number
}

/** All values with their counts, ascending; null when they are not counted one by one. */
function cellsOneByOne({ frequent }: ColumnSummary, of: 'number' | 'time'): Cell[] | null {
  const { error, values } = frequent.store()
  if (error > 0) return null
  const cells = values.map(([value, count, hash]) => {
    const at = of === 'time' ? (timeOf(String(value)) ?? Number.NaN) : Number(value)
    return { at, value, count, hash }
  })
  // What is no finite number is in no digest either.
  return cells.filter(({ at }) => Number.isFinite(at)).sort((one, other) => one.at - other.at)
}

/** The observed share up to a place, or before it, and the declared one. */
interface Step {
  observed: number
  declared: number
  at: number
  isBefore: boolean
}

/** On both sides of every value: what lies between two of them is missed otherwise. */
function* cellSteps(
  values: readonly Cell[],
  cells: number,
  distribution: ContinuousDistribution,
): Generator<Step> {
  let count = 0
  for (const { at, count: more } of values) {
    const [before, upTo] = declaredAround(distribution, at)
    yield { observed: count / cells, declared: before, at, isBefore: true }
    count += more
    yield { observed: count / cells, declared: upTo, at, isBefore: false }
  }
}

/**
 * A digest says of a rank about where it is, in between two values where it is neither. So a rank is right
 * where the declared shares before that place and up to it have it between them.
 */
function* digestSteps(
  digest: ColumnSummary['numbers']['digest'],
  distribution: ContinuousDistribution,
): Generator<Step> {
  for (let step = 1; step < 100; step += 1) {
    const observed = step / 100
    const at = digest.quantile(observed)
    const [before, upTo] = declaredAround(distribution, at)
    const isBefore = observed < before
    yield { observed, declared: Math.min(Math.max(observed, before), upTo), at, isBefore }
  }
}

/** The shares of the cells before a place, and up to it; of one between two cells, up to the next. */
function declaredAround(
  { cdf, rounding }: ContinuousDistribution,
  place: number,
): [before: number, upTo: number] {
  if (rounding === null) return [cdf(nextBelow(place)), cdf(place)]
  const cell = rounding.below(place)
  // A cell stands for all draws that are rounded to it.
  const [low, high] = rounding.draws(cell)
  const isCell = place - cell <= (high - low) * 1e-5
  return [cdf(low), cdf(isCell ? high : high + (high - low))]
}

/** About the next double: what a distribution has in one place lies between the two. */
function nextBelow(value: number): number {
  return value === 0 ? -Number.MIN_VALUE : value - Math.abs(value) * Number.EPSILON
}

function sharesOfCells(
  values: readonly Cell[],
  { cdf, rounding }: ContinuousDistribution,
): DeclaredShares {
  return new Map(
    values.map(({ at, value, hash }) => {
      const [low, high] = rounding?.draws(at) ?? [at, at]
      return [hash, { value, share: cdf(high) - cdf(low) }]
    }),
  )
}

/** The first and last bin stand for all that lies beyond them, too. */
function declaredBins(
  { edges }: Histogram,
  { cdf, rounding }: ContinuousDistribution,
): readonly number[] {
  const upTo = (edge: number): number =>
    cdf(rounding === null ? edge : rounding.draws(rounding.below(edge))[1])
  const inner = edges.slice(1, -1).map(upTo)
  return [...inner, 1].map((above, at) => above - (inner[at - 1] ?? 0))
}

function fitUnique(label: string, summary: ColumnSummary): Fit {
  const cells = summary.cells - summary.nulls
  const { count, exact } = summary.distinct.count()
  if (!exact) return notCompared(label)
  const share = cells === 0 ? 0 : (cells - count) / cells
  return {
    declared: label,
    verdict: share > 0 ? 'differs' : 'as-declared',
    gap: share > 0 ? { share, at: 'repeated values', declared: 0, observed: share } : null,
    bins: null,
  }
}

function notCompared(label: string): Fit {
  return { declared: label, verdict: 'not-compared', gap: null, bins: null }
}

function verdictOf(cells: number, differs: boolean): Fit['verdict'] {
  if (cells < fewest) return 'too-few'
  return differs ? 'differs' : 'as-declared'
}

function scalarOf(value: ListedDistribution['shares'][number]['value']): Scalar {
  if (value instanceof Double) return value.value
  return typeof value === 'object' ? null : value
}

function shown(value: number, of: 'number' | 'time'): string {
  return of === 'time'
    ? new Date(value).toISOString().slice(0, 19)
    : String(Number(value.toPrecision(6)))
}
