import type { Graph } from '../graph/graph.ts'
import type { AbsentOutcome } from '../rows/row-outcome.ts'
import type { ColumnProgress } from './scheduler-event.ts'
import type { WorkColumn, WorkGraph } from './work-graph.ts'

/** How many rows and cells ended how since the run was opened. */
export interface OutcomeCounts {
  readonly decidedRows: number
  /** Of the decided ones. */
  readonly lostRows: Readonly<Record<AbsentOutcome, number>>
  rowDecided(loss: AbsentOutcome | null): void
  /** Rows that were decided were found to have no record. */
  rowsLost(outcome: AbsentOutcome, rows: number): void
  /** Cells of a column, by its local number, that the run folder had. */
  cellsKnown(local: number, cells: number): void
  cellEnded(local: number, outcome: 'ok' | 'skipped' | 'failed'): void
  /** No one makes the cell: its row is lost. One that is in flight may come back nevertheless. */
  cellUnneeded(local: number): void
  /** It did come back. */
  cellCameBack(local: number): void
  columns(): ColumnProgress[]
}

/** Of a column. */
type CellCounts = Pick<ColumnProgress, 'known' | 'made' | 'skipped' | 'failed' | 'unneeded'>

export function createOutcomeCounts(graph: Graph, work: WorkGraph): OutcomeCounts {
  const cells = graph.columns.map((): CellCounts => ({
    known: 0,
    made: 0,
    skipped: 0,
    failed: 0,
    unneeded: 0,
  }))
  let decidedRows = 0
  const lostRows: Record<AbsentOutcome, number> = { dropped: 0, rejected: 0 }

  function cellsOf(local: number): CellCounts {
    return cells[(work.columns[local] as WorkColumn).column.id] as CellCounts
  }

  return {
    get decidedRows() {
      return decidedRows
    },
    lostRows,
    rowDecided(loss) {
      decidedRows += 1
      if (loss !== null) lostRows[loss] += 1
    },
    rowsLost(outcome, rows) {
      lostRows[outcome] += rows
    },
    cellsKnown(local, known) {
      cellsOf(local).known += known
    },
    cellEnded(local, outcome) {
      const count = cellsOf(local)
      if (outcome === 'ok') count.made += 1
      else if (outcome === 'skipped') count.skipped += 1
      else count.failed += 1
    },
    cellUnneeded(local) {
      cellsOf(local).unneeded += 1
    },
    cellCameBack(local) {
      cellsOf(local).unneeded -= 1
    },
    columns: () =>
      graph.columns
        .filter(({ producer, filter }) => producer === null && filter === null)
        .map(({ id, name, routes }) => ({
          name,
          scheduled: (work.localOf[id] as number) >= 0,
          routes: routes.map((route) => route.name),
          ...(cells[id] as CellCounts),
        })),
  }
}
