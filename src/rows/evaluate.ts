import { coerce } from '../graph/coerce.ts'
import { CellFailure } from '../graph/failure.ts'
import { columnText } from '../graph/filter-name.ts'
import type { Graph, GraphColumn } from '../graph/graph.ts'
import type { CellResult, RowGenerator } from '../graph/kind.ts'
import { failureAt } from '../graph/plugin-failure.ts'
import type { Scope } from '../templates/template.ts'
import { isTruthy } from '../templates/parse-template.ts'
import type { Cell } from '../util/value.ts'
import { type Block, BlockRow, cellStatus, setCell, statusOf } from './block.ts'

/** Skip decisions and row-wise cells: pure, so the same whenever and wherever they are made. */
export interface Evaluator {
  /** Whether a cell is skipped, decided once its upstream is done; fills it when it is. */
  skip(column: GraphColumn, block: Block, offset: number): boolean
  /** Makes a row-wise cell, or answers why it can't be made. */
  row(column: GraphColumn, generator: RowGenerator, row: BlockRow): CellFailure | null
}

export interface EvaluatorOptions {
  graph: Graph
  /** A skip condition that could not be evaluated: the cell is skipped, as in NeMo Data Designer. */
  onConditionError: (column: GraphColumn, row: number, error: unknown) => void
}

export function createEvaluator({ graph, onConditionError }: EvaluatorOptions): Evaluator {
  const conditionScopes = graph.columns.map(conditionScope)
  const canBeSkipped = skippable(graph)

  function conditionScope({
    skip,
  }: GraphColumn): { scope: Scope; at: { row: BlockRow | null } } | null {
    if (skip === null) return null
    const at: { row: BlockRow | null } = { row: null }
    const scope: Scope = {
      get(name) {
        const id = graph.byName.get(name)
        return id === undefined ? undefined : at.row?.get(id)
      },
    }
    return { scope, at }
  }

  function conditionHolds(column: GraphColumn, block: Block, offset: number): boolean {
    const condition = conditionScopes[column.id]
    if (column.skip === null || condition === null || condition === undefined) return false
    condition.at.row = new BlockRow(block, offset)
    try {
      return isTruthy(column.skip.when.evaluate(condition.scope))
    } catch (error) {
      onConditionError(column, block.rowAt(offset), error)
      return true
    }
  }

  function upstreamSkipped(column: GraphColumn, block: Block, offset: number): boolean {
    return (
      column.propagateSkip &&
      column.required.some((id) => statusOf(block, id, offset) === cellStatus.skipped)
    )
  }

  return {
    skip(column, block, offset) {
      if (!canBeSkipped[column.id]) return false
      if (!upstreamSkipped(column, block, offset) && !conditionHolds(column, block, offset)) {
        return false
      }
      const value = column.skip === null ? null : coerce(column.skip.value, column.type)
      setCell(block, column.id, offset, value, cellStatus.skipped)
      for (const side of column.sides) setCell(block, side, offset, null, cellStatus.skipped)
      return true
    },
    row(column, generator, row) {
      try {
        const value = coerce(generator.generate(row), column.type)
        setCell(row.block, column.id, row.offset, value, cellStatus.done)
        return null
      } catch (error) {
        if (error instanceof CellFailure) return error
        // Anything else is no matter of one cell and ends the run.
        throw failureAt(error, `${columnText(column)}, row ${row.index}`, [mendable])
      }
    },
  }
}

/** By column id: whether a condition, its own or one above it, can skip cells of it. */
export function skippable(graph: Graph): boolean[] {
  const found: boolean[] = []
  for (const { id, skip, propagateSkip, required, producer } of graph.columns) {
    const above = producer === null ? required : [producer]
    // Upstream comes first in the graph's order.
    found[id] = skip !== null || (propagateSkip && above.some((up) => found[up]))
  }
  return found
}

/** Fills a cell and its sides with what a generator answered; throws a `CellFailure` if it can't be. */
export function fillCell(
  column: GraphColumn,
  block: Block,
  offset: number,
  { value, sides = [] }: CellResult,
): void {
  if (column.sides.length === 0) {
    setCell(block, column.id, offset, coerce(value, column.type), cellStatus.done)
    return
  }
  const cells: Cell[] = [coerce(value, column.type)]
  column.sides.forEach((side, index) => {
    const { type } = block.graph.columns[side] as GraphColumn
    cells.push(coerce(sides[index] ?? null, type))
  })
  setCell(block, column.id, offset, cells[0] as Cell, cellStatus.done)
  column.sides.forEach((side, index) => {
    setCell(block, side, offset, cells[index + 1] as Cell, cellStatus.done)
  })
}

/** Whether a cell that was made rejects its row. */
export function rejectsRow({ id, rejects }: GraphColumn, block: Block, offset: number): boolean {
  return rejects !== null && block.cells[id]?.[offset] === false
}

/** Leaves a failed cell as null, for columns that keep the row. */
export function fillNull(column: GraphColumn, block: Block, offset: number): void {
  setCell(block, column.id, offset, null, cellStatus.failed)
  for (const side of column.sides) setCell(block, side, offset, null, cellStatus.failed)
}

const mendable =
  'Finished rows stay in the run folder; a fixed plugin of the same version continues with them.'
