/** Ready work that waits for a route: oldest group first, then deepest column, then first come. */
export interface Waiting {
  /** Opening number of its group. */
  readonly group: number
  /** Depth of its column: deeper work finishes rows. */
  readonly depth: number
  /** Tokens its request is expected to use; asked when it comes first, where tokens are limited. */
  tokens?(): number
  /** Position of the route's choice to avoid while another is available; -1 for none. */
  readonly avoids?: number
  /** A hash of what it has in common with other work; 0 or omitted for nothing. */
  readonly prefix?: number
}

/** Works of one place, first come first served. */
interface Bucket<Work> {
  readonly place: number
  readonly works: (Work | undefined)[]
  head: number
}

/** Columns deeper than this share a place in the order; groups stay exact up to 2^41. */
const DEEPEST = 4095

/** The taken works at a bucket's start are removed once they are so many, and at least as many as the rest. */
const MOST_TAKEN = 1_024

/** The place of work in every line: lower goes first. */
export function placeOf({ group, depth }: Waiting): number {
  return group * (DEEPEST + 1) + (DEEPEST - Math.min(depth, DEEPEST))
}

/** A priority queue of waiting work. */
export interface Line<Work extends Waiting> {
  readonly size: number
  push(work: Work): void
  /** The place of the first work, or undefined when nothing waits. */
  first(): number | undefined
  /** The first work, left where it is. */
  peek(): Work | undefined
  shift(): Work | undefined
}

/**
 * A heap of places, each with a queue of works: thousands of rows wait at few places, so most works
 * come and go without a comparison.
 */
export function createLine<Work extends Waiting>(): Line<Work> {
  const heap: Bucket<Work>[] = []
  const byPlace = new Map<number, Bucket<Work>>()
  let latest: Bucket<Work> | null = null
  let size = 0

  function bucketAt(place: number): Bucket<Work> {
    if (latest?.place === place) return latest
    let bucket = byPlace.get(place)
    if (bucket === undefined) {
      bucket = { place, works: [], head: 0 }
      byPlace.set(place, bucket)
      siftUp(heap, bucket)
    }
    latest = bucket
    return bucket
  }

  return {
    get size() {
      return size
    },
    push(work) {
      bucketAt(placeOf(work)).works.push(work)
      size += 1
    },
    first: () => heap[0]?.place,
    peek() {
      const bucket = heap[0]
      return bucket?.works[bucket.head]
    },
    shift() {
      const bucket = heap[0]
      if (bucket === undefined) return undefined
      const { works, head } = bucket
      const work = works[head]
      // Not kept alive by the queue while later ones wait.
      works[head] = undefined
      bucket.head += 1
      size -= 1
      if (bucket.head === works.length) {
        byPlace.delete(bucket.place)
        if (latest === bucket) latest = null
        removeFirst(heap)
      } else if (bucket.head >= MOST_TAKEN && bucket.head * 2 >= works.length) {
        // A bucket that is never empty would keep a slot for all that ever waited in it.
        works.splice(0, bucket.head)
        bucket.head = 0
      }
      return work
    },
  }
}

function siftUp<Work>(heap: Bucket<Work>[], bucket: Bucket<Work>): void {
  let at = heap.length
  while (at > 0) {
    const parent = (at - 1) >> 1
    const above = heap[parent] as Bucket<Work>
    if (above.place < bucket.place) break
    heap[at] = above
    at = parent
  }
  heap[at] = bucket
}

function removeFirst<Work>(heap: Bucket<Work>[]): void {
  const last = heap.pop() as Bucket<Work>
  if (heap.length === 0) return
  let at = 0
  for (;;) {
    let child = 2 * at + 1
    if (child >= heap.length) break
    const right = child + 1
    if (
      right < heap.length &&
      (heap[right] as Bucket<Work>).place < (heap[child] as Bucket<Work>).place
    ) {
      child = right
    }
    if ((heap[child] as Bucket<Work>).place >= last.place) break
    heap[at] = heap[child] as Bucket<Work>
    at = child
  }
  heap[at] = last
}
