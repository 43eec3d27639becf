import { createDigest, type Digest, type StoredDigest } from './digest.ts'

/** Statistics of finite numbers: exact count, ends, mean and deviation, and a digest. */
export interface Numbers {
  add(value: number, times?: number): void
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
    // Chan, Golub and LeVeque 1983.
    merge(stored) {
      if (stored.count === 0) return
      const distance = stored.mean - mean
      const total = count + stored.count
      squares += stored.squares + (distance * distance * count * stored.count) / total
      mean += (distance * stored.count) / total
      count = total
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
