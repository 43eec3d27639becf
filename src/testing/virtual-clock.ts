import type { Clock, Timer } from '../util/clock.ts'

/** Time that stands still until it is moved. */
export interface VirtualClock extends Clock {
  /** Timers that have not fired and were not cancelled, plus waiting `soon` callbacks. */
  readonly pending: number
  /**
   * Moves time forward by `ms`, firing what falls due on the way, also what is added meanwhile.
   *
   * Timers fire in the order of their time, then of their making. Before time moves and after every
   * callback, promises settle and `soon` callbacks run until there are none: a turn of the real
   * event loop is waited for each time, which drains all microtasks however long their chain is.
   * Real input and output is not waited for.
   */
  advance(ms: number): Promise<void>
  /** Moves time to the next timer until none is left; fails after `maxMs` of virtual time. */
  runUntilIdle(options?: { maxMs?: number }): Promise<void>
}

/** Options of `createVirtualClock`. */
export interface VirtualClockOptions {
  /** `wallTime()` at the start. */
  wallTime?: number
}

interface Entry {
  at: number
  order: number
  callback: (() => void) | null
}

/** A clock for tests: ten thousand seconds of waiting take as long as the work between them. */
export function createVirtualClock({
  wallTime = Date.UTC(2026, 0, 1),
}: VirtualClockOptions = {}): VirtualClock {
  let now = 0
  let order = 0
  let alive = 0
  const heap: Entry[] = []
  let soon: (() => void)[] = []

  async function settle(): Promise<void> {
    for (;;) {
      await turn()
      if (soon.length === 0) return
      const due = soon
      soon = []
      for (const callback of due) callback()
    }
  }

  /** The next timer, omitting cancelled ones. */
  function next(): Entry | undefined {
    while (heap[0]?.callback === null) pop(heap)
    return heap[0]
  }

  async function fire(entry: Entry): Promise<void> {
    pop(heap)
    alive--
    now = Math.max(now, entry.at)
    const { callback } = entry
    entry.callback = null
    callback?.()
    await settle()
  }

  return {
    now: () => now,
    wallTime: () => wallTime + now,
    after(delayMs, callback): Timer {
      const entry: Entry = { at: now + Math.max(0, delayMs), order: order++, callback }
      push(heap, entry)
      alive++
      return {
        cancel() {
          if (entry.callback === null) return
          entry.callback = null
          alive--
        },
      }
    },
    soon(callback) {
      soon.push(callback)
    },
    get pending() {
      return alive + soon.length
    },
    async advance(ms) {
      const end = now + ms
      await settle()
      for (let entry = next(); entry !== undefined && entry.at <= end; entry = next()) {
        await fire(entry)
      }
      now = Math.max(now, end)
    },
    async runUntilIdle({ maxMs = Number.POSITIVE_INFINITY } = {}) {
      const end = now + maxMs
      await settle()
      for (let entry = next(); entry !== undefined; entry = next()) {
        if (entry.at > end) {
          throw new Error(
            `not idle after ${maxMs} ms of virtual time: ${alive} timers wait, the next at ${entry.at} ms`,
          )
        }
        await fire(entry)
      }
    },
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

function before(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}

function push(heap: Entry[], entry: Entry): void {
  let at = heap.push(entry) - 1
  while (at > 0) {
    const above = (at - 1) >> 1
    const parent = heap[above]
    if (parent === undefined || before(parent, entry)) break
    heap[at] = parent
    at = above
  }
  heap[at] = entry
}

function pop(heap: Entry[]): void {
  const last = heap.pop()
  if (last === undefined || heap.length === 0) return
  let at = 0
  for (;;) {
    let below = 2 * at + 1
    let child = heap[below]
    if (child === undefined) break
    const right = heap[below + 1]
    if (right !== undefined && before(right, child)) {
      child = right
      below++
    }
    if (!before(child, last)) break
    heap[at] = child
    at = below
  }
  heap[at] = last
}
