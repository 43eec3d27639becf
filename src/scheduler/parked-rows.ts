import type { OpenGroup } from './open-group.ts'

/** Rows with a cell whose answer comes another time: each leaves once nothing else of it can be made now. */
export interface ParkedRows {
  /** A cell of the row waits for such an answer. */
  park(group: OpenGroup, offset: number): void
  /** A cell of a row is not in a line, in flight or in a task any more. */
  released(group: OpenGroup, offset: number): void
  /** To be called when all that is ready was begun. Answers whether a row left. */
  leave(): boolean
  /** Rows that have left. */
  readonly rows: number
}

export function createParkedRows(): ParkedRows {
  const parked = new Map<OpenGroup, Set<number>>()
  /** Those of which something changed since they were looked at. */
  const changed: { group: OpenGroup; offset: number }[] = []
  let rows = 0

  function forget(group: OpenGroup, offset: number): void {
    const offsets = parked.get(group)
    offsets?.delete(offset)
    if (offsets?.size === 0) parked.delete(group)
  }

  return {
    park(group, offset) {
      const offsets = parked.get(group)
      if (offsets === undefined) parked.set(group, new Set([offset]))
      else offsets.add(offset)
    },
    released(group, offset) {
      if (parked.get(group)?.has(offset) === true) changed.push({ group, offset })
    },
    leave() {
      if (changed.length === 0) return false
      const before = rows
      for (const { group, offset } of changed.splice(0)) {
        if (!group.isOpen(offset)) forget(group, offset)
        else if (!group.isHeld(offset) && parked.get(group)?.has(offset) === true) {
          forget(group, offset)
          rows += 1
          group.leave(offset)
        }
      }
      return rows > before
    },
    get rows() {
      return rows
    },
  }
}
