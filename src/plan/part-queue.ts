import { RowsmithError } from '../util/errors.ts'
import type { Group } from './group.ts'
import type { GroupSource } from './group-source.ts'
import { type GroupCursor, type GroupOptions, groupsOf, type Plan } from './plan.ts'

/** Groups of parts that arrive while the run works: from a coordinator, a queue, an earlier stage. */
export interface PartQueue extends GroupSource {
  /**
   * Adds the remaining rows of a part. Throws 'group-unknown' for a part in which no row of the plan
   * remains, one that was added before, and any part after `end`.
   */
  add(part: number): void
  /** No part will come any more. */
  end(): void
}

export function createPartQueue(
  plan: Plan,
  { wholeFrames = false }: Pick<GroupOptions, 'wholeFrames'> = {},
): PartQueue {
  const { partRows, decided, target } = plan
  const added = new Set<number>()
  const waiting: number[] = []
  const callbacks: (() => void)[] = []
  let current: { part: number; cursor: GroupCursor } | null = null
  let next: Group | null = null
  let rows = 0
  let ended = false

  function remainingIn(part: number): number {
    if (!Number.isSafeInteger(part) || part < 0 || part * partRows >= target) return 0
    const start = part * partRows
    const end = Math.min(start + partRows, target)
    return end - start - decided.intersect(start, end).count
  }

  function peek(): Group | null {
    while (next === null) {
      if (current === null) {
        const part = waiting.shift()
        if (part === undefined) return null
        current = { part, cursor: groupsOf(plan, { from: part * partRows, wholeFrames }) }
      }
      const group = current.cursor.next()
      if (group?.part === current.part) next = group
      else current = null
    }
    return next
  }

  function refuse(part: number, why: string): never {
    throw new RowsmithError('group-unknown', `part ${part} can't be added to the run: ${why}`)
  }

  return {
    add(part) {
      const count = remainingIn(part)
      if (count === 0) {
        refuse(part, `expected a part with rows that remain below row ${target}, and none does`)
      }
      if (added.has(part)) refuse(part, 'it was added before')
      if (ended) refuse(part, 'the queue has ended')
      added.add(part)
      waiting.push(part)
      rows += count
      for (const callback of callbacks) callback()
    },
    end() {
      ended = true
      for (const callback of callbacks) callback()
    },
    peek,
    take() {
      const group = peek()
      if (group === null) throw new RangeError('no group is left to take')
      next = null
      return group
    },
    get exhausted() {
      return ended && peek() === null
    },
    onMore: (callback) => void callbacks.push(callback),
    get rows() {
      return rows
    },
    // A part is added whole, so what follows of a frame follows at once.
    moreOf: (frame) => peek()?.frame === frame,
  }
}
