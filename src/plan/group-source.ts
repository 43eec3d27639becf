import type { Group } from './group.ts'
import { type GroupOptions, groupsOf, type Plan } from './plan.ts'

/** Where the next group comes from: a plan, or something that is still growing. */
export interface GroupSource {
  /** The next group, left where it is; null when there is none now. */
  peek(): Group | null
  /** Removes the group that `peek` shows; throws when there is none. */
  take(): Group
  /** No group will come any more. Until then a null of `peek` means: not yet. */
  readonly exhausted: boolean
  /** Rows of all groups known so far, taken or not: the run is complete when all have an outcome. */
  readonly rows: number
  /** Whether a group of this frame may still come: whole-column work waits for it. */
  moreOf(frame: number): boolean
  /** Calls back whenever `peek` or `exhausted` may answer something else without a `take`. */
  onMore(callback: () => void): void
}

/** The groups of a plan: all of them are there from the start. */
export function planSource(
  plan: Plan,
  { wholeFrames = false }: Pick<GroupOptions, 'wholeFrames'> = {},
): GroupSource {
  const cursor = groupsOf(plan, { wholeFrames })
  let next: Group | null = null
  let exhausted = false

  function peek(): Group | null {
    if (next === null && !exhausted) {
      next = cursor.next()
      exhausted = next === null
    }
    return next
  }

  return {
    peek,
    take() {
      const group = peek()
      if (group === null) throw new RangeError('no group is left to take')
      next = null
      return group
    },
    get exhausted() {
      return peek() === null
    },
    rows: plan.remaining,
    moreOf: (frame) => peek()?.frame === frame,
    onMore: () => undefined,
  }
}
