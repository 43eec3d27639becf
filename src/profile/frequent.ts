import { shortened, type Scalar } from './scalar.ts'

/**
 * The most frequent values in bounded memory (Misra and Gries 1982; merged as in Agarwal et al.
 * 2012, "Mergeable summaries"): as long as there are few values, all of them with exact counts.
 */
export interface Frequent {
  /** Where many of them are different, those that come seldom are not kept, within the error. */
  addAll(hashes: Float64Array, values: readonly Scalar[]): void
  /** The same of values that were counted. */
  addCounts(hashes: Float64Array, values: readonly Scalar[], times: readonly number[]): void
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

interface Counted {
  value: Scalar
  count: number
}

export function createFrequent(): Frequent {
  const entries = new Map<number, Counted>()
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

  return {
    addAll(hashes, values) {
      const counts = hashes.length <= capacity ? null : placeCounts(hashes)
      if (counts === null) {
        hashes.forEach((hash, at) => put(hash, values[at] as Scalar, 1))
        return
      }
      const often = hashes.length / capacity
      const counted = countedAt(counts, often, hashes, values)
      for (const [hash, { value, count }] of counted) {
        if (count >= often) put(hash, value, count)
      }
      const times = Uint32Array.from(counted.values(), ({ count }) => count)
      error += Math.max(mostBelow(counts, often), mostBelow(times, often))
    },
    addCounts(hashes, values, times) {
      let often = 0
      if (hashes.length > capacity) {
        often = times.reduce((sum, count) => sum + count, 0) / capacity
        error += mostBelow(times, often)
      }
      for (let at = 0; at < hashes.length; at += 1) {
        const count = times[at] as number
        if (count >= often) put(hashes[at] as number, values[at] as Scalar, count)
      }
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

/**
 * The most that something comes that comes less often. What comes at least once in `capacity` cells is
 * put in; the error grows by this number, which is no more than if each was put in.
 */
function mostBelow(counts: ArrayLike<number>, often: number): number {
  let most = 0
  for (let at = 0; at < counts.length; at += 1) {
    const count = counts[at] as number
    if (count < often && count > most) most = count
  }
  return most
}

/** The values in places that come often, by hash: some only share a place. */
function countedAt(
  counts: Uint32Array,
  often: number,
  hashes: Float64Array,
  values: readonly Scalar[],
): Map<number, Counted> {
  const counted = new Map<number, Counted>()
  for (let at = 0; at < hashes.length; at += 1) {
    const hash = hashes[at] as number
    if ((counts[placeOf(hash)] as number) < often) continue
    const found = counted.get(hash)
    if (found === undefined) counted.set(hash, { value: values[at] as Scalar, count: 1 })
    else found.count += 1
  }
  return counted
}

/** How many values each place has; null when there can't be more different ones than are kept. */
function placeCounts(hashes: Float64Array): Uint32Array | null {
  const counts = new Uint32Array(places)
  let filled = 0
  for (const hash of hashes) {
    const place = placeOf(hash)
    if (counts[place] === 0) filled += 1
    ;(counts[place] as number) += 1
  }
  if (filled > capacity || new Set(hashes).size > capacity) return counts
  return null
}

/** Other bits than the registers of `distinct.ts` go by. */
function placeOf(hash: number): number {
  return (hash >>> 16) % places
}
