/**
 * A row group: the next remaining rows of one part, as many as are opened together.
 *
 * Plain data; `rowAt` and `offsetOf` translate between offsets in the group and absolute rows.
 */
export interface Group {
  readonly part: number
  /** The frame of the first row; with `wholeFrames` that of all rows. */
  readonly frame: number
  /** The first row. */
  readonly start: number
  /** The row after the last one; rows decided before may lie between, so size ≤ end − start. */
  readonly end: number
  readonly size: number
  /**
   * Null when the rows are consecutive, which is nearly always. Otherwise, for each run of
   * consecutive rows in turn, the offset of its first row and that row.
   */
  readonly pieces: Float64Array | null
}

/** The absolute row at an offset, 0 ≤ offset < size. */
export function rowAt(group: Group, offset: number): number {
  if (!(offset >= 0 && offset < group.size)) {
    throw new RangeError(`expected an offset from 0 below ${group.size}, got ${offset}`)
  }
  const { pieces } = group
  if (pieces === null) return group.start + offset
  const piece = lastPieceAtOrBelow(pieces, offset, 0)
  return (pieces[piece * 2 + 1] ?? NaN) + offset - (pieces[piece * 2] ?? NaN)
}

/** The offset of an absolute row in the group, or −1 when the group does not hold it. */
export function offsetOf(group: Group, row: number): number {
  if (!(row >= group.start && row < group.end)) return -1
  const { pieces } = group
  if (pieces === null) return row - group.start
  const piece = lastPieceAtOrBelow(pieces, row, 1)
  const offset = (pieces[piece * 2] ?? NaN) + row - (pieces[piece * 2 + 1] ?? NaN)
  const nextPieceOffset = pieces[piece * 2 + 2] ?? group.size
  return offset < nextPieceOffset ? offset : -1
}

/** Index of the last piece whose offset (field 0) or row (field 1) is ≤ value; there is one. */
function lastPieceAtOrBelow(pieces: Float64Array, value: number, field: 0 | 1): number {
  let low = 0
  let high = pieces.length / 2 - 1
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if ((pieces[middle * 2 + field] ?? Infinity) <= value) low = middle
    else high = middle - 1
  }
  return low
}
