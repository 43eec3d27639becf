import type { Value } from '../util/value.ts'
import { fillNull } from './evaluate.ts'
import { setCell, cellStatus } from './block.ts'
import type { Frames } from './frames.ts'
import type { JournaledCell, JournaledExchange, JournaledFailure } from './journal.ts'
import type { OpenGroup } from './open-group.ts'
import type { WorkColumn, WorkGraph } from './work-graph.ts'

/** What the ledger holds of rows without an outcome. */
export interface KnownCells {
  /** Values by column id and row. */
  readonly cells: readonly (ReadonlyMap<number, Value> | undefined)[]
  readonly failures: readonly JournaledFailure[]
  readonly failuresOfRow: ReadonlyMap<number, readonly JournaledFailure[]>
  readonly exchangesOfRow: ReadonlyMap<number, readonly JournaledExchange[]>
}

export function indexKnownCells(
  columns: number,
  cells: readonly JournaledCell[],
  failures: readonly JournaledFailure[],
  exchanges: readonly JournaledExchange[] = [],
): KnownCells {
  const byColumn: (Map<number, Value> | undefined)[] = Array.from({ length: columns })
  for (const { column, row, value } of cells) {
    ;(byColumn[column] ??= new Map<number, Value>()).set(row, value)
  }
  return {
    cells: byColumn,
    failures,
    failuresOfRow: byRow(failures),
    exchangesOfRow: byRow(exchanges),
  }
}

function byRow<One extends { row: number }>(all: readonly One[]): Map<number, One[]> {
  const rows = new Map<number, One[]>()
  for (const one of all) {
    const ofRow = rows.get(one.row)
    if (ofRow === undefined) rows.set(one.row, [one])
    else ofRow.push(one)
  }
  return rows
}

interface KnownCellsContext {
  work: WorkGraph
  frames: Frames
  /** Told how many cells of a column were known. */
  counted: (local: number, cells: number) => void
}

/**
 * Fills a group with what was paid for before; rows that need nothing more are decided at once.
 *
 * Deepest columns first: a finished cell announces its dependants, and a known dependant must be
 * finished before that.
 */
export function fillKnown(
  group: OpenGroup,
  { cells, failuresOfRow }: KnownCells,
  { work, frames, counted }: KnownCellsContext,
): void {
  const nulls = new Map<number, number[]>()
  for (let offset = 0; failuresOfRow.size > 0 && offset < group.group.size; offset += 1) {
    for (const { column, outcome } of failuresOfRow.get(group.block.rowAt(offset)) ?? []) {
      if (outcome === 'null') {
        const offsets = nulls.get(column)
        if (offsets === undefined) nulls.set(column, [offset])
        else offsets.push(offset)
      } else {
        group.drop(offset)
      }
    }
  }
  for (const workColumn of work.columns.toReversed()) {
    const { column, local } = workColumn
    const nullCells = nulls.get(column.id) ?? []
    for (const offset of nullCells) {
      fillNull(column, group.block, offset)
      finishKnown(group, local, offset, frames)
    }
    const filled = workColumn.journaled ? fillColumn(group, workColumn, cells, frames) : 0
    counted(local, nullCells.length + filled)
  }
}

function fillColumn(
  group: OpenGroup,
  { column, local }: WorkColumn,
  cells: KnownCells['cells'],
  frames: Frames,
): number {
  const values = cells[column.id]
  if (values === undefined) return 0
  let filled = 0
  for (let offset = 0; offset < group.group.size; offset += 1) {
    const row = group.block.rowAt(offset)
    const value = values.get(row)
    if (value === undefined || !group.isOpen(offset)) continue
    setCell(group.block, column.id, offset, value, cellStatus.done)
    for (const side of column.sides) {
      setCell(group.block, side, offset, cells[side]?.get(row) ?? null, cellStatus.done)
    }
    finishKnown(group, local, offset, frames)
    filled += 1
  }
  return filled
}

function finishKnown(group: OpenGroup, local: number, offset: number, frames: Frames): void {
  frames.leave(local, { group, offset })
  group.finish(local, offset)
}
