import { shortened, type Scalar } from './scalar.ts'

/**
 * The most frequent values in bounded memory (Misra and Gries 1982; merged as in Agarwal et al.
 * 2012, "Mergeable summaries"): as long as there are few values, all of them with exact counts.
 */
export interface Frequent {
  add(hash: number, value: Scalar): void
  merge(stored: StoredFrequent): void
  /** Most frequent first. */
  store(): StoredFrequent
}

export interface StoredFrequent {
  /** How much larger a count may be; 0: these are all values, and the counts are exact. */
  error: number
  /** Value, count, hash. Long texts are cut. */
  values: readonly (readonly [Scalar, number, number])[]
}

/** Values that are kept. */
export const keptValues = 256
const capacity = 1024

export function createFrequent(): Frequent {
  const entries = new Map<number, { value: Scalar; count: number }>()
  let error = 0

  function put(hash: number, value: Scalar, count: number): void {
    const entry = entries.get(hash)
    if (entry !== undefined) {
      entry.count += count
      return
    }
    entries.set(hash, { value: shortened(value), count })
    if (entries.size > capacity) reduce()
  }

  /** Takes from every count what the first value beyond the kept ones has. */
  function reduce(): void {
    if (entries.size <= keptValues) return
    const counts = Float64Array.from(entries.values(), ({ count }) => -count).sort()
    const taken = -(counts[keptValues] as number)
    error += taken
    if (taken >= -(counts[0] as number)) {
      // Usual where all values are different, and much quicker than one by one.
      entries.clear()
      return
    }
    for (const [hash, entry] of entries) {
      entry.count -= taken
      if (entry.count <= 0) entries.delete(hash)
    }
  }

  return {
    add: (hash, value) => put(hash, value, 1),
    merge(stored) {
      error += stored.error
      for (const [value, count, hash] of stored.values) put(hash, value, count)
    },
    store() {
      reduce()
      const values = [...entries].map(
        ([hash, { value, count }]) => [value, count, hash] as [Scalar, number, number],
      )
      values.sort((one, other) => other[1] - one[1] || one[2] - other[2])
      return { error, values }
    },
  }
}
