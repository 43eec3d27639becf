import { fromMasses, fromRatios } from './discrete-table.ts'
import type { Frozen } from './frozen.ts'
import { normalPlace, normalShares } from './special/normal-shares.ts'
import { solve } from './special/solve.ts'

/** Successes in n tries. */
export function binomialCounts(n: number, p: number): Frozen {
  if (p <= 0 || n === 0) return fromMasses(0, Float64Array.of(1))
  if (p >= 1) return fromMasses(n, Float64Array.of(1))
  const q = 1 - p
  const variance = n * p * q
  const bounds = { low: 0, high: n }
  if (variance > mostVariance) {
    const skewness = (q - p) / Math.sqrt(variance)
    return expanded({ mean: n * p, variance, skewness, excess: (1 - 6 * p * q) / variance }, bounds)
  }
  const mode = Math.min(n, Math.floor((n + 1) * p))
  return fromRatios({ ...bounds, mode }, (k) => ((n - k + 1) * p) / (k * q))
}

/** Events, of which so many come on average. */
export function poissonCounts(mean: number): Frozen {
  if (mean <= 0) return fromMasses(0, Float64Array.of(1))
  const bounds = { low: 0, high: Infinity }
  if (mean > mostVariance) {
    return expanded(
      { mean, variance: mean, skewness: 1 / Math.sqrt(mean), excess: 1 / mean },
      bounds,
    )
  }
  return fromRatios({ ...bounds, mode: Math.floor(mean) }, (k) => mean / k)
}

/** Up to here a table has some hundred thousand entries at most. */
const mostVariance = 2 ** 25

interface Moments {
  mean: number
  variance: number
  skewness: number
  excess: number
}

/**
 * Counts with so large a deviation that Cornish and Fisher's expansion is off by less than one
 * count in ten millions of draws.
 */
function expanded(
  { mean, variance, skewness, excess }: Moments,
  { low, high }: { low: number; high: number },
): Frozen {
  const deviation = Math.sqrt(variance)
  const place = (z: number): number => {
    const correction =
      (skewness * (z * z - 1)) / 6 +
      (excess * (z ** 3 - 3 * z)) / 24 -
      (skewness ** 2 * (2 * z ** 3 - 5 * z)) / 36
    return mean + deviation * (z + correction)
  }
  return {
    kind: 'discrete',
    low,
    high,
    shares(x) {
      const value = Math.floor(x)
      if (value < low) return [0, 1]
      if (value >= high) return [1, 0]
      // Sheppard: a count stands for the half around it.
      return normalShares(
        solve((z) => place(z) - value - 0.5, { start: (value - mean) / deviation, step: 0.01 }),
      )
    },
    quantile: (below, above) =>
      Math.min(high, Math.max(low, Math.round(place(normalPlace(below, above))))),
  }
}
