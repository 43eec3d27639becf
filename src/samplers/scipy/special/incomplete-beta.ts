import { logOf, logTailDistance } from './incomplete-gamma.ts'
import { binomialMass, logBeta } from './log-gamma.ts'
import { solve } from './solve.ts'

/** The shares of Beta(a, b) below and above x, where y = 1 - x. */
export function incompleteBeta(
  a: number,
  b: number,
  x: number,
  y: number,
): readonly [below: number, above: number] {
  if (!(x > 0)) return [0, 1]
  if (!(y > 0)) return [1, 0]
  // The fraction converges fast up to the mean.
  if (x > (a + 1) / (a + b + 2)) {
    const [above, below] = incompleteBeta(b, a, y, x)
    return [below, above]
  }
  // By the mass over n = a + b: x^a y^b / B(a, b) = mass · a b / (a + b).
  const below = Math.min(1, (binomialMass(a, b, x, y) * b * fraction(a, b, x)) / (a + b))
  return [below, 1 - below]
}

/** Lentz's form of the continued fraction of the incomplete beta function. */
function fraction(a: number, b: number, x: number): number {
  let c = 1
  let d = 1 / (1 - ((a + b) * x) / (a + 1) || tiny)
  let value = d
  for (let m = 1; m < 1e6; m += 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    d = 1 / (1 + even * d || tiny)
    c = 1 + even / c || tiny
    value *= d * c
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / (1 + odd * d || tiny)
    c = 1 + odd / c || tiny
    const factor = d * c
    value *= factor
    if (Math.abs(factor - 1) < 3e-16) break
  }
  return value
}

const tiny = 1e-300

/** The quantile x of Beta(a, b) and 1 - x, each exact where it is small. */
export function betaQuantile(
  a: number,
  b: number,
  below: number,
  above: number,
): readonly [x: number, y: number] {
  if (below <= 0) return [0, 1]
  if (above <= 0) return [1, 0]
  const [half] = incompleteBeta(a, b, 0.5, 0.5)
  if (below <= half) {
    const x = smallQuantile(a, b, below, above)
    return [x, 1 - x]
  }
  const y = smallQuantile(b, a, above, below)
  return [1 - y, y]
}

/** A quantile up to one half. */
function smallQuantile(a: number, b: number, below: number, above: number): number {
  const start = (logOf(below, above) + Math.log(a) + logBeta(a, b)) / a
  // There the first term of the series is all.
  if (start < -40) return Math.exp(start)
  const log = solve(
    (t) => {
      const x = Math.exp(t)
      return logTailDistance(incompleteBeta(a, b, x, -Math.expm1(t)), below, above)
    },
    { start: Math.min(start, -Math.LN2), step: 0.3 / Math.sqrt(a + b), high: -Math.LN2 },
  )
  return Math.exp(log)
}
