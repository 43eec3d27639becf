import { continuousFamily, positive } from './family.ts'
import { continuous, rising, symmetric, type Frozen } from './frozen.ts'
import { betaQuantile, incompleteBeta } from './special/incomplete-beta.ts'

function beta(a: number, b: number): Frozen {
  return continuous(
    (x) => incompleteBeta(a, b, x, 1 - x),
    (below, above) => betaQuantile(a, b, below, above)[0],
    { low: 0, high: 1 },
  )
}

/** From -1 to 1. */
function centred(a: number): Frozen {
  return continuous(
    (x) => incompleteBeta(a, a, (1 + x) / 2, (1 - x) / 2),
    (below, above) => {
      const [x, y] = betaQuantile(a, a, below, above)
      return x - y
    },
    { low: -1, high: 1 },
  )
}

/** x / (1 - x) of a beta draw x, by a factor. */
function odds(a: number, b: number, factor: number): Frozen {
  return continuous(
    (value) => {
      const ratio = value / factor
      return incompleteBeta(a, b, ratio / (1 + ratio), 1 / (1 + ratio))
    },
    (below, above) => {
      const [x, y] = betaQuantile(a, b, below, above)
      return (factor * x) / y
    },
    { low: 0 },
  )
}

/** Families of functions of beta draws. */
export const betaFamilies = {
  beta: continuousFamily({ a: positive, b: positive }, beta),
  betaprime: continuousFamily({ a: positive, b: positive }, (a, b) => odds(a, b, 1)),
  f: continuousFamily({ dfn: positive, dfd: positive }, (dfn, dfd) =>
    odds(dfn / 2, dfd / 2, dfd / dfn),
  ),
  t: continuousFamily({ df: positive }, (df) =>
    symmetric(
      rising(
        odds(0.5, df / 2, df),
        (square) => Math.sqrt(square),
        (x) => x * x,
      ),
    ),
  ),
  rdist: continuousFamily({ c: positive }, (c) => centred(c / 2)),
  semicircular: continuousFamily({}, () => centred(1.5)),
  jf_skew_t: continuousFamily({ a: positive, b: positive }, (a, b) => {
    const sum = a + b
    return continuous(
      (x) => {
        const root = Math.sqrt(sum + x * x)
        // One of (root + x) / 2 root and (root - x) / 2 root loses digits; their product is known.
        const small = sum / (2 * root * (root + Math.abs(x)))
        return x < 0
          ? incompleteBeta(a, b, small, 1 - small)
          : incompleteBeta(a, b, 1 - small, small)
      },
      (below, above) => {
        const [x, y] = betaQuantile(a, b, below, above)
        return ((x - y) * Math.sqrt(sum)) / (2 * Math.sqrt(x * y))
      },
    )
  }),
}
