import type { Graph, GraphColumn } from '../graph/graph.ts'
import type { Row } from '../graph/kind.ts'
import { bytesOf } from '../util/bytes-of.ts'
import { withoutVector } from '../util/vector.ts'
import { type Cell, toDouble, type Value } from '../util/value.ts'

/** What became of a cell of a block. */
export const cellStatus = { pending: 0, done: 1, skipped: 2, failed: 3 } as const

/** Rows being worked on, column by column: an open group, or a part while it is written. */
export interface Block {
  readonly graph: Graph
  readonly size: number
  /** The absolute row at a position of the block. */
  rowAt(offset: number): number
  /** Cells by column id and position; a column's array exists once it has a cell. */
  readonly cells: (Cell[] | undefined)[]
  /** `cellStatus` of every cell, column after column: groups of one row are made for every row. */
  readonly status: Uint8Array
  /** Bytes of its cells, about, and of those of each position. */
  bytes: number
  readonly rowBytes: number[]
  readonly tally: ByteTally
}

/** Bytes of cells that blocks hold together: what `max_open_bytes` is compared with. */
export interface ByteTally {
  bytes: number
}

export function createBlock(
  graph: Graph,
  size: number,
  rowAt: (offset: number) => number,
  tally: ByteTally = { bytes: 0 },
): Block {
  return {
    graph,
    size,
    rowAt,
    bytes: 0,
    // Typed arrays cost more to make.
    rowBytes: Array<number>(size).fill(0),
    tally,
    // Not `Array.from`: it costs more than all else of a group of two rows.
    cells: [],
    status: new Uint8Array(size * graph.columns.length),
  }
}

export function setCell(
  block: Block,
  column: number,
  offset: number,
  value: Cell,
  status: 1 | 2 | 3,
): void {
  // Filled at once, so that the array keeps one dense shape however cells arrive.
  const cells = (block.cells[column] ??= Array<Cell>(block.size).fill(null))
  cells[offset] = value
  setStatus(block, column, offset, status, bytesOf(value))
}

/** Notes a cell whose value, of so many bytes, is kept elsewhere. */
export function setStatus(
  block: Block,
  column: number,
  offset: number,
  status: 1 | 2 | 3,
  bytes: number,
): void {
  block.status[column * block.size + offset] = status
  block.bytes += bytes
  ;(block.rowBytes[offset] as number) += bytes
  block.tally.bytes += bytes
}

/** Drops the values of a row that no one reads any more; what became of its cells stays known. */
export function freeRow(block: Block, offset: number): void {
  const bytes = block.rowBytes[offset] as number
  if (bytes === 0) return
  for (const cells of block.cells) if (cells !== undefined) cells[offset] = null
  block.rowBytes[offset] = 0
  block.bytes -= bytes
  block.tally.bytes -= bytes
}

/** Drops the values of all rows at once: nothing of the block is read any more. */
export function freeRows(block: Block): void {
  block.cells.length = 0
  block.tally.bytes -= block.bytes
  block.bytes = 0
}

export function statusOf(block: Block, column: number, offset: number): number {
  return block.status[column * block.size + offset] ?? cellStatus.pending
}

/** A cell that was made, as it is stored. */
export function cellOf(block: Block, column: number, offset: number): Cell {
  const value = block.cells[column]?.[offset]
  if (value === undefined) {
    throw new Error(`column ${nameOf(block, column)} is read before it is made`)
  }
  return value
}

function nameOf(block: Block, column: number): string {
  return (block.graph.columns[column] as GraphColumn).name
}

/** A row of a block as generators and conditions see it; `offset` may be moved between uses. */
export class BlockRow implements Row {
  readonly block: Block
  offset: number

  constructor(block: Block, offset: number) {
    this.block = block
    this.offset = offset
  }

  get index(): number {
    return this.block.rowAt(this.offset)
  }

  get(column: number): Value {
    const { block, offset } = this
    if (statusOf(block, column, offset) === cellStatus.pending) {
      throw new Error(
        `column ${nameOf(block, column)} is read before it is made (row ${this.index})`,
      )
    }
    const value = (block.cells[column] as Cell[])[offset] as Cell
    if (typeof value === 'object') return withoutVector(value)
    const { type } = block.graph.columns[column] as GraphColumn
    return type === 'float64' && typeof value === 'number' ? toDouble(value) : value
  }
}
