import { continuousFamily, inside, positive, real, share } from './family.ts'
import {
  continuous,
  rising,
  searchedBetween,
  symmetric,
  type Frozen,
  type Shares,
} from './frozen.ts'
import { logOf } from './special/incomplete-gamma.ts'
import { solve } from './special/solve.ts'

const { PI } = Math

const uniform = continuous(
  (x) => [x, 1 - x],
  (below) => below,
  { low: 0, high: 1 },
)

const halfCauchy = continuous(
  (x) => [(2 / PI) * Math.atan(x), (2 / PI) * Math.atan2(1, x)],
  (below, above) => (below < above ? Math.tan((PI / 2) * below) : 1 / Math.tan((PI / 2) * above)),
  { low: 0 },
)
const cauchy = symmetric(halfCauchy)

const logistic = continuous(
  (x) => [1 / (1 + Math.exp(-x)), 1 / (1 + Math.exp(x))],
  (below, above) => logOf(below, above) - logOf(above, below),
)

const halfLogistic = continuous(
  (x) => [Math.tanh(x / 2), 2 / (1 + Math.exp(x))],
  (below, above) => Math.log1p(below) - logOf(above, below),
  { low: 0 },
)

/** The same forwards and backwards around a centre, by its lower half. */
function mirrored(
  lower: { shares: (x: number) => number; quantile: (below: number) => number },
  { low, high }: { low: number; high: number },
): Frozen {
  const centre = (low + high) / 2
  return continuous(
    (x) => {
      const tail = lower.shares(x < centre ? x : low + high - x)
      return x < centre ? [tail, 1 - tail] : [1 - tail, tail]
    },
    (below, above) => (below < above ? lower.quantile(below) : low + high - lower.quantile(above)),
    { low, high },
  )
}

function trapezoid(c: number, d: number): Frozen {
  const h = 2 / (1 + d - c)
  return continuous(
    (x): Shares => {
      const below = x < c ? (x * x * h) / (2 * c) : h * (x - c / 2)
      const above = x > d ? ((1 - x) ** 2 * h) / (2 * (1 - d)) : 1 - below
      return [x > d ? 1 - above : below, above]
    },
    (below, above) => {
      if (below < (h * c) / 2) return Math.sqrt((2 * c * below) / h)
      if (above < (h * (1 - d)) / 2) return 1 - Math.sqrt((2 * (1 - d) * above) / h)
      return below / h + c / 2
    },
    { low: 0, high: 1 },
  )
}

function logUniform(a: number, b: number): Frozen {
  const width = Math.log(b / a)
  return rising(
    uniform,
    (u) => a * Math.exp(u * width),
    (x) => Math.log(x / a) / width,
  )
}

function inOrder(a: number, b: number): string | null {
  return a < b ? null : 'a below b'
}

/** y - sin y, also for small y. */
function sineRest(y: number): number {
  if (y > 0.3) return y - Math.sin(y)
  const s = y * y
  return ((y * s) / 6) * (1 - (s / 20) * (1 - (s / 42) * (1 - (s / 72) * (1 - s / 110))))
}

