import { sortNumbers } from './sort-numbers.ts'

/**
 * Quantiles of numbers in bounded memory: a merging t-digest (Dunning and Ertl 2019,
 * arXiv:1902.04023) with the scale function k1. Nothing in it is chance: the same numbers in the
 * same order give the same digest.
 */
export interface Digest {
  /** Of numbers whose distances are finite; `times` that it comes. */
  add(value: number, times?: number): void
  /** Each once. */
  addAll(values: Float64Array): void
  merge(stored: StoredDigest): void
  readonly count: number
  /** The number below which a share of the numbers lies, 0 ≤ share ≤ 1; NaN without numbers. */
  quantile(share: number): number
  /** The share of the numbers that is not above a number. */
  cdf(value: number): number
  store(): StoredDigest
}

/** Centroids in turn as their distance from the least number and their weight, ascending. */
export interface StoredDigest {
  min: number
  max: number
  centroids: readonly number[]
}

/** About half as many centroids; the error of a quantile q is about √(q(1 − q)) / 100. */
const compression = 200
const bufferSize = 4096
/** Sorting numbers is quick, sorting them with their weights is not. */
const heavyTimes = 8

export function createDigest(): Digest {
  let means: number[] = []
  let weights: number[] = []
  let count = 0
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  /** Numbers that came a few times, and those that came more often with their weight. */
  let buffer: Float64Array | null = null
  let buffered = 0
  let heavy: { value: number; times: number }[] = []
  let heavyWeight = 0

  function add(value: number, times = 1): void {
    if (times >= heavyTimes) {
      heavy.push({ value, times })
      heavyWeight += times
      if (heavy.length === bufferSize) flush()
      return
    }
    for (let left = times; left > 0; left -= 1) {
      // Most digests of a column stay empty.
      buffer ??= new Float64Array(bufferSize)
      buffer[buffered] = value
      buffered += 1
      if (buffered === bufferSize) flush()
    }
  }

  function addAll(values: Float64Array): void {
    buffer ??= new Float64Array(bufferSize)
    for (let from = 0; from < values.length;) {
      const fitting = values.subarray(from, from + bufferSize - buffered)
      buffer.set(fitting, buffered)
      buffered += fitting.length
      from += fitting.length
      if (buffered === bufferSize) flush()
    }
  }

  function flush(): void {
    if (buffer !== null && buffered > 0) {
      const values = buffer.subarray(0, buffered)
      sortNumbers(values)
      const fresh = buffered
      buffered = 0
      widen(values[0] as number, values[fresh - 1] as number)
      combine(values, null, { weight: fresh, divisible: false })
    }
    if (heavy.length === 0) return
    const sorted = heavy.sort((one, other) => one.value - other.value)
    const fresh = heavyWeight
    heavy = []
    heavyWeight = 0
    widen((sorted[0] as (typeof heavy)[0]).value, (sorted.at(-1) as (typeof heavy)[0]).value)
    combine(
      sorted.map(({ value }) => value),
      sorted.map(({ times }) => times),
      { weight: fresh, divisible: true },
    )
  }

  function widen(least: number, greatest: number): void {
    min = Math.min(min, least)
    max = Math.max(max, greatest)
  }

  /**
   * Merges ascending centroids into the own ones; weights of 1 are omitted. Those of one value are
   * divisible: they become as many centroids as if the value had been added again and again.
   */
  function combine(
    otherMeans: ArrayLike<number>,
    otherWeights: readonly number[] | null,
    { weight, divisible }: { weight: number; divisible: boolean },
  ): void {
    count += weight
    const mergedMeans: number[] = []
    const mergedWeights: number[] = []
    let before = 0
    let mean = 0
    let held = 0
    let limit = 0
    for (let own = 0, other = 0; own < means.length || other < otherMeans.length;) {
      const mine = own < means.length ? (means[own] as number) : Number.POSITIVE_INFINITY
      const theirs =
        other < otherMeans.length ? (otherMeans[other] as number) : Number.POSITIVE_INFINITY
      const takeOwn = other >= otherMeans.length || (own < means.length && mine <= theirs)
      const nextMean = takeOwn ? mine : theirs
      let nextWeight = takeOwn ? (weights[own] as number) : (otherWeights?.[other] ?? 1)
      if (takeOwn) own += 1
      else other += 1
      const mayDivide = divisible && !takeOwn
      const room = limit - before - held
      const joining = mayDivide ? Math.min(nextWeight, Math.floor(room)) : nextWeight
      if (joining > 0 && joining <= room) {
        held += joining
        mean += ((nextMean - mean) * joining) / held
        nextWeight -= joining
      }
      while (nextWeight > 0) {
        if (held > 0) {
          mergedMeans.push(mean)
          mergedWeights.push(held)
          before += held
        }
        limit = count * reach(before / count)
        mean = nextMean
        held = mayDivide ? largestPiece(nextWeight, limit - before) : nextWeight
        nextWeight -= held
      }
    }
    if (held > 0) {
      mergedMeans.push(mean)
      mergedWeights.push(held)
    }
    means = mergedMeans
    weights = mergedWeights
  }

  return {
    add,
    addAll,
    merge(stored) {
      flush()
      if (stored.centroids.length === 0) return
      widen(stored.min, stored.max)
      const otherMeans = stored.centroids
        .filter((_, index) => index % 2 === 0)
        .map((distance) => Math.min(stored.min + distance, stored.max))
      const otherWeights = stored.centroids.filter((_, index) => index % 2 === 1)
      combine(otherMeans, otherWeights, {
        weight: otherWeights.reduce((sum, weight) => sum + weight, 0),
        divisible: false,
      })
    },
    get count() {
      return count + buffered + heavyWeight
    },
    quantile(share) {
      flush()
      return quantileOf({ means, weights, count, min, max }, share)
    },
    cdf(value) {
      flush()
      return cdfOf({ means, weights, count, min, max }, value)
    },
    store() {
      flush()
      const centroids = means.flatMap((mean, index) => [
        short(mean - min),
        weights[index] as number,
      ])
      return count === 0 ? { min: 0, max: 0, centroids: [] } : { min, max, centroids }
    },
  }
}

