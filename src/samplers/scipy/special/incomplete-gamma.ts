import { logGamma, poissonMass } from './log-gamma.ts'
import { solve } from './solve.ts'

/** The regularised incomplete gamma functions: the shares of Gamma(a) below and above x. */
export function incompleteGamma(a: number, x: number): readonly [below: number, above: number] {
  if (!(x > 0)) return [0, 1]
  if (x === Infinity) return [1, 0]
  // Near x = a the mass is the only factor that may lose digits; both series are sums of ratios.
  const mass = poissonMass(a, x)
  if (x < a + 1) {
    let term = 1
    let sum = 1
    for (let k = 1; k < 1e6 && term > sum * 1e-17; k += 1) {
      term *= x / (a + k)
      sum += term
    }
    const below = Math.min(1, mass * sum)
    return [below, 1 - below]
  }
  const above = Math.min(1, mass * a * continuedFraction(a, x))
  return [1 - above, above]
}

/** Lentz's form of 1 / (x + 1 - a - 1(1 - a) / (x + 3 - a - …)). */
function continuedFraction(a: number, x: number): number {
  let b = x + 1 - a
  let c = 1 / tiny
  let d = 1 / b
  let fraction = d
  for (let k = 1; k < 1e6; k += 1) {
    const term = -k * (k - a)
    b += 2
    d = 1 / (term * d + b || tiny)
    c = b + term / c || tiny
    const factor = d * c
    fraction *= factor
    if (Math.abs(factor - 1) < 3e-16) break
  }
  return fraction
}

const tiny = 1e-300

/** The logarithm of the quantile of Gamma(a): it may be too small for a separate number. */
export function logGammaQuantile(a: number, below: number, above: number): number {
  if (below <= 0) return -Infinity
  if (above <= 0) return Infinity
  // For small x the first term of the series is all.
  const small = (logOf(below, above) + logGamma(a + 1)) / a
  if (small < -40) return small
  const start =
    a > 1 ? Math.log(wilsonHilferty(a, below, above)) : Math.min(small, Math.log(a + 40))
  return solve((t) => logTailDistance(incompleteGamma(a, Math.exp(t)), below, above), {
    start,
    step: 0.1 / Math.sqrt(Math.max(1, a)),
  })
}

export function gammaQuantile(a: number, below: number, above: number): number {
  return Math.exp(logGammaQuantile(a, below, above))
}

/** A first guess. */
function wilsonHilferty(a: number, below: number, above: number): number {
  const tail = Math.min(below, above)
  const r = Math.sqrt(-2 * Math.log(tail))
  const z = r - (2.30753 + 0.27061 * r) / (1 + r * (0.99229 + r * 0.04481))
  const cube = 1 - 1 / (9 * a) + (below < above ? -z : z) / (3 * Math.sqrt(a))
  return a * Math.max(0.01, cube) ** 3
}

/** log p where p + q = 1, whichever of the two is the exact one. */
export function logOf(p: number, q: number): number {
  return p <= 0.5 ? Math.log(p) : Math.log1p(-q)
}

/** How far the shares at a place are from the wanted ones, by the smaller tail; grows with the place. */
export function logTailDistance(
  [below, above]: readonly [number, number],
  wantedBelow: number,
  wantedAbove: number,
): number {
  return wantedBelow <= wantedAbove
    ? Math.log((below || 1e-320) / wantedBelow)
    : Math.log(wantedAbove / (above || 1e-320))
}
