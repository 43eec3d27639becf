import type { Graph } from '../graph/graph.ts'
import { cellStatus, statusOf } from '../rows/block.ts'
import type { OpenGroup } from './open-group.ts'
import type { NewestRow } from './scheduler-event.ts'

/** Shows a row that was just made to whoever looks now and then; rows that no one looks at cost nothing. */
export interface RowPeek {
  /** A row has ended; its cells are still loaded. */
  ended(group: OpenGroup, offset: number): void
  /** The first row made since the last look, or an earlier one. */
  look(): NewestRow | null
}

export function createRowPeek({ columns }: Pick<Graph, 'columns'>): RowPeek {
  const shown = columns.filter(
    ({ producer, filter, drop }) => producer === null && filter === null && !drop,
  )
  let isAwaited = false
  let newest: NewestRow | null = null

  function rowOf({ block }: OpenGroup, offset: number): NewestRow {
    const cells = shown.flatMap(({ id, name }) => {
      const value = block.cells[id]?.[offset]
      const isThere = statusOf(block, id, offset) !== cellStatus.pending
      return isThere && value !== undefined && value !== null ? [{ column: name, value }] : []
    })
    return { row: block.rowAt(offset), cells }
  }

  return {
    ended(group, offset) {
      if (!isAwaited || !group.isDecided(offset)) return
      isAwaited = false
      newest = rowOf(group, offset)
    },
    look() {
      isAwaited = true
      return newest
    },
  }
}