/** Families whose quantile is a formula of a share, and some that are nearly so. */
export const algebraicFamilies = {
  uniform: continuousFamily({}, () => uniform),
  cauchy: continuousFamily({}, () => cauchy),
  halfcauchy: continuousFamily({}, () => halfCauchy),
  hypsecant: continuousFamily({}, () => rising(cauchy, Math.asinh, Math.sinh)),
  logistic: continuousFamily({}, () => logistic),
  fisk: continuousFamily({ c: positive }, (c) =>
    rising(
      logistic,
      (l) => Math.exp(l / c),
      (x) => c * Math.log(x),
    ),
  ),
  halflogistic: continuousFamily({}, () => halfLogistic),
  genhalflogistic: continuousFamily({ c: positive }, (c) =>
    rising(
      halfLogistic,
      (l) => -Math.expm1(-c * l) / c,
      (x) => -Math.log1p(-c * x) / c,
    ),
  ),
  anglit: continuousFamily({}, () =>
    mirrored(
      {
        shares: (x) => Math.sin(x + PI / 4) ** 2,
        quantile: (below) => Math.asin(Math.sqrt(below)) - PI / 4,
      },
      { low: -PI / 4, high: PI / 4 },
    ),
  ),
  arcsine: continuousFamily({}, () =>
    mirrored(
      {
        shares: (x) => (2 / PI) * Math.asin(Math.sqrt(x)),
        quantile: (below) => Math.sin((PI / 2) * below) ** 2,
      },
      { low: 0, high: 1 },
    ),
  ),
  cosine: continuousFamily({}, () =>
    searchedBetween((x) => [sineRest(PI + x) / (2 * PI), sineRest(PI - x) / (2 * PI)], {
      low: -PI,
      high: PI,
      parts: 8,
    }),
  ),
  bradford: continuousFamily({ c: positive }, (c) => {
    const width = Math.log1p(c)
    return continuous(
      (x) => [Math.log1p(c * x) / width, Math.log1p((c * (1 - x)) / (1 + c * x)) / width],
      (below) => Math.expm1(below * width) / c,
      { low: 0, high: 1 },
    )
  }),
  loguniform: continuousFamily({ a: positive, b: positive }, logUniform, inOrder),
  reciprocal: continuousFamily({ a: positive, b: positive }, logUniform, inOrder),
  triang: continuousFamily({ c: share }, (c) => trapezoid(c, c)),
  trapezoid: continuousFamily({ c: share, d: share }, trapezoid, (c, d) =>
    c <= d ? null : 'c at most d',
  ),
  truncexpon: continuousFamily({ b: positive }, (b) => {
    const share0 = Math.expm1(-b)
    return continuous(
      (x) => [Math.expm1(-x) / share0, (Math.exp(-x) * Math.expm1(x - b)) / share0],
      (below) => -Math.log1p(below * share0),
      { low: 0, high: b },
    )
  }),
  truncpareto: continuousFamily(
    { b: real, c: positive },
    (b, c) => {
      const share0 = Math.expm1(-b * Math.log(c))
      return continuous(
        (x) => [
          Math.expm1(-b * Math.log(x)) / share0,
          (x ** -b * Math.expm1(-b * Math.log(c / x))) / share0,
        ],
        (below) => Math.exp(-Math.log1p(below * share0) / b),
        { low: 1, high: c },
      )
    },
    (b, c) => (b !== 0 && c > 1 ? null : 'b other than 0, and c above 1'),
  ),
  truncweibull_min: continuousFamily(
    { c: positive, a: real, b: positive },
    (c, a, b) => {
      const [first, last] = [a ** c, b ** c]
      const share0 = Math.expm1(first - last)
      return continuous(
        (x) => {
          const at = x ** c
          return [
            Math.expm1(first - at) / share0,
            (Math.exp(first - at) * Math.expm1(at - last)) / share0,
          ]
        },
        (below) => (first - Math.log1p(below * share0)) ** (1 / c),
        { low: a, high: b },
      )
    },
    (_c, a, b) => (a >= 0 && a < b ? null : 'a from 0 on and below b'),
  ),
  skewcauchy: continuousFamily(
    { a: real },
    (a) => {
      const [left, right] = [(1 - a) / 2, (1 + a) / 2]
      return continuous(
        (x) => {
          const [inner, outer] = halfCauchy.shares(Math.abs(x) / (x < 0 ? 1 - a : 1 + a))
          return x < 0
            ? [left * outer, right + left * inner]
            : [left + right * inner, right * outer]
        },
        (below, above) =>
          below < left
            ? -(1 - a) * halfCauchy.quantile((left - below) / left, below / left)
            : (1 + a) * halfCauchy.quantile((below - left) / right, above / right),
      )
    },
    (a) => (Math.abs(a) < 1 ? null : 'a between -1 and 1'),
  ),
  tukeylambda: continuousFamily({ lam: real }, (lam) => {
    if (lam === 0) return logistic
    const quantile = (below: number, above: number): number =>
      (Math.expm1(lam * logOf(below, above)) - Math.expm1(lam * logOf(above, below))) / lam
    const end = lam > 0 ? 1 / lam : Infinity
    return continuous(
      (x) => {
        // By the logarithm of the odds, which has no ends.
        const odds = solve((l) => quantile(...logistic.shares(l)) - x, {
          start: 0,
          step: 1,
          low: -700,
          high: 700,
        })
        return logistic.shares(odds)
      },
      quantile,
      { low: -end, high: end },
    )
  }),
  wrapcauchy: continuousFamily({ c: inside }, (c) => {
    const factor = (1 - c) / (1 + c)
    return mirrored(
      {
        shares: (x) => Math.atan(Math.tan(x / 2) / factor) / PI,
        quantile: (below) => 2 * Math.atan(factor * Math.tan(PI * below)),
      },
      { low: 0, high: 2 * PI },
    )
  }),
}