/** As much of a weight as a new centroid may hold; 1 is never too much. */
function largestPiece(weight: number, room: number): number {
  return Math.min(weight, Math.max(1, Math.floor(room)))
}

/** How far, as a share of all, a centroid that begins at a share may reach. */
function reach(share: number): number {
  const k = (compression / (2 * Math.PI)) * Math.asin(2 * share - 1) + 1
  const angle = (2 * Math.PI * k) / compression
  return angle >= Math.PI / 2 ? 1 : (Math.sin(angle) + 1) / 2
}

interface Centroids {
  means: readonly number[]
  weights: readonly number[]
  count: number
  min: number
  max: number
}

/**
 * The points a quantile is interpolated between: a centroid's mean lies in the middle of its
 * weight, the ends are exact.
 */
function* points({ means, weights, count, min, max }: Centroids): Generator<[number, number]> {
  yield [0, min]
  let before = 0
  for (let index = 0; index < means.length; index += 1) {
    const weight = weights[index] as number
    yield [before + weight / 2, means[index] as number]
    before += weight
  }
  yield [count, max]
}

function quantileOf(centroids: Centroids, share: number): number {
  if (centroids.count === 0) return Number.NaN
  const wanted = share * centroids.count
  let [lastRank, lastValue] = [0, centroids.min]
  for (const [rank, value] of points(centroids)) {
    if (rank >= wanted) {
      if (rank === lastRank) return value
      const between = lastValue + ((wanted - lastRank) / (rank - lastRank)) * (value - lastValue)
      // Rounding could lead a little beyond.
      return Math.min(between, value)
    }
    lastRank = rank
    lastValue = value
  }
  return centroids.max
}

function cdfOf(centroids: Centroids, value: number): number {
  const { count, min, max } = centroids
  if (count === 0 || value < min) return 0
  if (value >= max) return 1
  let [lastRank, lastValue] = [0, min]
  for (const [rank, mean] of points(centroids)) {
    if (mean > value) {
      const part = mean === lastValue ? 1 : (value - lastValue) / (mean - lastValue)
      return (lastRank + part * (rank - lastRank)) / count
    }
    lastRank = rank
    lastValue = mean
  }
  return 1
}

/** Nine digits of a distance: more than a centroid means, half as many bytes. */
function short(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(9))
}
