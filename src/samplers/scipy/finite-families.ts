import { binomialCounts } from './counts.ts'
import { fromMasses, fromRatios, fromShares, TooWide } from './discrete-table.ts'
import {
  count,
  discreteFamily,
  integer,
  nonNegative,
  positive,
  share,
  whole,
  type Domain,
} from './family.ts'
import type { Frozen } from './frozen.ts'

const shareList: Domain = { ...share, words: 'a list of numbers from 0 to 1', isList: true }

/** The number of successes when each try has a separate chance. */
function unequalTries(...chances: number[]): Frozen {
  let masses = Float64Array.of(1)
  for (const chance of chances) {
    const next = new Float64Array(masses.length + 1)
    for (const [at, mass] of masses.entries()) {
      next[at] = (next[at] ?? 0) + mass * (1 - chance)
      next[at + 1] = mass * chance
    }
    masses = next
  }
  return fromMasses(0, masses)
}

/** n good ones among M; N are taken, and each good one so many times as likely as another. */
function drawn(M: number, n: number, N: number, odds: number): Frozen {
  const low = Math.max(0, N - (M - n))
  const high = Math.min(n, N)
  const mode = Math.min(high, Math.max(low, Math.round((N * n * odds) / (n * odds + M - n) || 0)))
  return fromRatios(
    { low, high, mode },
    (k) => (odds * (n - k + 1) * (N - k + 1)) / (k * (M - n - N + k)),
  )
}

/** As before, but taken one after the other, from what is left. */
function drawnInTurn(M: number, n: number, N: number, odds: number): Frozen {
  if (N * Math.min(n, N) > 2e7) throw new TooWide()
  let masses = Float64Array.of(1)
  for (let taken = 0; taken < N; taken += 1) {
    const next = new Float64Array(Math.min(n, taken + 1) + 1)
    for (const [good, mass] of masses.entries()) {
      const [goodLeft, othersLeft] = [odds * (n - good), M - n - (taken - good)]
      if (mass === 0 || othersLeft < 0) continue
      const chance = goodLeft / (goodLeft + othersLeft)
      if (chance < 1) next[good] = (next[good] ?? 0) + mass * (1 - chance)
      if (chance > 0) next[good + 1] = (next[good + 1] ?? 0) + mass * chance
    }
    masses = next
  }
  return fromMasses(0, masses)
}

function withinTotal(M: number, n: number, N: number): string | null {
  return n <= M && N <= M ? null : 'n and N at most M'
}

/** Families of whole numbers between two ends. */
export const finiteFamilies = {
  bernoulli: discreteFamily({ p: share }, (p) => binomialCounts(1, p)),
  binom: discreteFamily({ n: whole, p: share }, binomialCounts),
  betabinom: discreteFamily({ n: whole, a: positive, b: positive }, (n, a, b) =>
    fromRatios(
      { low: 0, high: n, mode: Math.round((n * a) / (a + b)) },
      (k) => ((n - k + 1) * (k - 1 + a)) / (k * (n - k + b)),
    ),
  ),
  boltzmann: discreteFamily({ lambda_: positive, N: count }, (lambda, N) =>
    fromShares({ low: 0, high: N - 1 }, (k) => {
      const all = Math.expm1(-lambda * N)
      return [
        Math.expm1(-lambda * (k + 1)) / all,
        (Math.exp(-lambda * (k + 1)) * Math.expm1(-lambda * (N - 1 - k))) / all,
      ]
    }),
  ),
  hypergeom: discreteFamily(
    { M: whole, n: whole, N: whole },
    (M, n, N) => drawn(M, n, N, 1),
    withinTotal,
  ),
  nchypergeom_fisher: discreteFamily(
    { M: whole, n: whole, N: whole, odds: positive },
    drawn,
    withinTotal,
  ),
  nchypergeom_wallenius: discreteFamily(
    { M: whole, n: whole, N: whole, odds: positive },
    drawnInTurn,
    withinTotal,
  ),
  nhypergeom: discreteFamily(
    { M: whole, n: whole, r: whole },
    (M, n, r) => {
      if (r === 0) return fromMasses(0, Float64Array.of(1))
      return fromRatios(
        { low: 0, high: n, mode: Math.min(n, Math.round((r * n) / (M - n + 1))) },
        (k) => ((k + r - 1) * (n - k + 1)) / (k * (M - r - k + 1)),
      )
    },
    (M, n, r) => (n <= M && r <= M - n ? null : 'n at most M, and r at most M - n'),
  ),
  poisson_binom: discreteFamily({ p: shareList }, unequalTries),
  randint: discreteFamily(
    { low: integer, high: integer },
    (low, high) => ({
      kind: 'discrete',
      low,
      high: high - 1,
      shares(x) {
        const below = Math.min(1, Math.max(0, (Math.floor(x) - low + 1) / (high - low)))
        return [below, 1 - below]
      },
      quantile: (below) => Math.min(high - 1, low + Math.floor(below * (high - low))),
    }),
    (low, high) => (low < high ? null : 'low below high'),
  ),
  zipfian: discreteFamily({ a: nonNegative, n: count }, (a, n) => {
    if (n > 400_000) throw new TooWide()
    return fromMasses(
      1,
      Float64Array.from({ length: n }, (_, at) => (at + 1) ** -a),
    )
  }),
}
