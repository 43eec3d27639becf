import { continuousFamily, count, positive, real } from './family.ts'
import { continuous, falling, rising, symmetric, type Frozen } from './frozen.ts'
import { normal } from './normal-families.ts'
import { gammaQuantile, incompleteGamma, logGammaQuantile } from './special/incomplete-gamma.ts'

function gamma(a: number): Frozen {
  return continuous(
    (x) => incompleteGamma(a, x),
    (below, above) => gammaQuantile(a, below, above),
    { low: 0 },
  )
}

/** A root of a gamma draw times a factor. */
function chi(a: number, factor: number): Frozen {
  return rising(
    gamma(a),
    (g) => Math.sqrt(factor * g),
    (x) => (x * x) / factor,
  )
}

function powered(a: number, c: number): Frozen {
  const way = c > 0 ? rising : falling
  return way(
    gamma(a),
    (g) => g ** (1 / c),
    (x) => x ** c,
  )
}

const levy = falling(
  gamma(0.5),
  (g) => 1 / (2 * g),
  (x) => 1 / (2 * x),
)

/** Families of powers, roots and logarithms of gamma draws. */
export const gammaFamilies = {
  gamma: continuousFamily({ a: positive }, gamma),
  erlang: continuousFamily({ a: count }, gamma),
  chi2: continuousFamily({ df: positive }, (df) =>
    rising(
      gamma(df / 2),
      (g) => 2 * g,
      (x) => x / 2,
    ),
  ),
  chi: continuousFamily({ df: positive }, (df) => chi(df / 2, 2)),
  maxwell: continuousFamily({}, () => chi(1.5, 2)),
  halfnorm: continuousFamily({}, () => chi(0.5, 2)),
  nakagami: continuousFamily({ nu: positive }, (nu) => chi(nu, 1 / nu)),
  dgamma: continuousFamily({ a: positive }, (a) => symmetric(gamma(a))),
  gengamma: continuousFamily({ a: positive, c: real }, powered, (_a, c) =>
    c === 0 ? 'c other than 0' : null,
  ),
  invgamma: continuousFamily({ a: positive }, (a) => powered(a, -1)),
  halfgennorm: continuousFamily({ beta: positive }, (beta) => powered(1 / beta, beta)),
  gennorm: continuousFamily({ beta: positive }, (beta) => symmetric(powered(1 / beta, beta))),
  loggamma: continuousFamily({ c: positive }, (c) =>
    continuous(
      (x) => incompleteGamma(c, Math.exp(x)),
      (below, above) => logGammaQuantile(c, below, above),
    ),
  ),
  levy: continuousFamily({}, () => levy),
  levy_l: continuousFamily({}, () =>
    falling(
      levy,
      (l) => -l,
      (x) => -x,
    ),
  ),
  moyal: continuousFamily({}, () =>
    falling(
      gamma(0.5),
      (g) => -Math.log(2 * g),
      (x) => Math.exp(-x) / 2,
    ),
  ),
  pearson3: continuousFamily({ skew: real }, (skew) => {
    // As scipy has it: so little skew is none.
    if (Math.abs(skew) < 0.000016) return normal
    const beta = 2 / skew
    const alpha = beta * beta
    const way = skew > 0 ? rising : falling
    return way(
      gamma(alpha),
      (g) => (g - alpha) / beta,
      (x) => x * beta + alpha,
    )
  }),
}
