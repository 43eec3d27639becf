const lanczos = [
  676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
]

/** The logarithm of the gamma function of a positive number, to about 1e-15. */
export function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x)
  if (x > 50) return (x - 0.5) * Math.log(x) - x + halfLogTwoPi + stirlingError(x)
  const shifted = x - 1
  const t = shifted + 7.5
  const sum = lanczos.reduce(
    (total, term, at) => total + term / (shifted + at + 1),
    0.9999999999998099,
  )
  return halfLogTwoPi + (shifted + 0.5) * Math.log(t) - t + Math.log(sum)
}

const halfLogTwoPi = 0.9189385332046728

export function logBeta(a: number, b: number): number {
  return logGamma(a) + logGamma(b) - logGamma(a + b)
}

/** What Stirling's formula for log Γ(x) lacks. */
function stirlingError(x: number): number {
  if (x < 15) return logGamma(x) - (x - 0.5) * Math.log(x) + x - halfLogTwoPi
  const s = x * x
  return (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - 1 / (1188 * s)) / s) / s) / s) / x
}

/** x log(x / mean) + mean - x, without cancellation (Loader 2000). */
function deviance(x: number, mean: number): number {
  if (Math.abs(x - mean) >= 0.1 * (x + mean)) return x * Math.log(x / mean) + mean - x
  const v = (x - mean) / (x + mean)
  let sum = (x - mean) * v
  let power = 2 * x * v
  for (let k = 1; k < 1000; k += 1) {
    power *= v * v
    const next = sum + power / (2 * k + 1)
    if (next === sum) return next
    sum = next
  }
  return sum
}

/** mean^x e^-mean / Γ(x + 1), also for parts of a whole x (Loader's saddle point). */
export function poissonMass(x: number, mean: number): number {
  if (x === 0) return Math.exp(-mean)
  if (mean === 0) return 0
  const error = stirlingError(x)
  return Math.exp(-error - deviance(x, mean)) / Math.sqrt(2 * Math.PI * x)
}

/** Γ(a + b + 1) / (Γ(a + 1) Γ(b + 1)) p^a q^b, where p + q = 1. */
export function binomialMass(a: number, b: number, p: number, q: number): number {
  const n = a + b
  if (p === 0) return a === 0 ? 1 : 0
  if (q === 0) return b === 0 ? 1 : 0
  if (a === 0) return Math.exp(n * (p < 0.5 ? Math.log1p(-p) : Math.log(q)))
  if (b === 0) return Math.exp(n * (q < 0.5 ? Math.log1p(-q) : Math.log(p)))
  const errors = stirlingError(n) - stirlingError(a) - stirlingError(b)
  const exponent = errors - deviance(a, n * p) - deviance(b, n * q)
  return Math.exp(exponent) * Math.sqrt(n / (2 * Math.PI * a * b))
}
