import type { Numbers } from './numbers.ts'

/** Shares of the numbers in bins of equal width. */
export interface Histogram {
  /** One more than there are bins, ascending. */
  edges: readonly number[]
  /** By bin; they sum to 1. */
  shares: readonly number[]
}

const bins = 24

/**
 * Null without numbers, and when all are the same. `values`: all of them with their counts, where
 * they are counted one by one; a digest would smear few of them over the bins between.
 */
export function histogramOf(
  numbers: Numbers,
  values: readonly (readonly [number, number])[] | null = null,
): Histogram | null {
  const summary = numbers.summary()
  if (summary === null || summary.min === summary.max) return null
  const { min, max, count } = summary
  const width = (max - min) / bins
  const edges = Array.from({ length: bins + 1 }, (_, at) => (at === bins ? max : min + at * width))
  const shares = values === null ? digestShares(numbers, edges) : countShares(values, min, width)
  return { edges: edges.map(short), shares: shares.map((share) => short(share / count)) }
}

function digestShares({ digest }: Numbers, edges: readonly number[]): number[] {
  // The first bin has its lower edge, too.
  const below = edges.map((edge, at) => (at === 0 ? 0 : digest.count * digest.cdf(edge)))
  return below.slice(1).map((share, at) => share - (below[at] as number))
}

function countShares(
  values: readonly (readonly [number, number])[],
  min: number,
  width: number,
): number[] {
  const counts = Array.from({ length: bins }, () => 0)
  for (const [value, count] of values) {
    const bin = Math.min(bins - 1, Math.max(0, Math.floor((value - min) / width)))
    counts[bin] = (counts[bin] ?? 0) + count
  }
  return counts
}

/** More digits than an estimate has would only be read by no one. */
function short(value: number): number {
  return Number(value.toPrecision(10))
}
