/** Ready work that waits for a route: oldest group first, then deepest column, then first come. */
export interface Waiting {
  /** Opening number of its group. */
  readonly group: number
  /** Depth of its column: deeper work finishes rows. */
  readonly depth: number
}

interface Entry<Work> {
  work: Work
  order: number
  arrival: number
}

/** Columns deeper than this share a place in the order; groups stay exact up to 2^41. */
const DEEPEST = 4095

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
  shift(): Work | undefined
}

export function createLine<Work extends Waiting>(): Line<Work> {
  const heap: Entry<Work>[] = []
  let arrivals = 0

  function siftUp(entry: Entry<Work>): void {
    let at = heap.length
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = heap[parent] as Entry<Work>
      if (!before(entry, above)) break
      heap[at] = above
      at = parent
    }
    heap[at] = entry
  }

  function removeFirst(): void {
    const last = heap.pop() as Entry<Work>
    if (heap.length === 0) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      const right = child + 1
      if (right < heap.length && before(heap[right] as Entry<Work>, heap[child] as Entry<Work>)) {
        child = right
      }
      if (!before(heap[child] as Entry<Work>, last)) break
      heap[at] = heap[child] as Entry<Work>
      at = child
    }
    heap[at] = last
  }

  return {
    get size() {
      return heap.length
    },
    push(work) {
      siftUp({ work, order: placeOf(work), arrival: arrivals })
      arrivals += 1
    },
    first: () => heap[0]?.order,
    shift() {
      const entry = heap[0]
      if (entry === undefined) return undefined
      removeFirst()
      return entry.work
    },
  }
}

function before<Work>(a: Entry<Work>, b: Entry<Work>): boolean {
  return a.order < b.order || (a.order === b.order && a.arrival < b.arrival)
}
