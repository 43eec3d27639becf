import type { DiscreteDistribution } from '../../graph/distribution.ts'
import type { Random } from '../../random/random.ts'
import { toDouble, type Value } from '../../util/value.ts'
import type { Frozen } from './frozen.ts'

/** A draw by the inverse of the distribution function: one uniform number each. */
export function drawFrom(frozen: Frozen): (random: Random) => Value {
  const { quantile } = frozen
  if (frozen.kind === 'discrete') {
    return (random) => {
      const share = random.uniform()
      // Not -0.
      return quantile(share, 1 - share) + 0
    }
  }
  return (random) => {
    const share = random.uniform() || half
    return toDouble(quantile(share, 1 - share))
  }
}

/** A draw of 0 stands for half of the smallest other one: ends that are infinite are never drawn. */
const half = 2 ** -54

/** What a report compares whole numbers with. */
export function discreteDistribution({ shares }: Frozen, label: string): DiscreteDistribution {
  return { shape: 'discrete', label, cdf: (value) => shares(value)[0] }
}
