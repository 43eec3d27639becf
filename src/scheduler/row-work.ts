import type { Clock } from '../util/clock.ts'
import type { OpenGroup } from './open-group.ts'

/** Ready row-wise cells, first come first served, made in slices of a few ms. */
export interface RowWork {
  add(group: OpenGroup, local: number, offset: number): void
  /** Makes cells until none is ready or the slice is over; answers whether some are left. */
  run(): boolean
  readonly empty: boolean
}

export interface RowWorkOptions {
  clock: Clock
  make: (group: OpenGroup, local: number, offset: number) => void
  sliceMs?: number
}

/** Cells between two looks at the clock. */
const STRIDE = 32

export function createRowWork({ clock, make, sliceMs = 4 }: RowWorkOptions): RowWork {
  // One flat queue of (group, local, offset); the head moves and the front is cut off in bulk.
  let groups: OpenGroup[] = []
  let cells: number[] = []
  let head = 0

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
    add(group, local, offset) {
      groups.push(group)
      cells.push(local, offset)
    },
    run() {
      const end = clock.now() + sliceMs
      let made = 0
      while (head < groups.length) {
        const at = head
        head += 1
        make(groups[at] as OpenGroup, cells[2 * at] as number, cells[2 * at + 1] as number)
        made += 1
        if (made % STRIDE === 0 && clock.now() > end) break
      }
      cutFront()
      return head < groups.length
    },
  }
}
