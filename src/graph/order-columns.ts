import { type DraftColumn, upstreamOf } from './draft.ts'

/**
 * The columns so that upstream comes first; what could come next comes in the config's order.
 *
 * There must be no cycle.
 */
export function orderColumns(columns: readonly DraftColumn[]): DraftColumn[] {
  const positions = new Map(columns.map((column, position) => [column, position]))
  const waiting = new Map<DraftColumn, number>()
  const dependants = new Map<DraftColumn, DraftColumn[]>(columns.map((column) => [column, []]))
  for (const column of columns) {
    const upstream = upstreamOf(column).union(new Set(column.gates))
    waiting.set(column, upstream.size)
    for (const to of upstream) dependants.get(to)?.push(column)
  }
  const ready = new ReadyList(columns.filter((column) => waiting.get(column) === 0).map(positionOf))

  function positionOf(column: DraftColumn): number {
    return positions.get(column) ?? -1
  }

  const ordered: DraftColumn[] = []
  for (let position = ready.take(); position !== undefined; position = ready.take()) {
    const column = columns[position]
    if (column === undefined) break
    ordered.push(column)
    for (const dependant of dependants.get(column) ?? []) {
      const count = (waiting.get(dependant) ?? 0) - 1
      waiting.set(dependant, count)
      if (count === 0) ready.add(positionOf(dependant))
    }
  }
  if (ordered.length !== columns.length) throw new Error('columns in a cycle have no order')
  return ordered
}

/** Positions, smallest first. */
class ReadyList {
  /** Descending: the smallest is taken from the end. */
  readonly #positions: number[]

  constructor(positions: readonly number[]) {
    this.#positions = positions.toSorted((a, b) => b - a)
  }

  take(): number | undefined {
    return this.#positions.pop()
  }

  add(position: number): void {
    let low = 0
    let high = this.#positions.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#positions[middle] ?? -1) > position) low = middle + 1
      else high = middle
    }
    this.#positions.splice(low, 0, position)
  }
}
