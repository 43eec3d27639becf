import { corrupt } from './ledger-corrupt.ts'

/** Cells of a part that are null because they failed: rows by code, by column key. */
export type NullCells = ReadonlyMap<number, ReadonlyMap<string, readonly number[]>>

export interface NullCell {
  row: number
  key: number
  code: string
}

export function addNullCells(cells: NullCells, added: readonly NullCell[]): NullCells {
  if (added.length === 0) return cells
  const all = new Map([...cells].map(([key, codes]) => [key, new Map(codes)]))
  for (const { row, key, code } of added) {
    const codes = all.get(key) ?? new Map<string, readonly number[]>()
    all.set(key, codes)
    codes.set(code, [...(codes.get(code) ?? []), row])
  }
  return all
}

/** The rows with such a cell of one of these columns. */
export function nullRows(cells: NullCells, keys: ReadonlySet<number>): Set<number> {
  const rows = new Set<number>()
  for (const [key, codes] of cells) {
    if (!keys.has(key)) continue
    for (const found of codes.values()) for (const row of found) rows.add(row)
  }
  return rows
}

/** The same cells always have the same text. */
export function nullCellsText(cells: NullCells): string {
  const keys = [...cells].sort(([one], [other]) => one - other)
  return JSON.stringify(
    Object.fromEntries(
      keys.map(([key, codes]) => [
        key,
        Object.fromEntries(
          [...codes]
            .sort(([one], [other]) => (one < other ? -1 : 1))
            .map(([code, rows]) => [code, [...rows].sort((one, other) => one - other)]),
        ),
      ]),
    ),
  )
}

export function parseNullCells(value: unknown, field: string): NullCells {
  const cells = new Map<number, Map<string, number[]>>()
  for (const [key, codes] of entriesOf(value, field)) {
    const rowsByCode = new Map<string, number[]>()
    for (const [code, rows] of entriesOf(codes, field)) {
      if (!Array.isArray(rows)) throw corrupt(field, rows, 'lists of rows')
      rowsByCode.set(code, rows.map(Number))
    }
    cells.set(Number(key), rowsByCode)
  }
  return cells
}

function entriesOf(value: unknown, field: string): [string, unknown][] {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return Object.entries(value)
  }
  throw corrupt(field, JSON.stringify(value), 'rows by code, by column key')
}
