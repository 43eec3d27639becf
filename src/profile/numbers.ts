import { createDigest, type Digest, type StoredDigest } from './digest.ts'

/** Statistics of finite numbers: exact count, ends, mean and deviation, and a digest. */
export interface Numbers {
  add(value: number, times?: number): void
  /** The same of many at once, and quicker. */
  addAll(values: Float64Array): void
  merge(stored: StoredNumbers): void
  readonly digest: Digest
  summary(): NumberSummary | null
  store(): StoredNumbers
}

export interface NumberSummary {
  count: number
  min: number
  max: number
  mean: number
  /** Of the sample: over n − 1; 0 for one number. */
  stddev: number
  quantiles: { p5: number; p25: number; p50: number; p75: number; p95: number }
}

export interface StoredNumbers {
  count: number
  mean: number
  /** Sum of the squared distances from the mean. */
  squares: number
  digest: StoredDigest
}

export function createNumbers(): Numbers {
  const digest = createDigest()
  let count = 0
  let mean = 0
  let squares = 0

  // Chan, Golub and LeVeque 1983.
  function join(other: number, otherMean: number, otherSquares: number): void {
    const distance = otherMean - mean
    const total = count + other
    squares += otherSquares + (distance * distance * count * other) / total
    mean += (distance * other) / total
    count = total
  }

  return {
    digest,
    // Welford 1962, with weights as West 1979.
    add(value, times = 1) {
      count += times
      const distance = value - mean
      mean += (distance * times) / count
      squares += distance * (value - mean) * times
      digest.add(value, times)
    },
    addAll(values) {
      if (values.length === 0) return
      // Distances from one of them: equal numbers have a deviation of 0.
      const first = values[0] as number
      let sum = 0
      for (let at = 1; at < values.length; at += 1) sum += (values[at] as number) - first
      const ownMean = first + sum / values.length
      let ownSquares = 0
      for (let at = 0; at < values.length; at += 1)
        ownSquares += ((values[at] as number) - ownMean) ** 2
      join(values.length, ownMean, ownSquares)
      digest.addAll(values)
    },
    merge(stored) {
      if (stored.count === 0) return
      join(stored.count, stored.mean, stored.squares)
      digest.merge(stored.digest)
    },
    summary() {
      if (count === 0) return null
      const { min, max } = digest.store()
      const [p5, p25, p50, p75, p95] = [0.05, 0.25, 0.5, 0.75, 0.95].map((share) =>
        digest.quantile(share),
      ) as [number, number, number, number, number]
      const stddev = count > 1 ? Math.sqrt(squares / (count - 1)) : 0
      return { count, min, max, mean, stddev, quantiles: { p5, p25, p50, p75, p95 } }
    },
    store: () => ({ count, mean, squares, digest: digest.store() }),
  }
}
