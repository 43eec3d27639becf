import type { StoredValue } from '../graph/stored-value.ts'

/** Rows with their values by column, in ascending row order; at least one row. */
export interface RowBlock {
  rows: Float64Array
  columns: readonly (readonly StoredValue[])[]
}

/** What ends a row group: the row that reaches one of these is its last. */
export interface RowGroupLimits {
  rows: number
  /** `sizeOf` of its values and row numbers. */
  bytes: number
}

/**
 * Part of the format: the same values in the same order must give the same row groups, so neither
 * may depend on the machine. The bytes fit a heap of 120 MB twice, as merging with an old file needs.
 */
export const rowGroupLimits: RowGroupLimits = { rows: 32_768, bytes: 32 * 2 ** 20 }

/** The row number counts as a value. */
const ROW_NUMBER = 8

/** Part of the format, too: no estimate of memory, which may change. */
function sizeOf(value: StoredValue): number {
  if (typeof value === 'string') return 16 + 2 * value.length
  return value instanceof Float32Array ? 16 + 16 * value.length : 8
}

/** Collects rows until they are a row group. */
export interface RowGroupBuilder {
  /** Adds rows; gives the row groups that became full. */
  add(block: RowBlock): Iterable<RowBlock>
  /** What is left at the end; null when that is nothing. */
  take(): RowBlock | null
}

export function createRowGroup(
  columns: number,
  limits: RowGroupLimits = rowGroupLimits,
): RowGroupBuilder {
  let pieces: RowBlock[] = []
  let rows = 0
  let bytes = 0

  function take(): RowBlock | null {
    if (rows === 0) return null
    const whole = pieces.length === 1 ? (pieces[0] as RowBlock) : joined(pieces, rows, columns)
    pieces = []
    rows = 0
    bytes = 0
    return whole
  }

  return {
    *add(block) {
      // Nearly every block fits whole, and is summed up column by column.
      const all = bytesOfBlock(block)
      if (rows + block.rows.length < limits.rows && bytes + all < limits.bytes) {
        rows += block.rows.length
        bytes += all
        pieces.push(block)
        return
      }
      let from = 0
      for (let at = 0; at < block.rows.length; at += 1) {
        rows += 1
        bytes += ROW_NUMBER
        for (const values of block.columns) bytes += sizeOf(values[at] ?? null)
        if (rows < limits.rows && bytes < limits.bytes) continue
        pieces.push(slice(block, from, at + 1))
        from = at + 1
        yield take() as RowBlock
      }
      if (from < block.rows.length) pieces.push(slice(block, from, block.rows.length))
    },
    take,
  }
}

function bytesOfBlock({ rows, columns }: RowBlock): number {
  let bytes = ROW_NUMBER * rows.length
  for (const values of columns) for (const value of values) bytes += sizeOf(value)
  return bytes
}

function slice(block: RowBlock, from: number, to: number): RowBlock {
  if (from === 0 && to === block.rows.length) return block
  return {
    rows: block.rows.slice(from, to),
    columns: block.columns.map((values) => values.slice(from, to)),
  }
}

function joined(pieces: readonly RowBlock[], count: number, columns: number): RowBlock {
  const rows = new Float64Array(count)
  let at = 0
  for (const piece of pieces) {
    rows.set(piece.rows, at)
    at += piece.rows.length
  }
  const values = Array.from({ length: columns }, (_, id) => {
    const joinedValues: StoredValue[] = []
    for (const piece of pieces)
      for (const value of piece.columns[id] ?? []) joinedValues.push(value)
    return joinedValues
  })
  return { rows, columns: values }
}
