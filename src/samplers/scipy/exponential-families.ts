import { continuousFamily, positive, real } from './family.ts'
import { continuous, falling, rising, symmetric, type Frozen } from './frozen.ts'
import { logOf } from './special/incomplete-gamma.ts'
import { solve } from './special/solve.ts'

/** The standard exponential: -log of a share. */
const exponential: Frozen = continuous(
  (x) => [-Math.expm1(-x), Math.exp(-x)],
  (below, above) => -logOf(above, below),
  { low: 0 },
)

const laplace = symmetric(exponential)

/** log(1 - e^-x) */
function logComplement(x: number): number {
  return x < Math.LN2 ? Math.log(-Math.expm1(-x)) : Math.log1p(-Math.exp(-x))
}

function weibull(c: number): Frozen {
  return rising(
    exponential,
    (e) => e ** (1 / c),
    (x) => x ** c,
  )
}

/** Families whose quantile is a formula of the logarithm of a share. */
export const exponentialFamilies = {
  expon: continuousFamily({}, () => exponential),
  weibull_min: continuousFamily({ c: positive }, weibull),
  weibull_max: continuousFamily({ c: positive }, (c) =>
    falling(
      weibull(c),
      (w) => -w,
      (x) => -x,
    ),
  ),
  dweibull: continuousFamily({ c: positive }, (c) => symmetric(weibull(c))),
  rayleigh: continuousFamily({}, () =>
    rising(
      exponential,
      (e) => Math.sqrt(2 * e),
      (x) => (x * x) / 2,
    ),
  ),
  invweibull: continuousFamily({ c: positive }, (c) =>
    falling(
      exponential,
      (e) => e ** (-1 / c),
      (x) => x ** -c,
    ),
  ),
  exponweib: continuousFamily({ a: positive, c: positive }, (a, c) =>
    falling(
      exponential,
      (e) => (-logComplement(e / a)) ** (1 / c),
      (x) => -a * logComplement(x ** c),
    ),
  ),
  exponpow: continuousFamily({ b: positive }, (b) =>
    rising(
      exponential,
      (e) => Math.log1p(e) ** (1 / b),
      (x) => Math.expm1(x ** b),
    ),
  ),
  genexpon: continuousFamily({ a: positive, b: positive, c: positive }, (a, b, c) => {
    const back = (x: number): number => (a + b) * x + (b * Math.expm1(-c * x)) / c
    return rising(
      exponential,
      (e) =>
        e === 0 || e === Infinity
          ? e
          : solve((x) => Math.log(back(x) / e), { start: e / (a + b), step: e / (a + b) }),
      back,
    )
  }),
  gompertz: continuousFamily({ c: positive }, (c) =>
    rising(
      exponential,
      (e) => Math.log1p(e / c),
      (x) => c * Math.expm1(x),
    ),
  ),
  gumbel_l: continuousFamily({}, () => rising(exponential, Math.log, Math.exp)),
  gumbel_r: continuousFamily({}, () =>
    falling(
      exponential,
      (e) => -Math.log(e),
      (x) => Math.exp(-x),
    ),
  ),
  genextreme: continuousFamily({ c: real }, (c) =>
    falling(
      exponential,
      (e) => (c === 0 ? -Math.log(e) : -Math.expm1(c * Math.log(e)) / c),
      (x) => (c === 0 ? Math.exp(-x) : Math.exp(Math.log1p(-c * x) / c)),
    ),
  ),
  laplace: continuousFamily({}, () => laplace),
  loglaplace: continuousFamily({ c: positive }, (c) =>
    rising(
      laplace,
      (l) => Math.exp(l / c),
      (x) => c * Math.log(x),
    ),
  ),
  laplace_asymmetric: continuousFamily({ kappa: positive }, (kappa) => {
    const sum = kappa + 1 / kappa
    const [left, right] = [kappa / sum, 1 / (kappa * sum)]
    return continuous(
      (x) => {
        const tail = x < 0 ? left * Math.exp(x / kappa) : right * Math.exp(-x * kappa)
        return x < 0 ? [tail, 1 - tail] : [1 - tail, tail]
      },
      (below, above) =>
        below < left ? kappa * Math.log(below / left) : -Math.log(above / right) / kappa,
    )
  }),
  pareto: continuousFamily({ b: positive }, (b) =>
    rising(
      exponential,
      (e) => Math.exp(e / b),
      (x) => b * Math.log(x),
    ),
  ),
  lomax: continuousFamily({ c: positive }, (c) =>
    rising(
      exponential,
      (e) => Math.expm1(e / c),
      (x) => c * Math.log1p(x),
    ),
  ),
  genpareto: continuousFamily({ c: real }, (c) =>
    rising(
      exponential,
      (e) => (c === 0 ? e : Math.expm1(c * e) / c),
      (x) => (c === 0 ? x : Math.log1p(c * x) / c),
    ),
  ),
  powerlaw: continuousFamily({ a: positive }, (a) =>
    falling(
      exponential,
      (e) => Math.exp(-e / a),
      (x) => -a * Math.log(x),
    ),
  ),
  burr: continuousFamily({ c: positive, d: positive }, (c, d) =>
    falling(
      exponential,
      (e) => Math.expm1(e / d) ** (-1 / c),
      (x) => d * Math.log1p(x ** -c),
    ),
  ),
  burr12: continuousFamily({ c: positive, d: positive }, (c, d) =>
    rising(
      exponential,
      (e) => Math.expm1(e / d) ** (1 / c),
      (x) => d * Math.log1p(x ** c),
    ),
  ),
  mielke: continuousFamily({ k: positive, s: positive }, (k, s) =>
    falling(
      exponential,
      (e) => Math.expm1((e * s) / k) ** (-1 / s),
      (x) => (k / s) * Math.log1p(x ** -s),
    ),
  ),
  kappa3: continuousFamily({ a: positive }, (a) =>
    falling(
      exponential,
      (e) => (a / Math.expm1(a * e)) ** (1 / a),
      (x) => Math.log1p(a * x ** -a) / a,
    ),
  ),
  kappa4: continuousFamily({ h: real, k: real }, (h, k) =>
    falling(
      exponential,
      (e) => {
        const u = h === 0 ? e : -Math.expm1(-h * e) / h
        return k === 0 ? -Math.log(u) : -Math.expm1(k * Math.log(u)) / k
      },
      (x) => {
        const u = Math.exp(k === 0 ? -x : Math.log1p(-k * x) / k)
        return h === 0 ? u : -Math.log1p(-h * u) / h
      },
    ),
  ),
  genlogistic: continuousFamily({ c: positive }, (c) =>
    falling(
      exponential,
      (e) => -Math.log(Math.expm1(e / c)),
      (x) => (x < -700 ? -c * x : c * Math.log1p(Math.exp(-x))),
    ),
  ),
}
