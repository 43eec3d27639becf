import { inverseTable } from './special/inverse-table.ts'

/** Shares of a distribution; they sum to 1, and each is exact where it is small. */
export type Shares = readonly [below: number, above: number]

/** A distribution with all its parameters. */
export interface Frozen {
  readonly kind: 'continuous' | 'discrete'
  readonly low: number
  readonly high: number
  /** The shares of draws that are at most x, and above x. */
  readonly shares: (x: number) => Shares
  /** The smallest value that so large a share of all draws does not exceed. */
  readonly quantile: (below: number, above: number) => number
}

export interface Support {
  low?: number
  high?: number
}

/** A continuous distribution; both functions are asked for places inside of its support only. */
export function continuous(
  shares: (x: number) => Shares,
  quantile: (below: number, above: number) => number,
  { low = -Infinity, high = Infinity }: Support = {},
): Frozen {
  return {
    kind: 'continuous',
    low,
    high,
    shares(x) {
      if (x <= low) return [0, 1]
      return x >= high ? [1, 0] : shares(x)
    },
    quantile(below, above) {
      if (below <= 0) return low
      return above <= 0 ? high : quantile(below, above)
    },
  }
}

/** One whose quantile has no formula: its shares are looked at in cells, evenly about `start` and wider further out. */
export function searched(
  shares: (x: number) => Shares,
  { start, step, low = -Infinity, high = Infinity }: Support & { start: number; step: number },
): Frozen {
  const quantile = inverseTable({
    grows: (x) => logOdds(shares(x)),
    edge: (number) => Math.min(high, Math.max(low, start + step * Math.sinh(number / 2))),
    around: 0,
  })
  return continuous(shares, (below, above) => quantile(Math.log(below / above)), { low, high })
}

/** One between two ends whose shares are smooth but at places that divide its support evenly. */
export function searchedBetween(
  shares: (x: number) => Shares,
  { low, high, parts }: { low: number; high: number; parts: number },
): Frozen {
  const size = (high - low) / parts
  const quantile = inverseTable({
    grows: (x) => logOdds(shares(x)),
    // At the ends, where odds are 0 or infinite, cells are halved again and again.
    edge(number) {
      if (number < 1) return low + size * 2 ** (number - 1)
      return number < parts ? low + size * number : high - size * 2 ** (parts - number - 1)
    },
    around: Math.ceil(parts / 2),
  })
  return continuous(shares, (below, above) => quantile(Math.log(below / above)), { low, high })
}

/** One of positive numbers whose quantile is searched for by its logarithm. */
export function searchedPositive(
  shares: (x: number) => Shares,
  { start, step }: { start: number; step: number },
): Frozen {
  const quantile = inverseTable({
    grows: (log) => logOdds(shares(Math.exp(log))),
    edge: (number) => Math.min(709, Math.max(-745, Math.log(start) + step * Math.sinh(number / 2))),
    around: 0,
  })
  return continuous(shares, (below, above) => Math.exp(quantile(Math.log(below / above))), {
    low: 0,
  })
}

function logOdds([below, above]: Shares): number {
  return Math.log(Math.max(below, 1e-320)) - Math.log(Math.max(above, 1e-320))
}

/** The distribution moved and stretched; a negative number of 0 stays what it is. */
export function moved(standard: Frozen, loc: number, scale: number): Frozen {
  if (loc === 0 && scale === 1) return standard
  return {
    kind: standard.kind,
    low: loc + scale * standard.low,
    high: loc + scale * standard.high,
    shares: (x) => standard.shares((x - loc) / scale),
    quantile: (below, above) => loc + scale * standard.quantile(below, above),
  }
}

/** What a function that grows makes of the draws of another distribution. */
export function rising(
  source: Frozen,
  out: (draw: number) => number,
  back: (value: number) => number,
): Frozen {
  return continuous(
    (x) => source.shares(back(x)),
    (below, above) => out(source.quantile(below, above)),
    { low: out(source.low), high: out(source.high) },
  )
}

/** What a function that falls makes of the draws of another distribution. */
export function falling(
  source: Frozen,
  out: (draw: number) => number,
  back: (value: number) => number,
): Frozen {
  return continuous(
    (x) => {
      const [below, above] = source.shares(back(x))
      return [above, below]
    },
    (below, above) => out(source.quantile(above, below)),
    { low: out(source.high), high: out(source.low) },
  )
}

/** The draws of a distribution of positive numbers, half of them negative. */
export function symmetric(magnitude: Frozen): Frozen {
  return continuous(
    (x) => {
      const [inner, outer] = magnitude.shares(Math.abs(x))
      const far = (1 + inner) / 2
      return x < 0 ? [outer / 2, far] : [far, outer / 2]
    },
    (below, above) =>
      below < above
        ? -magnitude.quantile(above - below, 2 * below)
        : magnitude.quantile(below - above, 2 * above),
    { low: -magnitude.high, high: magnitude.high },
  )
}

/** What lies between two places, given the shares at both. */
export function shareBetween([b0, a0]: Shares, [b1, a1]: Shares): number {
  if (b1 <= 0.5) return b1 - b0
  return a0 <= 0.5 ? a0 - a1 : 1 - b0 - a1
}

/** The draws of a continuous distribution that lie between two places. */
export function truncated(source: Frozen, low: number, high: number): Frozen {
  const [belowLow, aboveLow] = source.shares(low)
  const [belowHigh, aboveHigh] = source.shares(high)
  const [b0, a0, b1, a1] = [belowLow, aboveLow, belowHigh, aboveHigh]
  const share = shareBetween([b0, a0], [b1, a1])
  return continuous(
    (x) => {
      const [below, above] = source.shares(x)
      const under = below <= 0.5 ? below - b0 : a0 <= 0.5 ? a0 - above : 1 - b0 - above
      const over = above <= 0.5 ? above - a1 : b1 <= 0.5 ? b1 - below : 1 - below - a1
      return [under / share, over / share]
    },
    (below, above) => source.quantile(b0 + below * share, a1 + above * share),
    { low, high },
  )
}
