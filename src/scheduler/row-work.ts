import type { Clock } from '../util/clock.ts'
import type { OpenGroup } from './open-group.ts'

/** Work of this thread that is ready, first come first served, done in slices of a few ms. */
export interface RowWork {
  /** A row-wise cell. */
  add(group: OpenGroup, local: number, offset: number): void
  /**
   * Calls `step` until it answers false, each time behind the cells that became ready before: so
   * what a step brought about is made before the next one.
   */
  chain(step: () => boolean): void
  /** Works until nothing is ready or `until` has passed. */
  run(until: number): void
  isEmpty(): boolean
}

export interface RowWorkOptions {
  clock: Clock
  make: (group: OpenGroup, local: number, offset: number) => void
}

/** Entries between two looks at the clock. */
const STRIDE = 32

export function createRowWork({ clock, make }: RowWorkOptions): RowWork {
  // One flat queue of (group, local, offset); the head moves and the front is cut off in bulk.
  let entries: (OpenGroup | (() => boolean))[] = []
  let cells: number[] = []
  let head = 0

  function chain(step: () => boolean): void {
    entries.push(step)
    cells.push(0, 0)
  }

  function work(entry: OpenGroup | (() => boolean), local: number, offset: number): void {
    if (typeof entry !== 'function') make(entry, local, offset)
    else if (entry()) chain(entry)
  }

  function cutFront(): void {
    if (head < entries.length) {
      if (head < 4096 || head < entries.length / 2) return
      entries = entries.slice(head)
      cells = cells.slice(2 * head)
    } else {
      entries = []
      cells = []
    }
    head = 0
  }

  return {
    isEmpty: () => head >= entries.length,
    add(group, local, offset) {
      entries.push(group)
      cells.push(local, offset)
    },
    chain,
    run(until) {
      if (head >= entries.length) return
      let done = 0
      while (head < entries.length) {
        const at = head
        head += 1
        work(
          entries[at] as OpenGroup | (() => boolean),
          cells[2 * at] as number,
          cells[2 * at + 1] as number,
        )
        done += 1
        if (done % STRIDE === 0 && clock.now() > until) break
      }
      cutFront()
    },
  }
}
