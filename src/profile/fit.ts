import type {
  ContinuousDistribution,
  Distribution,
  ListedDistribution,
} from '../graph/distribution.ts'
import { Double } from '../util/value.ts'
import type { Digest } from './digest.ts'
import type { Histogram } from './histogram.ts'
import { hashScalar, type Scalar } from './scalar.ts'
import type { ColumnSummary } from './summary.ts'

/** How a column's cells stand to what its config declares. */
export interface Fit {
  /** What is declared, for people. */
  declared: string
  /** `too-few`: the rows can't tell; `not-compared`: more values than are counted one by one. */
  verdict: 'as-declared' | 'differs' | 'too-few' | 'not-compared'
  /** The largest difference, as a share of the cells, and where it is. */
  gap: { share: number; at: string; declared: number; observed: number } | null
  /** Declared shares: by value of a list, or by bin of the histogram. */
  shares: readonly { value: Scalar; share: number }[] | readonly number[] | null
}

/** Values up to which each has a declared share of its own. */
const fewValues = 24
/** Cells below which no verdict is given. */
const fewest = 30
/** A difference beyond so many standard deviations is none of chance. */
const deviations = 4
/** What the digest may be off by. */
const digestError = 0.01

/** `histogram` is the one of the observed cells; its bins are those of the declared shares. */
export function fitOf(
  summary: ColumnSummary,
  distribution: Distribution,
  histogram: Histogram | null,
): Fit {
  switch (distribution.shape) {
    case 'listed':
      return fitList(summary, distribution)
    case 'continuous':
      return fitCurve(summary, distribution, histogram)
    case 'unique':
      break
  }
  return fitUnique(summary, distribution.label)
}

function fitList(summary: ColumnSummary, { label, shares: declared }: ListedDistribution): Fit {
  const cells = summary.cells - summary.nulls
  const shares = declared.map(({ value, share }) => ({ value: scalarOf(value), share }))
  const { error, values } = summary.frequent.store()
  const counts = new Map(values.map(([value, count, hash]) => [hash, { value, count }]))
  if (error > 0 || cells === 0)
    return { declared: label, verdict: 'not-compared', gap: null, shares }
  const expected = new Map<number, { value: Scalar; share: number }>()
  for (const one of shares) {
    if (one.value !== null) expected.set(hashScalar(one.value), one)
  }
  let gap: NonNullable<Fit['gap']> | null = null
  let differs = false
  for (const hash of new Set([...expected.keys(), ...counts.keys()])) {
    const share = expected.get(hash)?.share ?? 0
    const count = counts.get(hash)?.count ?? 0
    const distance = Math.abs(count - share * cells)
    // Three more: of what is rare, chance alone makes one or two where none is expected.
    if (distance > deviations * Math.sqrt(cells * share * (1 - share)) + (share > 0 ? 3 : 0)) {
      differs = true
    }
    if (gap === null || distance / cells > gap.share) {
      const value = expected.get(hash)?.value ?? counts.get(hash)?.value
      gap = { share: distance / cells, at: String(value), declared: share, observed: count / cells }
    }
  }
  return { declared: label, verdict: verdictOf(cells, differs), gap, shares }
}

/** Kolmogorov and Smirnov's largest distance of the two distribution functions. */
function fitCurve(
  summary: ColumnSummary,
  distribution: ContinuousDistribution,
  histogram: Histogram | null,
): Fit {
  const { label, of, cdf, rounding } = distribution
  const numbers = of === 'time' ? summary.times : summary.numbers
  const cells = numbers?.digest.count ?? 0
  if (numbers === null || cells === 0) {
    return { declared: label, verdict: 'not-compared', gap: null, shares: null }
  }
  // A cell stands for all draws that are rounded to it.
  const reach =
    rounding === null ? 0 : rounding.to === 'nearest' ? rounding.size / 2 : rounding.size
  let gap = { share: 0, at: '', declared: 0, observed: 0 }
  for (const [value, observed] of observedShares(summary, numbers.digest, of)) {
    const declared = cdf(value + reach)
    const share = Math.abs(observed - declared)
    if (share > gap.share) gap = { share, at: `≤ ${shown(value, of)}`, declared, observed }
  }
  // 1.95 / √n is passed by chance once in a thousand times.
  const differs = gap.share > 1.95 / Math.sqrt(cells) + digestError
  const shares =
    sharesOfValues(summary, distribution) ??
    (histogram === null ? null : sharesOfBins(histogram, (edge) => cdf(edge + reach)))
  return { declared: label, verdict: verdictOf(cells, differs), gap, shares }
}

/** Of rounded numbers, where they are few; null otherwise. */
function sharesOfValues(
  { frequent }: ColumnSummary,
  { of, cdf, rounding }: ContinuousDistribution,
): { value: Scalar; share: number }[] | null {
  const { error, values } = frequent.store()
  if (rounding === null || of === 'time' || error > 0 || values.length > fewValues) return null
  const { size, to } = rounding
  return values.map(([value]) => {
    const low = Number(value) - (to === 'nearest' ? size / 2 : 0)
    return { value, share: cdf(low + size) - cdf(low) }
  })
}

/** The first and last bin stand for all that lies beyond them, too. */
function sharesOfBins({ edges }: Histogram, cdf: (edge: number) => number): number[] {
  const inner = edges.slice(1, -1).map(cdf)
  return [...inner, 1].map((above, at) => above - (inner[at - 1] ?? 0))
}

/** The share of cells up to some values: exact where all values are counted. */
function* observedShares(
  { frequent }: ColumnSummary,
  digest: Digest,
  of: 'number' | 'time',
): Generator<[number, number]> {
  const { error, values } = frequent.store()
  if (error === 0 && of === 'number') {
    const sorted = values.toSorted((one, other) => Number(one[0]) - Number(other[0]))
    let count = 0
    for (const [value, more] of sorted) {
      count += more
      yield [Number(value), count / digest.count]
    }
    return
  }
  for (let step = 1; step < 100; step += 1) {
    const value = digest.quantile(step / 100)
    yield [value, digest.cdf(value)]
  }
}

function fitUnique(summary: ColumnSummary, label: string): Fit {
  const cells = summary.cells - summary.nulls
  const { count, exact } = summary.distinct.count()
  if (!exact) return { declared: label, verdict: 'not-compared', gap: null, shares: null }
  const repeated = cells - count
  return {
    declared: label,
    verdict: repeated > 0 ? 'differs' : 'as-declared',
    gap:
      repeated > 0
        ? {
            share: repeated / cells,
            at: 'repeated values',
            declared: 0,
            observed: repeated / cells,
          }
        : null,
    shares: null,
  }
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
