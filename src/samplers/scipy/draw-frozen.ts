import type { DiscreteDistribution } from '../../graph/distribution.ts'
import type { Random } from '../../random/random.ts'
import { toDouble, type Value } from '../../util/value.ts'
import { type Frozen, shareBetween } from './frozen.ts'

/** A draw by the inverse of the distribution function: one uniform number each. */
export function drawFrom(frozen: Frozen): (random: Random) => Value {
  const { quantile } = frozen
  if (frozen.kind === 'discrete') {
    if (frozen.shares(mostWhole)[1] > half) {
      const draw = drawBetween(frozen, -mostWhole, mostWhole)
      if (draw !== null) return draw
    }
    return (random) => {
      const share = random.uniform()
      return wholeValue(quantile(share, 1 - share))
    }
  }
  return (random) => {
    const share = random.uniform() || half
    return toDouble(quantile(share, 1 - share))
  }
}

/** The share of draws from `low` to `high`, both included; exact in the tails. */
export function shareOf({ kind, shares }: Frozen, low: number, high: number): number {
  return shareBetween(shares(kind === 'discrete' ? Math.ceil(low) - 1 : low), shares(high))
}

/** A draw of those from `low` to `high`, both included; null where there is none. */
export function drawBetween(
  frozen: Frozen,
  low: number,
  high: number,
): ((random: Random) => Value) | null {
  const { kind, quantile, shares } = frozen
  const isDiscrete = kind === 'discrete'
  const start = shares(isDiscrete ? Math.ceil(Math.max(low, -mostWhole)) - 1 : low)
  const end = shares(isDiscrete ? Math.floor(Math.min(high, mostWhole)) : high)
  const share = low <= high ? shareBetween(start, end) : 0
  if (!(share > 0)) return null
  const [below] = start
  const [, above] = end
  return (random) => {
    const place = random.uniform() || half
    const drawn = quantile(below + place * share, above + (1 - place) * share)
    return isDiscrete ? wholeValue(Math.min(drawn, mostWhole)) : toDouble(drawn)
  }
}

/** The largest number below 2^63: what is beyond it is not a whole number of 64 bits, and is not drawn. */
const mostWhole = 2 ** 63 - 1_024

function wholeValue(drawn: number): Value {
  // Not -0.
  return Number.isSafeInteger(drawn) ? drawn + 0 : BigInt(drawn)
}

/** A draw of 0 stands for half of the smallest other one: ends that are infinite are never drawn. */
const half = 2 ** -54

/** What a report compares whole numbers with. */
export function discreteDistribution({ shares }: Frozen, label: string): DiscreteDistribution {
  const [all] = shares(mostWhole)
  return { shape: 'discrete', label, cdf: (value) => Math.min(1, shares(value)[0] / all) }
}
