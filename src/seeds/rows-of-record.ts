import type { Value } from '../util/value.ts'
import type { SeedColumn, SeedRow } from './define.ts'
import type { SeedOrder } from './seed-order.ts'

/*
 * With n rows per record, row r of the run has the seed rows that rows n·r to n·r + n − 1 would have
 * otherwise, and a column has the list of their values.
 */

/** The columns of a seed as the run's rows have them. */
export function columnsOfRecords(
  columns: readonly SeedColumn[],
  rowsPerRecord: number,
): readonly SeedColumn[] {
  return rowsPerRecord === 1 ? columns : columns.map(({ name }) => ({ name, type: 'json' }))
}

/** The stored seed rows of a row of the run. */
export function rowsOfRecord(order: SeedOrder, row: number, rowsPerRecord: number): number[] {
  return Array.from({ length: rowsPerRecord }, (_, at) => order(row * rowsPerRecord + at))
}

/** The values of a row of the run, of those of its seed rows. */
export function joinRows(rows: readonly SeedRow[]): SeedRow {
  const [first = []] = rows
  if (rows.length === 1) return first
  return first.map((_, column): Value => rows.map((row) => row[column] ?? null))
}
