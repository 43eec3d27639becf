import { shortened, type Scalar } from './scalar.ts'

/**
 * The most frequent values in bounded memory (Misra and Gries 1982; merged as in Agarwal et al.
 * 2012, "Mergeable summaries"): as long as there are few values, all of them with exact counts.
 */
export interface Frequent {
  add(hash: number, value: Scalar, times?: number): void
  /** Many values at once: where most are different, those that come seldom are not looked at. */
  addAll(hashes: Float64Array, values: readonly Scalar[]): void
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
/** Places by hash that count for `addAll`: some values share one. */
const places = 8192

export function createFrequent(): Frequent {
  const entries = new Map<number, { value: Scalar; count: number }>()
  let error = 0

  function put(hash: number, value: Scalar, count: number): void {
    const entry = entries.get(hash)
    if (entry !== undefined) {
      entry.count += count
      return
    }
    // Both zeros have one hash.
    entries.set(hash, { value: value === 0 ? 0 : shortened(value), count })
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

  /**
   * Values in whose place there are fewer than one in `capacity` are left out, and the error grows by
   * the most that one of them can have come: no more than if each was put in.
   */
  function putOften(hashes: Float64Array, values: readonly Scalar[]): void {
    const counts = new Uint32Array(places)
    for (const hash of hashes) (counts[placeOf(hash)] as number) += 1
    const often = hashes.length / capacity
    let leftOut = 0
    for (const count of counts) if (count < often && count > leftOut) leftOut = count
    error += leftOut
    for (let at = 0; at < hashes.length; at += 1) {
      const hash = hashes[at] as number
      if ((counts[placeOf(hash)] as number) >= often) put(hash, values[at] as Scalar, 1)
    }
  }

  return {
    add: (hash, value, times = 1) => put(hash, value, times),
    addAll(hashes, values) {
      const few = countFew(hashes)
      if (few === null) return putOften(hashes, values)
      for (const [hash, { first, times }] of few) put(hash, values[first] as Scalar, times)
    },
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

/** By hash where it first comes and how often; null when there are more than are kept at a time. */
function countFew(hashes: Float64Array): Map<number, { first: number; times: number }> | null {
  const found = new Map<number, { first: number; times: number }>()
  for (let at = 0; at < hashes.length; at += 1) {
    const entry = found.get(hashes[at] as number)
    if (entry !== undefined) entry.times += 1
    else if (found.size === capacity) return null
    else found.set(hashes[at] as number, { first: at, times: 1 })
  }
  return found
}

/** Other bits than the registers of `distinct.ts` go by. */
function placeOf(hash: number): number {
  return (hash >>> 16) % places
}
