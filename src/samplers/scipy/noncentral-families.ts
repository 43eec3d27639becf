import { continuousFamily, nonNegative, positive, real } from './family.ts'
import { rising, searched, searchedPositive, type Frozen, type Shares } from './frozen.ts'
import { betaFamilies } from './beta-families.ts'
import { gammaFamilies } from './gamma-families.ts'
import { incompleteBeta } from './special/incomplete-beta.ts'
import { incompleteGamma } from './special/incomplete-gamma.ts'
import { binomialMass, logGamma, poissonMass } from './special/log-gamma.ts'
import { normalShares } from './special/normal-shares.ts'

/** A central distribution whose parameter goes up by one with each event of a Poisson count. */
interface Ladder {
  shares: (steps: number, x: number) => Shares
  /** What lies below at one step and not at the next. */
  difference: (steps: number, x: number) => number
}

/** Shares of a mixture over Poisson counts; both tails are sums of positive terms. */
function mixed(mean: number, { shares, difference }: Ladder): (x: number) => Shares {
  const reach = 12 * Math.sqrt(mean) + 40
  const first = Math.max(0, Math.floor(mean - reach))
  const last = Math.ceil(mean + reach)
  const weights = Array.from({ length: last - first + 1 }, (_, at) => poissonMass(first + at, mean))
  return (x) => {
    let [under] = shares(last, x)
    let [, over] = shares(first, x)
    let below = 0
    let above = 0
    for (let steps = last; steps >= first; steps -= 1) {
      below += (weights[steps - first] ?? 0) * under
      if (steps > first) under += difference(steps - 1, x)
    }
    for (let steps = first; steps <= last; steps += 1) {
      above += (weights[steps - first] ?? 0) * over
      over += difference(steps, x)
    }
    return [below, above]
  }
}

function chiSquared(df: number, nc: number): Frozen {
  if (nc === 0) return gammaFamilies.chi2.freeze(df)
  const shares = mixed(nc / 2, {
    shares: (steps, x) => incompleteGamma(df / 2 + steps, x / 2),
    difference: (steps, x) => poissonMass(df / 2 + steps, x / 2),
  })
  return searchedPositive(shares, { start: df + nc, step: 0.3 })
}

function ratio(dfn: number, dfd: number, nc: number): Frozen {
  if (nc === 0) return betaFamilies.f.freeze(dfn, dfd)
  const b = dfd / 2
  const shares = mixed(nc / 2, {
    shares: (steps, x) => incompleteBeta(dfn / 2 + steps, b, x, 1 - x),
    // x^a y^b / (a B(a, b)) by the mass of a and b.
    difference(steps, x) {
      const a = dfn / 2 + steps
      return (binomialMass(a, b, x, 1 - x) * b) / (a + b)
    },
  })
  return searchedPositive((f) => shares((dfn * f) / (dfn * f + dfd)), {
    start: (dfn + nc) / dfn,
    step: 0.3,
  })
}

/** A normal around nc by the root of a gamma draw: the average of its shares over the draws. */
function student(df: number, nc: number): Frozen {
  const a = df / 2
  const width = 1 / Math.sqrt(a)
  // Evenly by the logarithm, so far that nothing a draw can tell is omitted.
  const first = Math.log(a) - 45 / a - 14 * Math.min(1, width)
  const last = Math.log(a + 14 * Math.sqrt(a) + 60)
  const step = Math.min(0.1, width / 8)
  const nodes = Array.from({ length: Math.ceil((last - first) / step) }, (_, at) => {
    const log = first + at * step
    const weight = Math.exp(a * log - Math.exp(log) - logGamma(a))
    return { root: Math.sqrt(Math.exp(log) / a), weight }
  }).filter(({ weight }) => weight > 1e-40)
  const total = nodes.reduce((sum, { weight }) => sum + weight, 0)
  const shares = (x: number): Shares => {
    let [below, above] = [0, 0]
    for (const { root, weight } of nodes) {
      const [under, over] = normalShares(x * root - nc)
      below += (under * weight) / total
      above += (over * weight) / total
    }
    return [below, above]
  }
  return searched(shares, { start: nc, step: 1 })
}

/** Families around another place than 0. */
export const noncentralFamilies = {
  ncx2: continuousFamily({ df: positive, nc: nonNegative }, chiSquared),
  ncf: continuousFamily({ dfn: positive, dfd: positive, nc: nonNegative }, ratio),
  nct: continuousFamily({ df: positive, nc: real }, student),
  rice: continuousFamily({ b: nonNegative }, (b) =>
    rising(
      chiSquared(2, b * b),
      (square) => Math.sqrt(square),
      (x) => x * x,
    ),
  ),
}
