import type { Numbers } from './numbers.ts'

/** Shares of the numbers in bins of equal width. */
export interface Histogram {
  /** One more than there are bins, ascending. */
  edges: readonly number[]
  /** By bin; they sum to 1. */
  shares: readonly number[]
}

const bins = 24

/** Null without numbers, and when all are the same. */
export function histogramOf(numbers: Numbers): Histogram | null {
  const summary = numbers.summary()
  if (summary === null || summary.min === summary.max) return null
  const { min, max } = summary
  const width = (max - min) / bins
  const edges = Array.from({ length: bins + 1 }, (_, at) => (at === bins ? max : min + at * width))
  const below = edges.map((edge) => numbers.digest.cdf(edge))
  // The first bin has its lower edge, too.
  below[0] = 0
  const shares = below.slice(1).map((share, at) => share - (below[at] as number))
  return { edges: edges.map(short), shares: shares.map(short) }
}

/** More digits than an estimate has would only be read by nobody. */
function short(value: number): number {
  return Number(value.toPrecision(10))
}
