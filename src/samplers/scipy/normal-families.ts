import { continuousFamily, positive, real } from './family.ts'
import {
  continuous,
  rising,
  searched,
  searchedPositive,
  truncated,
  type Frozen,
  type Shares,
} from './frozen.ts'
import { logOf } from './special/incomplete-gamma.ts'
import { normalPlace, normalShares } from './special/normal-shares.ts'
import { tanhSinh } from './special/quadrature.ts'

export const normal = continuous(normalShares, normalPlace)

function logNormal(s: number): Frozen {
  return rising(
    normal,
    (z) => Math.exp(s * z),
    (x) => Math.log(x) / s,
  )
}

/** The least of c normal draws, for any positive c. */
function powerNormal(c: number): Frozen {
  return continuous(
    (x) => {
      const [below, above] = normalShares(x)
      const log = c * logOf(above, below)
      return [-Math.expm1(log), Math.exp(log)]
    },
    (below, above) => {
      const log = logOf(above, below) / c
      return -normalPlace(Math.exp(log), -Math.expm1(log))
    },
  )
}

function inverseGaussian(mu: number): Frozen {
  const shares = (x: number): Shares => {
    const root = Math.sqrt(x)
    const [below, above] = normalShares((x / mu - 1) / root)
    const far = (x / mu + 1) / root
    const rest = Math.exp(-((x / mu - 1) ** 2) / (2 * x)) * millsRatio(far)
    return [below + rest, above - rest]
  }
  return searchedPositive(shares, { start: mu / (1 + mu), step: 0.3 })
}

/** The share of a standard normal above z, by its density without 1 / √2π. */
function millsRatio(z: number): number {
  const scale = Math.sqrt(2 * Math.PI)
  if (z < 10) return normalShares(z)[1] * Math.exp((z * z) / 2)
  let fraction = z
  for (let k = 40; k > 0; k -= 1) fraction = z + k / fraction
  return 1 / (fraction * scale)
}

function skewNormal(a: number): Frozen {
  if (a === 0) return normal
  const angle = Math.atan(Math.abs(a))
  // Owen's T by the angle: 2 T(x, a) is the integral from 0 to the angle over π.
  const part = (x: number, from: number, to: number): number =>
    tanhSinh((theta) => Math.exp(-((x / Math.cos(theta)) ** 2) / 2), from, to) / Math.PI
  const skewedRight = (x: number): Shares => {
    if (x < 0) {
      const below = part(x, angle, Math.PI / 2)
      return [below, 1 - below]
    }
    const above = normalShares(x)[1] + part(x, 0, angle)
    return [1 - above, above]
  }
  const shares = (x: number): Shares => {
    if (a > 0) return skewedRight(x)
    const [below, above] = skewedRight(-x)
    return [above, below]
  }
  return searched(shares, { start: Math.sign(a) * 0.7, step: 0.5 })
}

function crystalBall(beta: number, m: number): Frozen {
  const ratio = m / beta
  const peak = Math.exp(-(beta * beta) / 2)
  const root = Math.sqrt(2 * Math.PI)
  const tail = (ratio * peak) / (m - 1)
  const [outside, within] = normalShares(-beta)
  const total = tail + root * within
  return continuous(
    (x) => {
      if (x <= -beta) {
        const below = (tail * ((ratio - beta - x) / ratio) ** (1 - m)) / total
        return [below, 1 - below]
      }
      const [below, above] = normalShares(x)
      return [(tail + root * (below - outside)) / total, (root * above) / total]
    },
    (below, above) => {
      if (below * total <= tail) {
        return ratio - beta - ratio * ((below * total) / tail) ** (1 / (1 - m))
      }
      return normalPlace(outside + (below * total - tail) / root, (above * total) / root)
    },
  )
}

/** Families of functions of normal draws. */
export const normalFamilies = {
  norm: continuousFamily({}, () => normal),
  lognorm: continuousFamily({ s: positive }, logNormal),
  gibrat: continuousFamily({}, () => logNormal(1)),
  powernorm: continuousFamily({ c: positive }, powerNormal),
  powerlognorm: continuousFamily({ c: positive, s: positive }, (c, s) =>
    rising(
      powerNormal(c),
      (z) => Math.exp(s * z),
      (x) => Math.log(x) / s,
    ),
  ),
  truncnorm: continuousFamily(
    {
      a: { words: 'a number', holds: (a) => a < Infinity },
      b: { words: 'a number', holds: (b) => b > -Infinity },
    },
    (a, b) => truncated(normal, a, b),
    (a, b) => (a < b ? null : 'a below b'),
  ),
  alpha: continuousFamily({ a: positive }, (a) =>
    rising(
      truncated(normal, -Infinity, a),
      (z) => 1 / (a - z),
      (x) => a - 1 / x,
    ),
  ),
  fatiguelife: continuousFamily({ c: positive }, (c) =>
    rising(
      normal,
      (z) => {
        const root = (Math.abs(c * z) + Math.sqrt((c * z) ** 2 + 4)) / 2
        return z < 0 ? root ** -2 : root ** 2
      },
      (x) => (Math.sqrt(x) - 1 / Math.sqrt(x)) / c,
    ),
  ),
  johnsonsb: continuousFamily({ a: real, b: positive }, (a, b) =>
    rising(
      normal,
      (z) => 1 / (1 + Math.exp(-(z - a) / b)),
      (x) => a + b * Math.log(x / (1 - x)),
    ),
  ),
  johnsonsu: continuousFamily({ a: real, b: positive }, (a, b) =>
    rising(
      normal,
      (z) => Math.sinh((z - a) / b),
      (x) => a + b * Math.asinh(x),
    ),
  ),
  invgauss: continuousFamily({ mu: positive }, inverseGaussian),
  wald: continuousFamily({}, () => inverseGaussian(1)),
  skewnorm: continuousFamily({ a: real }, skewNormal),
  crystalball: continuousFamily({ beta: positive, m: positive }, crystalBall, (_beta, m) =>
    m > 1 ? null : 'm above 1',
  ),
}
