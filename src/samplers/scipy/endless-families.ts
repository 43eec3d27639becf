import { poissonCounts } from './counts.ts'
import { fromMasses, fromRatios, fromShares, TooWide } from './discrete-table.ts'
import { discreteFamily, inside, nonNegative, positive, type Domain } from './family.ts'
import type { Frozen, Shares } from './frozen.ts'
import { incompleteBeta } from './special/incomplete-beta.ts'
import { logBeta, logGamma, poissonMass } from './special/log-gamma.ts'

const aboveOne: Domain = {
  words: 'a number above 1',
  holds: (value) => value > 1 && Number.isFinite(value),
}
const chance: Domain = {
  words: 'a number above 0, at most 1',
  holds: (value) => value > 0 && value <= 1,
}

function fromAbove(low: number, above: (value: number) => number): Frozen {
  return fromShares({ low }, (value): Shares => {
    const rest = above(value)
    return [1 - rest, rest]
  })
}

/** The sum of (k + 1)^-a, (k + 2)^-a, … by Euler and Maclaurin. */
function zetaAbove(a: number, k: number): number {
  let sum = 0
  let from = k + 1
  for (; from < 20; from += 1) sum += from ** -a
  const last = from ** -a
  const term = (a * last) / (12 * from)
  const next = (-term * (a + 1) * (a + 2)) / (60 * from * from)
  const third = (-next * (a + 3) * (a + 4)) / (42 * from * from)
  return sum + (last * from) / (a - 1) + last / 2 + term + next + third
}

/** Γ(k) k / Γ(k + alpha + 1) Γ(alpha + 1) */
function yuleAbove(alpha: number, k: number): number {
  if (k < 1) return 1
  if (k < 1e5) return k * Math.exp(logBeta(k, alpha + 1))
  const log = Math.log(k) - (alpha + 1) * Math.log(k + alpha / 2)
  return Math.exp(log + logGamma(alpha + 1))
}

/** Failures before n successes, when the chance itself is a beta draw. */
function betaFailures(n: number, a: number, b: number): Frozen {
  if (n === 0) return fromMasses(0, Float64Array.of(1))
  const ratio = (k: number): number => ((n + k - 1) * (b + k - 1)) / (k * (n + a + b + k - 1))
  const size = 20_000
  const masses = new Float64Array(size)
  let mass = Math.exp(logBeta(a + n, b) - logBeta(a, b))
  masses[0] = mass
  for (let k = 1; k < size; k += 1) masses[k] = mass *= ratio(k)
  // From there on masses fall like (k + shift)^-(a + 1).
  const shift = ((n + a) * (n + a + 2 * b - 1) - n * (n - 1)) / (2 * (a + 1))
  const tail = (k: number): number =>
    ((mass * (size - 1 + shift)) / a) * ((k + shift + 0.5) / (size - 1 + shift)) ** -a
  const above = new Float64Array(size)
  let rest = tail(size - 1)
  for (let k = size - 1; k >= 0; k -= 1) {
    above[k] = rest
    rest += masses[k] ?? 0
  }
  return fromAbove(0, (k) => (k < size ? (above[k] ?? 0) : tail(k)))
}

/** The difference of two Poisson counts. */
function difference(mean: number, other: number): Frozen {
  const [one, two] = [massesAround(mean), massesAround(other)]
  if (one.masses.length * two.masses.length > 1e8) throw new TooWide()
  const last = two.masses.length - 1
  const masses = new Float64Array(one.masses.length + last)
  for (const [i, mass] of one.masses.entries()) {
    for (const [j, factor] of two.masses.entries()) {
      masses[i + last - j] = (masses[i + last - j] ?? 0) + mass * factor
    }
  }
  return fromMasses(one.low - two.low - last, masses)
}

function massesAround(mean: number): { low: number; masses: Float64Array } {
  const reach = 12 * Math.sqrt(mean) + 30
  const low = Math.max(0, Math.floor(mean - reach))
  const length = Math.ceil(mean + reach) - low + 1
  return { low, masses: Float64Array.from({ length }, (_, at) => poissonMass(low + at, mean)) }
}

/** Families of whole numbers without an end. */
export const endlessFamilies = {
  poisson: discreteFamily({ mu: nonNegative }, poissonCounts),
  geom: discreteFamily({ p: chance }, (p) =>
    p === 1
      ? fromMasses(1, Float64Array.of(1))
      : fromShares({ low: 1 }, (k) => {
          const log = k * Math.log1p(-p)
          return [-Math.expm1(log), Math.exp(log)]
        }),
  ),
  planck: discreteFamily({ lambda_: positive }, (lambda) =>
    fromShares({ low: 0 }, (k) => [-Math.expm1(-lambda * (k + 1)), Math.exp(-lambda * (k + 1))]),
  ),
  dlaplace: discreteFamily({ a: positive }, (a) =>
    fromShares({ low: -Infinity, start: 0 }, (k) => {
      const tail = Math.exp(-a * (k < 0 ? -k : k + 1)) / (1 + Math.exp(-a))
      return k < 0 ? [tail, 1 - tail] : [1 - tail, tail]
    }),
  ),
  logser: discreteFamily({ p: inside }, (p) =>
    fromRatios({ low: 1, high: Infinity, mode: 1 }, (k) => ((k - 1) * p) / k),
  ),
  nbinom: discreteFamily({ n: nonNegative, p: chance }, (n, p) => {
    if (n === 0 || p === 1) return fromMasses(0, Float64Array.of(1))
    const q = 1 - p
    if ((n * q) / (p * p) < 2 ** 20 && q < 0.999) {
      const mode = Math.max(0, Math.floor(((n - 1) * q) / p))
      return fromRatios({ low: 0, high: Infinity, mode }, (k) => ((n + k - 1) * q) / k)
    }
    const start = Math.round((n * q) / p)
    return fromShares({ low: 0, start }, (k) => incompleteBeta(n, k + 1, p, q))
  }),
  betanbinom: discreteFamily({ n: nonNegative, a: positive, b: positive }, betaFailures),
  skellam: discreteFamily({ mu1: nonNegative, mu2: nonNegative }, difference),
  yulesimon: discreteFamily({ alpha: positive }, (alpha) =>
    fromAbove(1, (k) => yuleAbove(alpha, k)),
  ),
  zipf: discreteFamily({ a: aboveOne }, (a) => {
    const all = zetaAbove(a, 0)
    return fromAbove(1, (k) => zetaAbove(a, k) / all)
  }),
}
