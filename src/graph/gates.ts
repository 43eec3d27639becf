import { type Draft, type DraftColumn, upstreamOf } from './draft.ts'

/**
 * Lets every column wait for the filters that do not need it, in the order of the filters: nothing
 * is paid for in a row that one of them rejects, but what it reads itself.
 *
 * A column belongs to the first filter that needs it, and waits for those before. What a filter needs
 * belongs to it or to an earlier one, so there is no circle.
 */
export function addGates({ columns }: Draft): void {
  const filters = columns.filter(({ description }) => description?.rejects !== undefined)
  if (filters.length === 0) return
  const stages = new Map<DraftColumn, number>()
  for (const [stage, filter] of filters.entries()) {
    for (const column of neededBy(filter)) {
      if (!stages.has(column)) stages.set(column, stage)
    }
  }
  for (const column of columns) {
    const before = filters.slice(0, stages.get(column) ?? filters.length)
    const read = upstreamOf(column)
    column.gates = before.filter((filter) => filter !== column && !read.has(filter))
  }
}

/** A filter, and all it waits for. */
function neededBy(filter: DraftColumn): Set<DraftColumn> {
  const needed = new Set([filter])
  // What is added while the set is walked is walked, too.
  for (const column of needed) for (const above of upstreamOf(column)) needed.add(above)
  return needed
}
