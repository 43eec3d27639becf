/**
 * How long answers took, counted in classes whose upper bounds grow by 9 %: any percentile within that, in a
 * few dozen numbers that can be added up.
 */

/** Classes by their number, with how many answers each has. */
export type LatencyCounts = Readonly<Record<string, number>>

const CLASSES_PER_OCTAVE = 8

/** The class of a time in ms. */
export function latencyClass(ms: number): number {
  return Math.ceil(CLASSES_PER_OCTAVE * Math.log2(Math.max(1, ms)))
}

/** The longest time of a class. */
function msOf(latency: number): number {
  return 2 ** (latency / CLASSES_PER_OCTAVE)
}

export function addLatencies(one: LatencyCounts, other: LatencyCounts): LatencyCounts {
  const sum: Record<string, number> = { ...one }
  for (const [latency, count] of Object.entries(other)) sum[latency] = (sum[latency] ?? 0) + count
  return sum
}

/** The time that such a share did not exceed, in ms; null while nothing was counted. */
export function latencyQuantile(counts: LatencyCounts, share: number): number | null {
  const classes = Object.entries(counts)
    .map(([latency, count]) => ({ latency: Number(latency), count }))
    .toSorted((one, other) => one.latency - other.latency)
  const total = classes.reduce((sum, { count }) => sum + count, 0)
  let seen = 0
  for (const { latency, count } of classes) {
    seen += count
    if (seen >= share * total) return msOf(latency)
  }
  return null
}

/** The latest of them: earlier ones count for less and less. */
export interface RecentLatencies {
  readonly count: number
  add(ms: number): void
  quantile(share: number): number | null
}

/** After so many, all that were counted count for half. */
const MOST_RECENT = 2_000

export function createRecentLatencies(): RecentLatencies {
  let counts: Record<string, number> = {}
  let count = 0
  return {
    get count() {
      return count
    },
    add(ms) {
      const latency = latencyClass(ms)
      counts[latency] = (counts[latency] ?? 0) + 1
      count += 1
      if (count < MOST_RECENT) return
      counts = Object.fromEntries(Object.entries(counts).map(([key, some]) => [key, some / 2]))
      count /= 2
    },
    quantile: (share) => latencyQuantile(counts, share),
  }
}
