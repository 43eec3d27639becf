import { cellsOfRun } from '../store/cells-of-run.ts'
import { readStoredRun } from '../store/inspect-store.ts'
import type { RunStore } from '../store/run-store.ts'

/** Cells that a new run has from another one. */
export interface ReusedCells {
  cells: number
  /** Of which rows each column has them, by its name. */
  known: ReadonlyMap<string, ReadonlySet<number>>
  /** Ids of columns that lack some. */
  lacking: ReadonlySet<number>
}

/** Takes the cells of another run with the same rows for columns that are made from the same. */
export async function reuseCells(store: RunStore, directory: string): Promise<ReusedCells> {
  const { columns, rows, seed } = store.settings
  const found = columns.map(() => new Set<number>())
  // Of another run seed, rows have other values.
  if (readStoredRun(directory).settings.seed === seed) {
    for await (const cell of cellsOfRun(directory, columns, rows)) {
      const there = found[cell.column]
      if (there === undefined || there.has(cell.row)) continue
      there.add(cell.row)
      store.journal.cell(cell)
    }
    await store.flush()
  }
  return {
    cells: found.reduce((sum, { size }) => sum + size, 0),
    known: new Map(columns.map(({ name }, id) => [name, found[id] ?? new Set()])),
    lacking: new Set(found.keys().filter((id) => (found[id]?.size ?? 0) < rows)),
  }
}
