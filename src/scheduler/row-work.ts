import type { Clock } from '../util/clock.ts'
import type { OpenGroup } from './open-group.ts'

/** Work of this thread that is ready, first come first served, done in slices of a few ms. */
export interface RowWork {
  /** A row-wise cell. */
  add(group: OpenGroup, local: number, offset: number): void
  /** The first cells of every row of a group just opened. */
  announce(group: OpenGroup): void
  /** Works until nothing is ready or `until` has passed. */
  run(until: number): void
  readonly empty: boolean
}

export interface RowWorkOptions {
  clock: Clock
  make: (group: OpenGroup, local: number, offset: number) => void
}

/** Entries between two looks at the clock. */
const STRIDE = 32
/** In the place of a column: the entry announces the row, then the one after it. */
const ANNOUNCE = -1

export function createRowWork({ clock, make }: RowWorkOptions): RowWork {
  // One flat queue of (group, local, offset); the head moves and the front is cut off in bulk.
  let groups: OpenGroup[] = []
  let cells: number[] = []
  let head = 0

  function add(group: OpenGroup, local: number, offset: number): void {
    groups.push(group)
    cells.push(local, offset)
  }

  function work(group: OpenGroup, local: number, offset: number): void {
    if (local !== ANNOUNCE) return make(group, local, offset)
    group.announce(offset)
    if (offset + 1 < group.group.size) add(group, ANNOUNCE, offset + 1)
  }

  function cutFront(): void {
    if (head < groups.length) {
      if (head < 4096 || head < groups.length / 2) return
      groups = groups.slice(head)
      cells = cells.slice(2 * head)
    } else {
      groups = []
      cells = []
    }
    head = 0
  }

  return {
    get empty() {
      return head >= groups.length
    },
    add,
    announce: (group) => add(group, ANNOUNCE, 0),
    run(until) {
      if (head >= groups.length) return
      let done = 0
      while (head < groups.length) {
        const at = head
        head += 1
        work(groups[at] as OpenGroup, cells[2 * at] as number, cells[2 * at + 1] as number)
        done += 1
        if (done % STRIDE === 0 && clock.now() > until) break
      }
      cutFront()
    },
  }
}
