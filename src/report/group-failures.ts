import { noUsage, type Usage } from '../graph/request.ts'
import type { FailedCell } from '../store/failed-cells.ts'
import { addToUsage } from '../store/ledger-usage.ts'

/** Failed cells of one column with one code. */
export interface FailureGroup {
  column: string
  code: string
  cells: number
  /** Of the cells, those whose rows have no record. */
  dropped: number
  /** Of the cells, those whose rows are kept with a null. */
  nulls: number
  /** Of the cells, those for which the run stopped; their rows remain. */
  stopped: number
  /** Of the cells whose attempts and cost are known. */
  attempts: number
  usage: Usage
  /** The first of them. */
  example: FailedCell
}

/** Sums failed cells up by column and code, the most frequent first. */
export function groupFailures(cells: Iterable<FailedCell>): FailureGroup[] {
  const groups = new Map<string, FailureGroup>()
  for (const cell of cells) {
    const { column, code } = cell
    const key = JSON.stringify([column, code])
    let group = groups.get(key)
    if (group === undefined) {
      group = {
        column,
        code,
        cells: 0,
        dropped: 0,
        nulls: 0,
        stopped: 0,
        attempts: 0,
        usage: { ...noUsage },
        example: cell,
      }
      groups.set(key, group)
    }
    group.cells += 1
    if (cell.outcome === 'dropped') group.dropped += 1
    else if (cell.outcome === 'null') group.nulls += 1
    else group.stopped += 1
    group.attempts += cell.attempts ?? 0
    if (cell.usage !== null) addToUsage(group.usage, cell.usage)
  }
  return [...groups.values()].toSorted((one, other) => other.cells - one.cells)
}
