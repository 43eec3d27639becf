import { createNumbers, type NumberSummary, type Numbers, type StoredNumbers } from './numbers.ts'

/** Statistics of vectors: how many numbers they have, and how long they are. */
export interface Vectors {
  add(vector: Float32Array): void
  merge(stored: StoredVectors): void
  /** Null without a vector. */
  summary(): VectorStatistics | null
  store(): StoredVectors | null
}

export interface StoredVectors {
  /** Numbers of the shortest and of the longest one. */
  sizes: readonly [number, number]
  norms: StoredNumbers
}

export interface VectorStatistics {
  sizes: { min: number; max: number }
  /** Euclidean lengths: 1 for vectors that are normalised. */
  norms: NumberSummary
}

export function createVectors(): Vectors {
  const norms: Numbers = createNumbers()
  let min = Number.POSITIVE_INFINITY
  let max = 0

  function addSizes(low: number, high: number): void {
    min = Math.min(min, low)
    max = Math.max(max, high)
  }

  return {
    add(vector) {
      addSizes(vector.length, vector.length)
      norms.add(normOf(vector))
    },
    merge(stored) {
      addSizes(...stored.sizes)
      norms.merge(stored.norms)
    },
    summary() {
      const found = norms.summary()
      return found === null ? null : { sizes: { min, max }, norms: found }
    },
    store() {
      const stored = norms.store()
      return stored.count === 0 ? null : { sizes: [min, max], norms: stored }
    },
  }
}

function normOf(vector: Float32Array): number {
  let squares = 0
  for (let at = 0; at < vector.length; at += 1) squares += (vector[at] as number) ** 2
  return Math.sqrt(squares)
}
