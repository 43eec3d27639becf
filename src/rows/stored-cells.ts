import type { ColumnType } from '../graph/column-type.ts'
import type { Graph } from '../graph/graph.ts'
import { type StoredValue, toStored } from '../graph/stored-value.ts'
import type { Cell } from '../util/value.ts'
import type { StoredBlock } from './stored-rows.ts'

/** The values of a column of some rows in their stored form: as the ledger has them, and made ones. */
export function storedColumn(
  type: ColumnType,
  known: readonly (StoredValue | undefined)[] | undefined,
  cells: readonly Cell[] | undefined,
  offsets: readonly number[],
): StoredValue[] {
  const values: StoredValue[] = []
  if (known === undefined) {
    for (const offset of offsets) values.push(toStored(type, cells?.[offset] ?? null))
  } else {
    for (const offset of offsets)
      values.push(known[offset] ?? toStored(type, cells?.[offset] ?? null))
  }
  return values
}

/** Puts the cells of a block of the ledger where the rows of a window have them. */
export function storedCells(
  graph: Graph,
  rows: Float64Array,
  known: StoredBlock,
): ((StoredValue | undefined)[] | undefined)[] {
  const stored: ((StoredValue | undefined)[] | undefined)[] = graph.columns.map(() => undefined)
  const last = rows.at(-1) as number
  let at = firstAtOrAbove(known.rows, rows[0] as number)
  let offset = 0
  for (; at < known.rows.length && (known.rows[at] as number) <= last; at += 1) {
    const row = known.rows[at] as number
    while ((rows[offset] as number) < row) offset += 1
    if (rows[offset] !== row) continue
    const column = known.columns[at] as number
    const cells = (stored[column] ??= Array.from<StoredValue | undefined>({ length: rows.length }))
    cells[offset] = known.values[at] as StoredValue
  }
  return stored
}

function firstAtOrAbove(rows: Float64Array, row: number): number {
  let low = 0
  let high = rows.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((rows[middle] as number) < row) low = middle + 1
    else high = middle
  }
  return low
}
